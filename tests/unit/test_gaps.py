"""From lines to gaps: where one ends and the next begins."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.collect import Detail
from qe_action.analysis.gaps import find_gaps, patch_counts
from qe_action.analysis.source import Region, Regions
from qe_action.events import Gap
from qe_action.reports.model import Branch

NOTHING: frozenset[int] = frozenset()


def lines(text: str, branches: dict[int, Branch] | None = None) -> Detail:
    """A file of one character a line: `+` covered, `-` missed, anything else no statement."""
    numbered = [(n, c) for n, c in enumerate(text, 1) if c in "+-"]
    return Detail(
        path="a.py",
        lines=array("I", [n for n, _ in numbered]),
        covered=bytes(c == "+" for _, c in numbered),
        branches=branches or {},
        functions=(),
    )


def spans(gaps: Iterable[Gap]) -> list[tuple[int, int]]:
    return [(gap.line_start, gap.line_end) for gap in gaps]


def test_blank_and_excluded_lines_do_not_split_a_gap_and_covered_ones_do() -> None:
    assert spans(find_gaps(lines("+-  - .-+--"), Regions(), NOTHING)) == [(2, 8), (10, 11)]


def test_a_gap_does_not_cross_a_function() -> None:
    regions = Regions([Region(3, 4, "f"), Region(5, 6, "g")])
    gaps = find_gaps(lines("+-----"), regions, NOTHING)
    assert [(gap.line_start, gap.line_end, gap.function) for gap in gaps] == [
        (2, 2, None),
        (3, 4, "f"),
        (5, 6, "g"),
    ]


def test_a_gap_splits_where_changed_lines_meet_unchanged_ones_and_changed_come_first() -> None:
    gaps = list(find_gaps(lines("+-----"), Regions(), frozenset({4, 5})))
    assert [(*span, gap.in_diff) for span, gap in zip(spans(gaps), gaps, strict=True)] == [
        (4, 5, True),
        (2, 3, False),
        (6, 6, False),
    ]
    assert [gap.severity for gap in gaps] == ["medium", "low", "low"]


def test_a_file_without_a_hit_is_one_gap() -> None:
    regions = Regions([Region(2, 2, "f")])
    gaps = list(find_gaps(lines("--- -"), regions, frozenset({3})))
    assert spans(gaps) == [(1, 5)]
    assert gaps[0].in_diff
    assert gaps[0].statements == 4
    assert gaps[0].reasons[:2] == (
        "no test runs any of this file",
        "1 of its 4 statements lie in changed lines",
    )


def test_a_branch_not_taken_is_a_gap_only_on_a_line_that_ran() -> None:
    branches = {1: Branch(1, 2, ("5",)), 2: Branch(0, 2, ("3", "exit")), 3: Branch(2, 2)}
    gaps = list(find_gaps(lines("+-+", branches), Regions(), NOTHING))
    assert [(gap.gap_type, gap.line_start, gap.missing_branches) for gap in gaps] == [
        ("partial", 1, ("5",)),
        ("uncovered", 2, ()),
    ]
    assert gaps[0].reasons[0] == "1 of 2 branches were not taken"


def test_patch_counts_are_those_of_the_changed_lines() -> None:
    branches = {2: Branch(1, 2), 5: Branch(0, 4)}
    counts = patch_counts(lines("++-+-", branches), frozenset({2, 3, 99}))
    assert (counts.statements, counts.covered) == (2, 1)
    assert (counts.branches, counts.covered_branches) == (2, 1)


@given(st.text(alphabet="+- ", max_size=40), st.sets(st.integers(1, 40)))
def test_gaps_hold_each_missed_statement_once_and_no_other(text: str, added: set[int]) -> None:
    detail = lines(text)
    gaps = list(find_gaps(detail, Regions([Region(5, 12, "f")]), frozenset(added)))
    missed = [n for n, c in zip(detail.lines, detail.covered, strict=True) if not c]
    inside = [n for n in detail.lines for gap in gaps if gap.line_start <= n <= gap.line_end]
    assert sorted(inside) == missed
    assert sum(gap.statements for gap in gaps) == len(missed)
    assert len({gap.id for gap in gaps}) == len(gaps)
