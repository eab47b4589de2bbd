"""Merging parts of one file: whatever the order, the same."""

from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merging import merge

from qe_action.reports.model import Branch, FileLines, Function


@pytest.mark.parametrize(
    ("a", "b", "merged"),
    [
        (Branch(1, 2, ("5",)), Branch(1, 2, ("7",)), Branch(2, 2)),
        (Branch(1, 2, ("5",)), Branch(1, 2, ("5",)), Branch(1, 2, ("5",))),
        (Branch(1, 3, ("5", "7")), Branch(1, 3, ("7", "exit")), Branch(2, 3, ("7",))),
        (Branch(0, 2), Branch(1, 2), Branch(1, 2)),
        (Branch(1, 2), Branch(1, 2, ("5",)), Branch(1, 2, ("5",))),
        (Branch(1, 2, ("5",)), Branch(2, 2), Branch(2, 2)),
        (Branch(2, 2), Branch(1, 4), Branch(1, 4)),
        (Branch(1, 2, ("0: 50%",)), Branch(1, 2, ("1: 50%",)), Branch(1, 2)),
        (Branch(0, 2, ("5",)), Branch(1, 2, ("7",)), Branch(1, 2, ("7",))),
    ],
    ids=[
        "each took what the other missed",
        "both missed the same",
        "one missed by both",
        "without names the better one",
        "names are kept where the counts agree",
        "all taken by one",
        "more branches seen",
        "percentages name no branch",
        "some missing names are not enough",
    ],
)
def test_branches(a: Branch, b: Branch, merged: Branch) -> None:
    assert merge(FileLines("a", {1: 1}, {1: a}), FileLines("a", {1: 1}, {1: b})).branches == {
        1: merged
    }


def test_a_line_is_covered_if_either_covers_it_and_there_if_either_lists_it() -> None:
    a, b = FileLines("a", {3: 0, 1: 0}), FileLines("a", {2: 4, 3: 2})
    assert list(merge(a, b).hits.items()) == [(1, 0), (2, 4), (3, 2)]


def test_functions_are_one_by_name_and_first_line() -> None:
    a = FileLines("a", functions=[Function("f", 3, 5, False), Function("g", 1, 2, False)])
    b = FileLines("a", functions=[Function("f", 3, 9, True), Function("f", 20, 21, False)])
    assert merge(a, b).functions == [
        Function("g", 1, 2, False),
        Function("f", 3, 9, True),
        Function("f", 20, 21, False),
    ]


_numbers = st.integers(1, 6)
_names = st.lists(st.sampled_from(["5", "7", "exit", "12", "0: 50%"]), max_size=4, unique=True)


@st.composite
def _branches(draw: st.DrawFn) -> Branch:
    total = draw(st.integers(1, 4))
    covered = draw(st.integers(0, total))
    return Branch(covered, total, tuple(draw(_names)) if covered < total else ())


@st.composite
def _functions(draw: st.DrawFn) -> list[Function]:
    keys = draw(st.sets(st.tuples(_numbers, st.sampled_from("fg")), max_size=3))
    return [
        Function(name, start, start + draw(_numbers), draw(st.booleans()))
        for start, name in sorted(keys)
    ]


_tests = st.sets(st.sampled_from("abcd"), min_size=1).map(lambda names: tuple(sorted(names)))
_files = st.builds(
    FileLines,
    st.just("a.py"),
    st.dictionaries(_numbers, st.integers(0, 3)),
    st.dictionaries(_numbers, _branches()),
    _functions(),
    st.dictionaries(_numbers, _tests),
)


@given(_files, _files)
@settings(deadline=None)
def test_merge_is_commutative(a: FileLines, b: FileLines) -> None:
    assert merge(a, b) == merge(b, a)


@given(_files, _files, _files)
@settings(deadline=None)
def test_merge_is_associative(a: FileLines, b: FileLines, c: FileLines) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(_files)
@settings(deadline=None)
def test_merge_is_idempotent(a: FileLines) -> None:
    assert merge(a, a) == a


@given(_files, _files)
@settings(deadline=None)
def test_merge_never_loses_a_line_nor_covers_less(a: FileLines, b: FileLines) -> None:
    merged = merge(a, b)
    assert merged.hits.keys() == a.hits.keys() | b.hits.keys()
    assert all(
        merged.hits[line] == max(a.hits.get(line, 0), b.hits.get(line, 0)) for line in merged.hits
    )


@given(_files, _files)
@settings(deadline=None)
def test_a_merged_line_was_run_by_the_tests_of_both(a: FileLines, b: FileLines) -> None:
    merged = merge(a, b).contexts
    assert merged.keys() == a.contexts.keys() | b.contexts.keys()
    for line, tests in merged.items():
        assert set(tests) == {*a.contexts.get(line, ()), *b.contexts.get(line, ())}


def exact(taken: set[str], targets: set[str]) -> FileLines:
    """A line of which it is known which of its branches were taken."""
    missing = tuple(sorted(targets - taken, key=lambda name: (len(name), name)))
    return FileLines("a", {1: 1}, {1: Branch(len(taken), len(targets), missing)})


@given(st.data(), st.sets(st.sampled_from(["5", "7", "exit", "12"]), min_size=2))
@settings(deadline=None)
def test_known_branches_are_united(data: st.DataObject, targets: set[str]) -> None:
    """Where both reports name every branch not taken, the merged one took what either took."""
    subsets = st.sets(st.sampled_from(sorted(targets)))
    a, b = data.draw(subsets), data.draw(subsets)
    assert merge(exact(a, targets), exact(b, targets)) == exact(a | b, targets)


@given(_files, _files)
@settings(deadline=None)
def test_merged_branches_stay_within_their_total(a: FileLines, b: FileLines) -> None:
    for branch in merge(a, b).branches.values():
        assert 0 <= branch.covered <= branch.total
        assert not (branch.covered == branch.total and branch.missing)


@given(_files, _files)
@settings(deadline=None)
def test_merge_leaves_its_parts_alone(a: FileLines, b: FileLines) -> None:
    before = deepcopy((a, b))
    merge(a, b)
    assert (a, b) == before
