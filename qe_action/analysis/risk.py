"""How severe a gap is: points for what speaks for a test, one table, and the reasons in words."""

from __future__ import annotations

from typing import NamedTuple

from qe_action.analysis.functions import FunctionFacts
from qe_action.events import Level
from qe_action.text import percent

SEVERITIES: tuple[tuple[int, Level], ...] = (
    (5, "critical"),
    (3, "high"),
    (2, "medium"),
    (0, "low"),
)
"""From how many points on a gap has which severity."""
IN_DIFF = 2
"""Points of a gap in changed lines."""
NEVER_CALLED = 1
"""Points of a gap in a function that no test calls."""
ERROR_PATH = 1
"""Points of a gap that handles or raises an error."""
CRAP: tuple[tuple[float, int], ...] = ((100.0, 2), (30.0, 1))
"""From which CRAP score on how many points: its authors call code crappy from 30 on (Savoia and
Evans)."""
IMPACT: dict[Level, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}
"""Points by the impact of the critical path the gap lies on."""


class Judgement(NamedTuple):
    """A severity and the reasons for it, the first the most telling."""

    severity: Level
    reasons: tuple[str, ...]


class Evidence(NamedTuple):
    """What a gap's severity is computed from; None or False where it is not known.

    `by_branch` says that of a gap in the diff only the branch that leads to it was changed.
    `function` is the one the gap lies in, `impact` and `reach` its critical path's and how
    that is said. `handles_error` and `raises_error` are about the lines that were missed; of a
    `partial` branch those are the ones it never went to. `excuse` says why they need no test, or
    can't have one where the report was made; then nothing else counts.
    """

    in_diff: bool
    by_branch: bool = False
    function: FunctionFacts | None = None
    never_called: bool = False
    handles_error: bool = False
    raises_error: bool = False
    partial: bool = False
    impact: Level | None = None
    reach: str = ""
    excuse: str = ""


def judge(evidence: Evidence) -> Judgement:
    """The severity of a gap, by the points of what is known of it."""
    if evidence.excuse:
        return Judgement("low", (evidence.excuse, _place(evidence)[1]))
    points = 0
    reasons: list[str] = []
    for worth, reason in _rows(evidence):
        if worth or reason:
            points += worth
            reasons.append(reason)
    severity = next(level for least, level in SEVERITIES if points >= least)
    return Judgement(severity, tuple(reasons))


IN_CHANGED_LINES = "it lies in lines that this change adds or edits"
BY_CHANGED_BRANCH = "this change adds or edits the line that leads to it"


def _rows(evidence: Evidence) -> tuple[tuple[int, str], ...]:
    """What each fact is worth, and how it is said."""
    return (
        _place(evidence),
        _path(evidence),
        _calls(evidence),
        _errors(evidence),
        _crap(evidence.function),
    )


def _place(evidence: Evidence) -> tuple[int, str]:
    if evidence.in_diff:
        return IN_DIFF, BY_CHANGED_BRANCH if evidence.by_branch else IN_CHANGED_LINES
    return 0, "it lies outside the changed lines"


def _path(evidence: Evidence) -> tuple[int, str]:
    if evidence.impact is None:
        return 0, ""
    return IMPACT[
        evidence.impact
    ], f"it is on a critical path of {evidence.impact} impact: {evidence.reach}"


def _calls(evidence: Evidence) -> tuple[int, str]:
    if not evidence.never_called:
        return 0, ""
    whole = "any of this file" if evidence.function is None else "any of this function"
    return NEVER_CALLED, f"no test runs {whole}"


def _errors(evidence: Evidence) -> tuple[int, str]:
    if evidence.handles_error:
        return ERROR_PATH, "it handles an error"
    if evidence.raises_error:
        never = "it never goes to where an error is raised"
        return ERROR_PATH, never if evidence.partial else "it raises an error"
    return 0, ""


def _crap(function: FunctionFacts | None) -> tuple[int, str]:
    score = function.crap if function else None
    if function is None or score is None:
        return 0, ""
    worth = next((points for least, points in CRAP if score >= least), 0)
    if not worth:
        return 0, ""
    covered = percent(100 * function.covered / function.statements)
    shape = f"complexity {function.complexity}, {covered} covered"
    return worth, f"its function's CRAP score is {score:.0f} ({shape})"
