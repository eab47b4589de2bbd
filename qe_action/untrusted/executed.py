"""A run of tests out of a stranger's journal: shown within bounds, and called the stranger's."""

from __future__ import annotations

from collections import Counter
from typing import assert_never

from qe_action.events import (
    Conclusion,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    TestFinished,
    TestFlaky,
    TestsCollected,
    TestSlow,
    without_outcomes,
)
from qe_action.untrusted.claims import Claims, claimed_error, claimed_note

MAX_PROGRESS = 200
MAX_ERRORS = MAX_NOTES = 20
MAX_SHOWN = 1000


class StrangersRun(Claims[ExecutorEvent]):
    """The events of a run of tests. Passed tests are left out: the result counts them."""

    def __init__(self) -> None:
        self._seen = Counter[str]()

    def take(self, event: ExecutorEvent) -> ExecutorEvent | None:
        self.begun = True
        match event:
            case ExecutorProgress():
                event = event.model_copy(update={"message": "Reading the journal"})
                return self._few(event, MAX_PROGRESS)
            case TestsCollected():
                return self._few(event, 1)
            case TestFinished():
                return None if event.outcome == "passed" else self._few(event, MAX_SHOWN)
            case TestFlaky() | TestSlow():
                return self._few(event, MAX_SHOWN)
            case ExecutorError():
                return self._few(claimed_error(event), MAX_ERRORS)
            case ExecutionComplete():
                self.ended = True
                notes = tuple(map(claimed_note, event.notes[:MAX_NOTES]))
                return event.model_copy(update={"notes": notes, "digest": None})
            case _:
                assert_never(event)

    def without_result(self, conclusion: Conclusion) -> ExecutorEvent:
        return without_outcomes(conclusion)

    def _few(self, event: ExecutorEvent, most: int) -> ExecutorEvent | None:
        self._seen[event.type] += 1
        return event if self._seen[event.type] <= most else None
