"""Gates compare exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.collect import FileCounts
from qe_action.analysis.gate import (
    DropFrom,
    PathGate,
    branch_gate,
    drop_gate,
    patch_gate,
    path_gate,
    path_gates,
    project_gate,
)
from qe_action.errors import UsageError
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


def test_a_passed_gate_is_not_shown_below_its_threshold() -> None:
    gate = project_gate(counts(100_000, 79_960), Decimal("79.95"))
    assert gate.passed
    assert gate.detail == "79.96% of the statements, 79.95% asked for"


def test_almost_eighty_percent_does_not_read_as_eighty() -> None:
    gate = project_gate(counts(100_000, 79_996), Decimal(80))
    assert gate.passed is False
    assert gate.missing == 4
    assert gate.detail.startswith("79.9% of")


def before(statements: int, covered: int) -> DropFrom:
    return DropFrom(counts(statements, covered), sha="abcdef0123")


def test_a_drop_says_how_much_was_lost_and_what_is_missing() -> None:
    gate = drop_gate(counts(200, 150), before(100, 80), Decimal(2))
    assert (gate.passed, gate.kind, gate.missing) == (False, "drop", 6)
    assert gate.detail == (
        "5 points below the baseline abcdef0, at most 2 may be lost: "
        "6 more of the 200 statements to cover"
    )


def test_no_drop_at_all_may_be_asked_for() -> None:
    assert drop_gate(counts(200, 160), before(100, 80), Decimal(0)).passed
    assert drop_gate(counts(3, 3), before(100, 80), Decimal(0)).detail.startswith("not below")
    gate = drop_gate(counts(1_000_000, 799_999), before(100, 80), Decimal(0))
    assert (gate.passed, gate.missing) == (False, 1)
    assert gate.detail.startswith("0.1 points below")


@pytest.mark.parametrize(
    ("totals", "then", "why"),
    [
        (counts(0, 0), before(10, 5), "the report has no statements"),
        (None, before(10, 5), "the report has no statements"),
        (counts(10, 5), DropFrom(None, why="no baseline was found"), "no baseline was found"),
        (counts(10, 5), before(0, 0), "the baseline has no statements"),
    ],
)
def test_a_drop_that_can_t_be_measured_is_neither_passed_nor_failed(
    totals: Counts | None, then: DropFrom, why: str
) -> None:
    gate = drop_gate(totals, then, Decimal(1))
    assert (gate.passed, gate.detail, gate.missing) == (None, why, None)


@given(st.integers(1, 300), st.integers(1, 300), st.data(), st.decimals(0, 100, places=2))
def test_what_is_missing_for_a_drop_is_the_least_that_passes(
    whole: int, old_whole: int, data: st.DataObject, maximum: Decimal
) -> None:
    old = data.draw(st.integers(0, old_whole))
    covered = data.draw(st.integers(0, whole))
    gate = drop_gate(counts(whole, covered), before(old_whole, old), maximum)
    assert gate.passed is (gate.missing is None)
    if gate.missing is not None:
        assert covered + gate.missing <= whole
        enough = counts(whole, covered + gate.missing)
        almost = counts(whole, covered + gate.missing - 1)
        assert drop_gate(enough, before(old_whole, old), maximum).passed
        assert not drop_gate(almost, before(old_whole, old), maximum).passed


FILES = {"src/api/a.py": FileCounts(10, 9), "src/core/b.py": FileCounts(20, 10)}


def test_a_path_gate_looks_at_the_files_that_match_alone() -> None:
    gates = [path_gate("project src/api/** 90%"), path_gate("patch src/core/** 50")]
    patches = {"src/core/b.py": counts(23, 4), "src/api/a.py": counts(5, 5)}
    api, core = path_gates(gates, patches, FILES)
    assert (api.name, api.passed) == ("project coverage of src/api/**", True)
    assert (core.name, core.passed, core.missing) == ("patch coverage of src/core/**", False, 8)
    assert core.detail.endswith("8 more of the 23 changed statements to cover")


def test_a_path_gate_without_anything_to_measure_is_neutral() -> None:
    lines = (
        "patch src/api/** 90",
        "patch src/ap/** 90",
        "project docs/** 90",
        "project src/none.py 1",
    )
    gates = [path_gate(line) for line in lines]
    files = {**FILES, "src/none.py": FileCounts(0, 0)}
    assert [(g.passed, g.detail) for g in path_gates(gates, {}, files)] == [
        (None, "no statement was changed"),
        (None, "no file of the report matches the pattern"),
        (None, "no file of the report matches the pattern"),
        (None, "its files have no statements"),
    ]
    (unknown,) = path_gates(gates[:1], None, files)
    assert (unknown.passed, unknown.detail) == (None, "the changed lines are not known")


def test_a_glob_may_have_blanks() -> None:
    gate = path_gate("  patch   src/my files/*.py   85.5% ")
    assert gate == PathGate("patch", "src/my files/*.py", Decimal("85.5"))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "patch",
        "patch 90",
        "src/** 90",
        "branch src/** 90",
        "patch src/**",
        "patch src/** 101",
        "patch src/** -1",
        "patch src/** nan",
        "patch src/** 1e-9",
        "patch ! 90",
    ],
)
def test_a_line_that_is_no_path_gate_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        path_gate(line)
