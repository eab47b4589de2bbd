"""Gates: what a change must reach. Exact fractions are compared, never rounded percentages."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from qe_action.events import Counts, GateResult
from qe_action.render.text import percent


def patch_gate(patch: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of the changed statements and branches are covered."""

    def result(passed: bool | None, detail: str) -> GateResult:
        return GateResult(
            name="patch coverage", threshold=float(minimum), passed=passed, detail=detail
        )

    if patch is None:
        return result(None, "the changed lines are not known")
    whole = patch.statements + patch.branches
    if not whole:
        return result(None, "no statement was changed")
    have = patch.covered + patch.covered_branches
    need = math.ceil(Fraction(minimum) * whole / 100)
    what = "statements and branches" if patch.branches else "statements"
    share = f"{percent(patch.percent)} of the changed {what}, {minimum:f}% asked for"
    if have >= need:
        return result(True, share)
    return result(False, f"{share}: {need - have} more of the {whole} changed {what} to cover")
