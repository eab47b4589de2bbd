"""Results that were written as messages, as if they had been heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from qe_action.agents.executed_tests import READ
from qe_action.agents.trace_frames import Locator
from qe_action.execution.suite_port import Collected, Finished, Over, Session
from qe_action.results.case import MAX_NAME, Case
from qe_action.results.pytest_names import Heard


class ResultMessages:
    """The messages on one file of results, number `number`, leaving out what was `heard`.

    `files` counts the tests of each file of the repository.
    """

    def __init__(
        self, number: int, top: Path, locator: Locator, heard: Heard, files: Counter[str]
    ) -> None:
        self._key = f"{READ}{number}"
        self._top = top
        self._locator = locator
        self._heard = heard
        self._files = files
        self._bad = False
        self.total = 0

    def begin(self) -> Session:
        return Session(self._key, self._top, self._top)

    def of(self, cases: Iterable[Case]) -> Iterator[tuple[Finished, bool]]:
        """What has ended, and whether it is a failure that passed when it was run again."""
        for case in cases:
            if self._heard.has(case.classname, case.name):
                continue
            message = self._finished(case)
            self.total += case.phase != "teardown"
            self._bad |= message.outcome in ("failed", "error")
            if message.file:
                self._files[message.file] += 1
            yield message, case.flaky

    def all(self) -> Collected:
        """How many tests there were, by file in all files of results."""
        return Collected(self._key, self.total, dict(self._files))

    def end(self) -> Over:
        return Over(self._key, int(self._bad))

    def _finished(self, case: Case) -> Finished:
        locator = self._locator
        file = locator.file_of(case)
        bad = case.outcome in ("failed", "error")
        name = locator.test_name(case) if file.endswith(".py") else case.id
        return Finished(
            self._key,
            name[:MAX_NAME] or "a test without a name",
            case.outcome,
            case.phase,
            case.seconds,
            file,
            case.line,
            locator.frames(case) if bad else (),
            message=case.message,
            traceback=case.traceback,
            output=case.output if bad else "",
            reason=case.reason,
        )
