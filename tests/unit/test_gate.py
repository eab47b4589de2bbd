"""Gates compare exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.gate import branch_gate, patch_gate, project_gate
from qe_action.events import Counts


def counts(statements: int, covered: int) -> Counts:
    return Counts(statements=statements, covered=covered)


def test_a_failed_gate_says_how_many_more_statements_are_needed() -> None:
    gate = patch_gate(counts(23, 12), Decimal("80"))
    assert gate.passed is False
    assert gate.detail == (
        "52.1% of the changed statements, 80% asked for: "
        "7 more of the 23 changed statements to cover"
    )


def test_project_and_branch_gates_look_at_the_whole_report() -> None:
    totals = Counts(statements=10, covered=9, branches=4, covered_branches=1)
    project, branch = project_gate(totals, Decimal("71.5")), branch_gate(totals, Decimal(50))
    assert project.passed is False
    assert project.detail.endswith("1 more of the 14 statements and branches to cover")
    assert branch.passed is False
    assert branch.detail == "25% of the branches, 50% asked for: 1 more of the 4 branches to cover"
    assert project_gate(totals, Decimal("71.42")).passed
    assert branch_gate(counts(10, 9), Decimal(50)).passed is None
    assert project_gate(None, Decimal(50)).passed is None


@pytest.mark.parametrize("patch", [None, counts(0, 0)])
def test_nothing_to_measure_is_neither_passed_nor_failed(patch: Counts | None) -> None:
    assert patch_gate(patch, Decimal(80)).passed is None


def test_display_never_rounds_across_the_threshold() -> None:
    gate = patch_gate(counts(10_000, 7_999), Decimal(80))
    assert gate.passed is False
    assert gate.detail.startswith("79.9% of")


@given(st.integers(1, 500), st.data(), st.decimals(0, 100, places=2))
def test_the_verdict_is_that_of_exact_arithmetic(
    whole: int, data: st.DataObject, minimum: Decimal
) -> None:
    covered = data.draw(st.integers(0, whole))
    gate = patch_gate(counts(whole, covered), minimum)
    assert gate.passed is (Fraction(covered, whole) * 100 >= Fraction(minimum))
