"""Generated tests out of a stranger's journal: shown within bounds, and called the stranger's."""

from __future__ import annotations

import re
from collections import Counter
from typing import assert_never, get_args

from qe_action.events import (
    BugSuspected,
    Conclusion,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    ModelUse,
    Refused,
    TestCase,
    TestProposed,
    TestRejected,
    without_tests,
)
from qe_action.text import clip
from qe_action.untrusted.claims import Claims, claimed_error, claimed_note, is_inside

MAX_PROGRESS = 200
MAX_ERRORS = MAX_NOTES = 20
MAX_TESTS = MAX_BUGS = 100
MAX_REACHED = 200
"""Lines that a test reaches, and as many branches and imports."""

_NAME = re.compile(r"[^\W\d]\w{0,199}")
MOST = 10**12
"""Of anything that a model has cost."""
MODEL = 100
"""Characters of a model's name."""
_GENERATOR = re.compile(r"[a-z]{1,20}")
_PYTHON = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")
_REASONS = frozenset(get_args(Refused))


class StrangersTests(Claims[GeneratorEvent]):
    """The events of a generation.

    Of the tests themselves only those in the result count: all others were not proposed.
    """

    def __init__(self) -> None:
        self._seen = Counter[str]()

    def take(self, event: GeneratorEvent) -> GeneratorEvent | None:
        self.begun = True
        match event:
            case GeneratorProgress():
                event = event.model_copy(update={"message": "Reading the journal"})
                return self._few(event, MAX_PROGRESS)
            case GeneratorError():
                return self._few(claimed_error(event), MAX_ERRORS)
            case BugSuspected():
                return self._few(event, MAX_BUGS)
            case TestProposed() | TestRejected():
                return None
            case GenerationComplete():
                self.ended = True
                return _result(event)
            case _:
                assert_never(event)

    def without_result(self, conclusion: Conclusion) -> GeneratorEvent:
        return without_tests(conclusion)

    def _few(self, event: GeneratorEvent, most: int) -> GeneratorEvent | None:
        self._seen[event.type] += 1
        return event if self._seen[event.type] <= most else None


def _result(told: GenerationComplete) -> GenerationComplete:
    """The result with what can be of it: what is shown, counted anew."""
    finished = told.conclusion == "finished"
    tests = tuple(filter(None, map(_test, told.tests[:MAX_TESTS]))) if finished else ()
    shares = (told.coverage_before, told.coverage_estimate)
    writers = [case.generator for case in tests]
    measured = tests and all(share is not None and 0 <= share <= 100 for share in shares)
    return told.model_copy(
        update={
            "tests": tests,
            "total": len(tests),
            "coverage_before": shares[0] if measured else None,
            "coverage_estimate": shares[1] if measured else None,
            "notes": tuple(map(claimed_note, told.notes[:MAX_NOTES])),
            "suspicions": told.suspicions[:MAX_BUGS],
            "rejected": {k: n for k, n in told.rejected.items() if k in _REASONS and n > 0},
            "by_generator": dict(sorted(Counter(filter(None, writers)).items())),
            "model": told.model and _use(told.model),
        }
    )


def _use(told: ModelUse) -> ModelUse:
    """What a model is said to have cost: a short name, and no figures that can't be."""
    cost = told.cost if told.cost is not None and 0 <= told.cost <= MOST else None
    tokens = {
        name: None if count is None or count > MOST else count
        for name, count in told.model_dump(include={"input_tokens", "output_tokens"}).items()
    }
    counts = {"requests": min(told.requests, MOST), "replayed": min(told.replayed, MOST)}
    return told.model_copy(
        update={"cost": cost, "model": clip(told.model, MODEL), **tokens, **counts}
    )


def _test(case: TestCase) -> TestCase | None:
    """A test as it is shown; None where it can't be one."""
    evidence = case.evidence
    if not _NAME.fullmatch(case.test_name) or not case.test_code.strip():
        return None
    if evidence is not None:
        if evidence.killed > evidence.mutants:
            return None
        fewer = {name: evidence[name][:MAX_REACHED] for name in ("lines", "branches")}
        fewer["pythons"] = tuple(filter(_PYTHON.fullmatch, evidence.pythons[:MAX_REACHED]))
        evidence = evidence.model_copy(update=fewer)
    return case.model_copy(
        update={
            "evidence": evidence,
            "path": case.path if is_inside(case.path) else "",
            "imports": case.imports[:MAX_REACHED],
            "generator": case.generator if _GENERATOR.fullmatch(case.generator) else "",
        }
    )
