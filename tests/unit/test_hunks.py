"""Which lines of a pull request can carry a review comment."""

from __future__ import annotations

import pytest

from qe_action.analysis.diff import PullFile
from qe_action.analysis.hunks import Hunk, Hunks, Place, hunks_of

PATCH = """\
@@ -1,3 +1,4 @@ def f():
 a
+b
 c
 d
@@ -10,4 +11,3 @@
 x
-y
 z
-w
+++ v
\\ No newline at end of file"""
FILE = PullFile("src/a.py", "modified", PATCH, None, 2, 2)


def test_hunks_have_the_head_s_lines_with_context() -> None:
    assert hunks_of([FILE]).files == {
        "src/a.py": (Hunk(1, ("a", "b", "c", "d")), Hunk(11, ("x", "z", "++ v")))
    }


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (2, 3, (2, 3, "b")),
        (4, 4, (4, 4, "d")),
        (3, 9, (3, 4, "c")),  # what leaves the hunk is cut off
        (3, 13, (11, 13, "x")),  # the longest part
        (4, 11, (4, 4, "d")),  # the first of equals
        (5, 10, None),
        (14, 20, None),
    ],
)
def test_a_range_is_cut_to_one_hunk(
    start: int, end: int, place: tuple[int, int, str] | None
) -> None:
    found = hunks_of([FILE]).place("src/a.py", start, end)
    assert found == (Place("src/a.py", *place) if place else None)


@pytest.mark.parametrize(
    "file",
    [
        PullFile("big.py", "modified", None, None, 5000, 1),
        PullFile("big.py", "modified", PATCH, None, 3, 2),  # cut short
        PullFile("big.py", "modified", "@@ nonsense", None, 1, 0),
    ],
)
def test_a_file_without_its_lines_is_unknown(file: PullFile) -> None:
    hunks = hunks_of([file])
    assert hunks.unknown("big.py")
    assert hunks.place("big.py", 1, 1) is None


@pytest.mark.parametrize(
    "file",
    [
        PullFile("gone.py", "removed", "@@ -1,2 +0,0 @@\n-a\n-b", None, 0, 2),
        PullFile("new name.py", "renamed", None, "old name.py", 0, 0),
    ],
)
def test_a_file_without_lines_at_the_head_carries_nothing_and_is_known(file: PullFile) -> None:
    hunks = hunks_of([file])
    assert hunks.files == {file.filename: ()}
    assert not hunks.unknown(file.filename)


def test_what_is_not_listed_is_not_unknown() -> None:
    assert not Hunks().unknown("a.py")
    assert Hunks().place("a.py", 1, 2) is None
