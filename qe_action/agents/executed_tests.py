"""What is heard of a suite, folded into its events and what its result is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from qe_action.agents.execution_bounds import FILES, REASONS, RUNNING, SESSIONS, Budget
from qe_action.agents.failure_texts import MESSAGE, OUTPUT, REASON, TRACEBACK, Cleaning
from qe_action.agents.test_places import Places, Timed, line_of
from qe_action.analysis.test_baseline import digest_name
from qe_action.events import (
    Anchor,
    History,
    TestCounts,
    TestFinished,
    TestsCollected,
)
from qe_action.execution.suite_port import (
    Collected,
    Ended,
    Finished,
    Left,
    Message,
    Over,
    Session,
    Started,
)

NO_REASON = "no reason given"
READ = "results:"
"""How the keys of sessions begin whose tests were read from a file, not heard."""

TestsEvent = TestsCollected | TestFinished


@dataclass(slots=True)
class Suite:
    """A session of the command. `folder` is its root from the repository's top, None outside."""

    session: Session
    folder: str | None
    total: int | None = None
    collected: bool = False
    finished: set[str] = field(default_factory=set)
    beyond: int = 0
    """Tests that ended and are not remembered by name."""
    running: dict[str, None] = field(default_factory=dict)
    code: int | None = None
    failed_otherwise: bool = False

    @property
    def live(self) -> bool:
        """Whether its tests were heard while they ran."""
        return not self.session.key.startswith(READ)

    @property
    def count(self) -> int:
        """How many tests have ended."""
        return len(self.finished) + self.beyond


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as it was heard and as it was told, without its long texts.

    `name` is the digest's for it.
    """

    suite: Suite
    heard: Finished
    told: TestFinished
    name: str


class ExecutedTests:
    """The state of a suite. It is given messages, the first ones first, and tells events."""

    def __init__(
        self,
        places: Places,
        cleaning: Cleaning,
        history: Callable[[str], History] = lambda name: "",
    ) -> None:
        self.places = places
        self.counts: Counter[str] = Counter()
        self.suites: dict[str, Suite] = {}
        self.failures: dict[tuple[str, str], Failure] = {}
        self.more_failures = 0
        self.skipped: Counter[str] = Counter()
        self.seconds: dict[str, Timed] = {}
        self.passed: set[str] = set()
        self.ended: Ended | None = None
        self._files: Counter[str] = Counter()
        self.finished = 0
        """How many tests have ended."""
        self._budget = Budget()
        self._counted = 0  # tests of the sessions that have told how many they have
        self._untold = 0  # sessions that have not
        self._cleaning = cleaning
        self._history = history

    def take(self, message: Message) -> Iterator[TestsEvent]:
        """Take one message in. What comes of a session that nobody began is left out."""
        match message:
            case Session():
                self._begin(message)
            case Collected():
                yield from self._collected(message)
            case Started() | Finished() | Left() | Over():
                if suite := self.suites.get(message.key):
                    yield from self._of(suite, message)
            case Ended():
                self.ended = message
            case _:
                assert_never(message)

    def _of(
        self, suite: Suite, message: Started | Finished | Left | Over
    ) -> Iterator[TestFinished]:
        match message:
            case Started():
                if suite.session.workers == 1:
                    suite.running.clear()
                if len(suite.running) < RUNNING:
                    suite.running[message.id] = None
            case Finished():
                yield from self._finished(suite, message)
            case Left():
                suite.running.pop(message.id, None)
            case Over():
                suite.code, suite.failed_otherwise = message.code, message.failed_otherwise
                suite.running.clear()
                if suite.total is None:
                    self._count(suite, suite.count)
            case _:
                assert_never(message)

    def _begin(self, session: Session) -> None:
        """A session that a test starts on files elsewhere is that test's subject, no suite."""
        folder = self.places.folder(str(session.root))
        inside = any(suite.code is None for suite in self.suites.values())
        elsewhere = folder is None and self.places.folder(str(session.folder)) is None
        if session.key in self.suites or (inside and elsewhere):
            return
        suite = Suite(session, folder)
        if len(self.suites) < SESSIONS or not suite.live:
            self.suites[session.key] = suite
            self._untold += 1

    def _count(self, suite: Suite, total: int) -> None:
        """A session's number of tests is known, or has changed."""
        self._untold -= suite.total is None
        self._counted += total - (suite.total or 0)
        suite.total = total

    def _collected(self, message: Collected) -> Iterator[TestsCollected]:
        suite = self.suites.get(message.key)
        if suite is None or suite.collected:
            return
        suite.collected = True
        self._count(suite, message.total)
        for file, count in message.files.items():
            path = self.places.file(suite.folder, file) or file
            if path in self._files or self._budget.keeps(path):
                self._files[path] += count
        yield TestsCollected(
            total=self._counted,
            files={
                self._cleaning.name(path): count for path, count in self._files.most_common(FILES)
            },
            total_files=len(self._files),
            workers=self.workers,
        )

    def _finished(self, suite: Suite, heard: Finished) -> Iterator[TestFinished]:
        self.counts[heard.outcome] += 1
        if not heard.goes_on:
            suite.running.pop(heard.id, None)
        name = self.name_of(suite, heard.id)
        remembered = self._remember(suite, heard, name)
        bad = heard.outcome in ("failed", "error")
        if not (bad or remembered) or not self._budget.tells(bad=bad):
            self.more_failures += bad and (suite.session.key, heard.id) not in self.failures
            return
        told = self._told(suite, heard)
        if bad:
            told = told.model_copy(update={"history": self._history(name)})
            self._keep(suite, heard, told, name)
        elif heard.outcome == "skipped":
            self._skip(told.reason or told.message or NO_REASON)
        yield told

    def _remember(self, suite: Suite, heard: Finished, name: str) -> bool:
        """Keep what the test's end says beside its event; false where there are too many."""
        if heard.phase == "collect":
            return True
        if heard.id in suite.finished:
            pass
        elif not self._budget.keeps(heard.id):
            suite.beyond += 1
            self.finished += 1
            return False
        else:
            suite.finished.add(heard.id)
            self.finished += 1
        if heard.outcome == "passed":
            self.passed.add(name)
        if heard.seconds is not None and heard.outcome != "skipped":
            before = self.seconds.get(name)
            if before is None or before.seconds < heard.seconds:
                self.seconds[name] = Timed(
                    id=self._cleaning.name(heard.id),
                    seconds=heard.seconds,
                    file_path=self.places.file(suite.folder, heard.file),
                    line=heard.line,
                )
        return True

    def _keep(self, suite: Suite, heard: Finished, told: TestFinished, name: str) -> None:
        """Keep a failure, but not all that it says."""
        heard = replace(heard, frames=(), message="", traceback="", output="")
        told = told.model_copy(update={"traceback": "", "output": ""})
        self.failures.setdefault((suite.session.key, heard.id), Failure(suite, heard, told, name))

    def _skip(self, reason: str) -> None:
        if reason in self.skipped or len(self.skipped) < REASONS:
            self.skipped[reason] += 1

    def _told(self, suite: Suite, heard: Finished) -> TestFinished:
        """The event; a passed test's is short."""
        clean = self._cleaning
        file = self.places.file(suite.folder, heard.file)
        event = TestFinished(
            id=clean.name(heard.id),
            outcome=heard.outcome,
            phase=heard.phase,
            seconds=heard.seconds,
            file_path=clean.name(file),
            line=heard.line,
        )
        if heard.outcome == "passed":
            return event
        update: dict[str, object] = {
            "message": clean.head(heard.message, MESSAGE),
            "reason": clean.line(heard.reason, REASON),
        }
        bad = heard.outcome in ("failed", "error")
        if bad or (heard.outcome == "xpassed" and self._budget.tells_texts(bad=False)):
            place = self._failed_at(suite, heard, file)
            update |= {
                "failed_at": place,
                "anchor": self.places.at_head(place),
                "traceback": clean.tail(heard.traceback, TRACEBACK),
                "output": clean.tail(heard.output, OUTPUT),
            }
        return event.model_copy(update=update)

    def _failed_at(self, suite: Suite, heard: Finished, file: str) -> Anchor | None:
        """The innermost line of the traceback, or else that of the test itself."""
        place = self.places.failed_at(heard.frames, suite.folder)
        if place is not None or not self.places.owned(file):
            return place
        if heard.phase == "collect":
            return line_of(file, heard.line or 1)
        return line_of(file, heard.line) if heard.line else None

    @staticmethod
    def name_of(suite: Suite, test: str) -> str:
        """The name that a test has in the digest."""
        return digest_name(suite.folder or "", test)

    @property
    def live(self) -> bool:
        """Whether a session was heard."""
        return any(suite.live for suite in self.suites.values())

    @property
    def workers(self) -> int:
        return max((suite.session.workers for suite in self.suites.values()), default=1)

    @property
    def total(self) -> int | None:
        """How many there are; None where a session has not told."""
        if not self.suites or self._untold:
            return None
        return max(self.finished, self._counted)

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the tests that run now."""
        found = (test for suite in self.suites.values() for test in suite.running)
        return tuple(self._cleaning.name(test) for test in found)

    def test_counts(self) -> TestCounts:
        return TestCounts(**self.counts)
