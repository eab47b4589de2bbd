"""A run of tests out of a stranger's journal: shown within bounds, and called the stranger's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar, assert_never

from qe_action.events import (
    Anchor,
    Conclusion,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
    TestSlow,
    TimedTest,
    without_outcomes,
)
from qe_action.quoting import quoted
from qe_action.untrusted.claims import Claims, Refusal, claimed_error, claimed_note, is_inside

MAX_PROGRESS = 200
MAX_ERRORS = MAX_NOTES = 20
MAX_SHOWN = 1000
"""Failures, skipped tests, flaky ones and slow ones, each."""
MAX_FILES = 1000
MAX_REASONS = 100
MAX_SLOWEST = MAX_RUNNING = 10
MAX_NAME = 1000
"""Characters of a test's name."""
MAX_TEXT = 4000
"""Characters of what a failure says."""
MOST = 10**7
"""Tests of a suite, and seconds of one, that can be."""

_CODES = range(256)
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLAIN = re.compile(r"[^\s\u201c\u201d]{1,200}")
"""A name that can stand in a title of ours: no sentence."""
_SOME_TEST = "a test"

_Placed = TypeVar("_Placed", TestFinished, TestFlaky, TestSlow, TimedTest)


class StrangersRun(Claims[ExecutorEvent]):
    """The events of a run of tests. Passed tests are left out: the result counts them."""

    def __init__(self) -> None:
        self._seen = Counter[str]()
        self._bad: set[str] = set()
        self._flaky: set[str] = set()

    def take(self, event: ExecutorEvent) -> ExecutorEvent | None:
        self.begun = True
        match event:
            case ExecutorProgress():
                return self._few(_without_words(event), MAX_PROGRESS)
            case TestsCollected():
                return self._few(_collected(event), 1)
            case TestFinished():
                return self._finished(event)
            case TestFlaky() | TestSlow():
                return self._compared(event)
            case ExecutorError():
                return self._few(claimed_error(event), MAX_ERRORS)
            case ExecutionComplete():
                self.ended = True
                return self._result(event)
            case _:
                assert_never(event)

    def without_result(self, conclusion: Conclusion) -> ExecutorEvent:
        return without_outcomes(conclusion).model_copy(update={"counts": self._counted(None)})

    def _finished(self, event: TestFinished) -> TestFinished | None:
        _check_seconds(event.seconds)
        if event.outcome == "passed":
            return None
        shown = self._few(_outcome(event), MAX_SHOWN, "bad" if event.bad else "other")
        if shown is not None and event.bad:
            self._bad.add(shown.id)
        return shown

    def _compared(self, event: TestFlaky | TestSlow) -> ExecutorEvent | None:
        if isinstance(event, TestSlow):
            _check_seconds(event.seconds, event.base_seconds)
            return self._few(_placed(event), MAX_SHOWN)
        self._flaky.add(event.id[:MAX_NAME])
        return self._few(_placed(event, message=event.message[:MAX_TEXT]), MAX_SHOWN)

    def _result(self, told: ExecutionComplete) -> ExecutionComplete:
        """The result without what is no stranger's to say; what was shown to fail has failed."""
        _check_counts(told.counts, told.total)
        _check_seconds(told.seconds)
        counts = self._counted(told.counts)
        flaky = tuple(name[:MAX_NAME] for name in told.flaky[:MAX_SHOWN])
        failed = self._bad - self._flaky - set(flaky)
        total = None if told.total is None else max(told.total, counts.total)
        rerun = [f"the failures run again with: {told.rerun}"] if told.rerun.strip() else []
        update = {
            "passed": False if failed and told.passed else told.passed,
            "counts": counts,
            "total": total,
            "failures": tuple(name[:MAX_NAME] for name in told.failures[:MAX_SHOWN]),
            "flaky": flaky,
            "skipped": _reasons(told.skipped),
            "slowest": tuple(_placed(each) for each in told.slowest[:MAX_SLOWEST]),
            "running": tuple(map(_in_title, told.running[:MAX_RUNNING])),
            "hung": _in_title(told.hung) if told.hung else "",
            "stack": told.stack[:MAX_TEXT],
            "command": "",  # a reader might run it, and so with the next
            "rerun": "",
            "exit_code": told.exit_code if told.exit_code in _CODES else None,
            "base_sha": told.base_sha if _SHA.fullmatch(told.base_sha) else "",
            "digest": None,
            "notes": tuple(map(claimed_note, [*rerun, *told.notes[:MAX_NOTES]])),
        }
        return told.model_copy(update=update)

    def _counted(self, told: TestCounts | None) -> TestCounts:
        """The counts, with no fewer failures than were shown."""
        counts = told or TestCounts()
        missing = max(0, len(self._bad - self._flaky) - counts.bad)
        return counts.model_copy(update={"failed": counts.failed + missing})

    def _few(self, event: _Kept, most: int, kind: str = "") -> _Kept | None:
        name = kind or event.type
        self._seen[name] += 1
        return event if self._seen[name] <= most else None


_Kept = TypeVar("_Kept", bound=ExecutorEvent)


def _without_words(progress: ExecutorProgress) -> ExecutorProgress:
    """How far it was: its message would be the check run's title for a while."""
    _check_counts(progress.counts, progress.total)
    _check_seconds(progress.seconds_left)
    return progress.model_copy(update={"message": "Reading the journal"})


def _collected(event: TestsCollected) -> TestsCollected:
    inside = [(path, count) for path, count in event.files.items() if is_inside(path)]
    return event.model_copy(update={"files": dict(inside[:MAX_FILES])})


def _outcome(event: TestFinished) -> TestFinished:
    """A test that did not just pass, with texts as long as they are shown."""
    texts = {name: event[name][:MAX_TEXT] for name in ("message", "traceback", "output", "reason")}
    places = {name: _inside(event[name]) for name in ("failed_at", "anchor")}
    return _placed(event, **texts, **places)


def _placed(event: _Placed, **changes: Any) -> _Placed:
    """What is said of a test, with a name of bounded length and a file of the repository."""
    if not event.id.strip():
        raise Refusal("it has a test without a name")
    path = event.file_path
    there = len(path) <= MAX_NAME and is_inside(path)
    place = {"file_path": path, "line": event.line} if there else {"file_path": "", "line": None}
    return event.model_copy(update={"id": event.id[:MAX_NAME], **place, **changes})


def _inside(anchor: Anchor | None) -> Anchor | None:
    """An anchor that names lines of a file inside a repository; its words are left out."""
    if anchor is None or not is_inside(anchor.path) or anchor.line_start > anchor.line_end:
        return None
    return Anchor(path=anchor.path, line_start=anchor.line_start, line_end=anchor.line_end)


def _in_title(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else _SOME_TEST


def _reasons(told: Mapping[str, int]) -> dict[str, int]:
    """Reasons why tests were skipped, as the stranger's words."""
    kept = [(quoted(reason), count) for reason, count in told.items() if 0 < count <= MOST]
    return dict(kept[:MAX_REASONS])


def _check_counts(counts: TestCounts, total: int | None) -> None:
    if max(counts.total, total or 0) > MOST:
        raise Refusal("it has more tests than can be")


def _check_seconds(*seconds: float | None) -> None:
    if any(each is not None and each > MOST for each in seconds):
        raise Refusal("it has a duration that can't be")
