"""From lines to gaps: where one ends and the next begins."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.collect import Detail
from qe_action.analysis.gaps import Miss, find_misses, patch_counts
from qe_action.analysis.source import Region, Regions
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


def spans(misses: Iterable[Miss]) -> list[tuple[int, int]]:
    return [(miss.start, miss.end) for miss in misses]


def test_blank_and_excluded_lines_do_not_split_a_gap_and_covered_ones_do() -> None:
    assert spans(find_misses(lines("+-  - .-+--"), Regions(), NOTHING)) == [(2, 8), (10, 11)]


def test_a_gap_does_not_cross_a_function() -> None:
    regions = Regions([Region(3, 4, "f"), Region(5, 6, "g")])
    misses = find_misses(lines("+-----"), regions, NOTHING)
    assert [(miss.start, miss.end, miss.name) for miss in misses] == [
        (2, 2, None),
        (3, 4, "f"),
        (5, 6, "g"),
    ]


def test_a_gap_splits_where_changed_lines_meet_unchanged_ones_and_changed_come_first() -> None:
    misses = list(find_misses(lines("+-----"), Regions(), frozenset({4, 5})))
    assert [(miss.lines, miss.changed) for miss in misses] == [
        ((4, 5), (4, 5)),
        ((2, 3), ()),
        ((6,), ()),
    ]


def test_a_file_without_a_hit_is_one_gap() -> None:
    regions = Regions([Region(2, 2, "f")])
    misses = list(find_misses(lines("--- -"), regions, frozenset({3})))
    assert spans(misses) == [(1, 5)]
    assert misses[0].whole_file
    assert misses[0].lines == (1, 2, 3, 5)
    assert misses[0].changed == (3,)


def test_a_branch_not_taken_is_a_gap_only_on_a_line_that_ran() -> None:
    branches = {1: Branch(1, 2, ("5",)), 2: Branch(0, 2, ("3", "exit")), 3: Branch(2, 2)}
    misses = list(find_misses(lines("+-+", branches), Regions(), NOTHING))
    assert [(miss.lines, miss.branch) for miss in misses] == [
        ((1,), Branch(1, 2, ("5",))),
        ((2,), None),
    ]


def exits(miss: Miss) -> list[tuple[int, str]]:
    return [(way.line, way.target) for way in miss.exits]


@pytest.mark.parametrize(
    ("text", "branches", "expected"),
    [
        ("+-+", {1: Branch(1, 2, ("2",))}, [(2, None, [(1, "2")])]),
        ("+++-", {2: Branch(1, 2, ("4",))}, [(4, None, [(2, "4")])]),  # a loop never completed
        ("+-+", {3: Branch(1, 2, ("2",))}, [(2, None, [(3, "2")])]),  # back
        # From an outer and an inner condition to statements next to each other.
        (
            "++--+",
            {1: Branch(1, 2, ("4",)), 2: Branch(1, 2, ("3",))},
            [(3, None, [(2, "3"), (1, "4")])],
        ),
        # One way leads to missed statements, the other does not, or has no name.
        (
            "+-+",
            {1: Branch(0, 2, ("2", "3"))},
            [(1, 1, [(1, "3")]), (2, None, [(1, "2")])],
        ),
        ("+-+", {1: Branch(1, 3, ("2",))}, [(1, 1, []), (2, None, [(1, "2")])]),
        # A condition that raised: both ways are missed, in one run and in two.
        ("+--", {1: Branch(0, 2, ("2", "3"))}, [(2, None, [(1, "2"), (1, "3")])]),
        ("+-+-", {1: Branch(0, 2, ("2", "4"))}, [(2, None, [(1, "2")]), (4, None, [(1, "4")])]),
        # Out of the function, or without names: nothing missed is known to lie there.
        ("+-+", {1: Branch(1, 2, ("exit",))}, [(1, 1, [(1, "exit")]), (2, None, [])]),
        ("+-+", {1: Branch(1, 2, ())}, [(1, 1, []), (2, None, [])]),
        ("+-+", {1: Branch(1, 2, ("50%",))}, [(1, 1, [(1, "50%")]), (2, None, [])]),
    ],
)
def test_a_branch_and_the_lines_it_leads_to_are_one_gap(
    text: str,
    branches: dict[int, Branch],
    expected: list[tuple[int, int | None, list[tuple[int, str]]]],
) -> None:
    misses = find_misses(lines(text, branches), Regions(), NOTHING)
    assert [(miss.start, miss.untaken or None, exits(miss)) for miss in misses] == expected


def test_the_ids_are_those_of_lines_and_branches_alone() -> None:
    """As they were when both were told, so that what was delivered stays so."""
    bare = next(find_misses(lines("+-+"), Regions(), NOTHING))
    both = list(find_misses(lines("+-+", {1: Branch(0, 2, ("2", "3"))}), Regions(), NOTHING))
    other = list(find_misses(lines("+++", {1: Branch(0, 2, ("2", "3"))}), Regions(), NOTHING))
    assert [miss.id for miss in both] == [other[0].id, bare.id]


@pytest.mark.parametrize(
    ("touched", "expected"),
    [
        ({1}, [(2, (), True), (4, (), False)]),  # the condition was changed
        ({2}, [(2, (2,), True), (4, (), False)]),
        ({4}, [(4, (4,), True), (2, (), False)]),
    ],
)
def test_a_changed_branch_brings_the_lines_it_leads_to(
    touched: set[int], expected: list[tuple[int, tuple[int, ...], bool]]
) -> None:
    detail = lines("+-+-", {1: Branch(1, 2, ("2",))})
    misses = find_misses(detail, Regions(), frozenset(touched))
    assert [(miss.start, miss.changed, miss.in_diff) for miss in misses] == expected


def test_patch_counts_are_those_of_the_changed_lines() -> None:
    branches = {2: Branch(1, 2), 5: Branch(0, 4)}
    counts = patch_counts(lines("++-+-", branches), frozenset({2, 3, 99}))
    assert (counts.statements, counts.covered) == (2, 1)
    assert (counts.branches, counts.covered_branches) == (2, 1)


@given(st.text(alphabet="+- ", max_size=40), st.sets(st.integers(1, 40)))
def test_gaps_hold_each_missed_statement_once_and_no_other(text: str, added: set[int]) -> None:
    detail = lines(text)
    misses = list(find_misses(detail, Regions([Region(5, 12, "f")]), frozenset(added)))
    missed = [n for n, c in zip(detail.lines, detail.covered, strict=True) if not c]
    inside = [n for n in detail.lines for miss in misses if miss.start <= n <= miss.end]
    assert sorted(inside) == missed
    assert sum(len(miss.lines) for miss in misses) == len(missed)
    assert len({miss.id for miss in misses}) == len(misses)
