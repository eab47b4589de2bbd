"""What has changed since the baseline."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.baseline import digest_of
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.deltas import (
    Lookup,
    deltas,
    file_delta,
    indirect_changes,
    lost_by_folder,
    points,
)
from qe_action.analysis.diff import Diff, FileChange
from qe_action.events import Counts

BEFORE = {
    "src/touched.py": FileCounts(10, 10),
    "src/old_name.py": FileCounts(10, 5),
    "src/lost.py": FileCounts(10, 9),
    "src/gained.py": FileCounts(10, 3),
    "src/grown.py": FileCounts(10, 8),
    "src/gone.py": FileCounts(4, 4),
    "src/gone_uncovered.py": FileCounts(4, 0),
}
NOW = {
    "src/touched.py": FileCounts(10, 0),
    "src/new_name.py": FileCounts(10, 6),
    "src/lost.py": FileCounts(10, 7),
    "src/gained.py": FileCounts(10, 4),
    "src/grown.py": FileCounts(12, 7),
    "src/new.py": FileCounts(5, 0),
}
DIFF = Diff(
    {
        "src/touched.py": FileChange("src/touched.py", None, "modified"),
        "src/new_name.py": FileChange("src/new_name.py", "src/old_name.py", "renamed"),
    }
)
DIGEST = digest_of("a" * 40, "0" * 16, BEFORE)


def test_files_outside_the_change_that_lost_statements_come_worst_first() -> None:
    found = indirect_changes(Lookup(DIGEST), DIFF, NOW)
    assert found is not None
    assert [(change.path, change.lost) for change in found] == [
        ("src/gone.py", 4),
        ("src/lost.py", 2),
        ("src/grown.py", 1),
    ]
    assert found[0].now is None
    assert found[2].now == Counts(statements=12, covered=7)


def test_indirect_changes_are_unknown_unless_the_base_itself_is_known_file_by_file() -> None:
    assert indirect_changes(Lookup(DIGEST), DIFF, BEFORE) == ()
    assert indirect_changes(Lookup(DIGEST, 1), DIFF, NOW) is None
    assert indirect_changes(Lookup(DIGEST.folded(1)), DIFF, NOW) is None
    assert indirect_changes(Lookup(DIGEST), None, NOW) is None
    assert indirect_changes(Lookup(), DIFF, NOW) is None


def test_a_renamed_file_is_compared_with_its_old_name() -> None:
    now = NOW["src/new_name.py"].wire()
    assert file_delta(DIGEST, DIFF, "src/new_name.py", now) == 10.0
    assert file_delta(DIGEST, None, "src/new_name.py", now) is None
    assert file_delta(DIGEST.folded(1), DIFF, "src/new_name.py", now) is None


def test_deltas_are_of_lines_and_branches_and_of_both() -> None:
    before = Counts(statements=10, covered=5, branches=10, covered_branches=10)
    now = Counts(statements=10, covered=6, branches=10, covered_branches=8)
    found = deltas(before, now)
    assert (found.overall, found.line, found.branch) == (-5.0, 10.0, -20.0)
    assert deltas(before, Counts(statements=10, covered=6)).branch is None


pairs = st.tuples(st.integers(1, 10**9), st.integers(0, 10**9)).map(
    lambda pair: (min(pair[1], pair[0]), pair[0])
)


@given(pairs, pairs)
def test_a_delta_has_the_sign_of_the_exact_difference(
    before: tuple[int, int], now: tuple[int, int]
) -> None:
    exact = Fraction(*now) - Fraction(*before)
    found = points(before, now)
    assert found is not None
    assert (found > 0, found < 0) == (exact > 0, exact < 0)


def test_a_baseline_of_folders_names_those_that_lost() -> None:
    assert lost_by_folder(DIGEST, NOW) == ""
    folders = digest_of(
        "a" * 40, "0" * 16, {"a/x.py": FileCounts(9, 9), "b/y.py": FileCounts(5, 1)}
    ).folded(1)
    note = lost_by_folder(folders, {"a/x.py": FileCounts(9, 6), "b/y.py": FileCounts(5, 1)})
    assert note == "1 folder has fewer covered statements than at the baseline: a (3)."
    assert lost_by_folder(folders, {"a/z.py": FileCounts(9, 9), "b/y.py": FileCounts(5, 5)}) == ""
