"""Gates: what a change must reach. Exact fractions are compared, never rounded percentages."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from qe_action.events import Counts, GateResult, percentage
from qe_action.render.text import percent


def patch_gate(patch: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of the changed statements and branches are covered."""
    if patch is None:
        return _unmeasured("patch coverage", minimum, "the changed lines are not known")
    if not patch.statements:
        return _unmeasured("patch coverage", minimum, "no statement was changed")
    return _whole("patch coverage", "changed ", patch, minimum)


def project_gate(totals: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of all statements and branches are covered."""
    if totals is None or not totals.statements:
        return _unmeasured("project coverage", minimum, "the report has no statements")
    return _whole("project coverage", "", totals, minimum)


def branch_gate(totals: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of all branches are taken."""
    name = "branch coverage"
    if totals is None or not totals.branches:
        return _unmeasured(name, minimum, "the report has no branches")
    return _judge(name, "branches", totals.covered_branches, totals.branches, minimum)


def _whole(name: str, which: str, counts: Counts, minimum: Decimal) -> GateResult:
    what = f"{which}{'statements and branches' if counts.branches else 'statements'}"
    covered = counts.covered + counts.covered_branches
    return _judge(name, what, covered, counts.statements + counts.branches, minimum)


def _judge(name: str, what: str, covered: int, whole: int, minimum: Decimal) -> GateResult:
    need = math.ceil(Fraction(minimum) * whole / 100)
    detail = f"{percent(percentage(covered, whole))} of the {what}, {minimum:f}% asked for"
    if covered < need:
        detail += f": {need - covered:,} more of the {whole:,} {what} to cover"
    return GateResult(name=name, threshold=float(minimum), passed=covered >= need, detail=detail)


def _unmeasured(name: str, minimum: Decimal, why: str) -> GateResult:
    return GateResult(name=name, threshold=float(minimum), passed=None, detail=why)
