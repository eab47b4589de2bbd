"""What tests reach, named as the lines of the head."""

from __future__ import annotations

from typing import Literal

import pytest

from qe_action.events import Anchor, Gap, GapFound, Measured, without_figures
from qe_action.render.head_lines import HeadLines
from qe_action.render.state import RunState


def gap(start: int, end: int, anchor: Anchor | None, ways: tuple[str, ...] = ()) -> Gap:
    return Gap(
        id=f"{start}",
        file_path="a.py",
        line_start=start,
        line_end=end,
        gap_type="partial" if ways else "uncovered",
        severity="low",
        anchor=anchor,
        missing_branches=ways,
    )


def head(
    *gaps: Gap, tree: Literal["merge", "head", "worktree", "commit", "unknown"] = "merge"
) -> HeadLines:
    state = RunState()
    for one in gaps:
        state.fold(GapFound(gap=one))
    measured = Measured(tree=tree)
    state.fold(without_figures("finished").model_copy(update={"measured": measured}))
    return HeadLines(state)


RUN = gap(10, 13, Anchor(path="b.py", line_start=4, line_end=7))
PARTIAL = gap(
    20, 20, Anchor(path="b.py", line_start=14, line_end=14, missing_branches=("16",)), ("22",)
)


def test_lines_in_gaps_stand_where_the_gaps_do() -> None:
    assert head(RUN, PARTIAL).place("a.py", [10, 12, 20]) == ("b.py", [4, 6, 14])


@pytest.mark.parametrize("lines", [[9], [10, 14], [2**31]])
def test_a_line_in_no_gap_is_not_known(lines: list[int]) -> None:
    assert head(RUN).place("a.py", lines) is None
    assert head(RUN, tree="worktree").place("a.py", lines) == ("a.py", lines)


def test_a_gap_that_the_head_has_otherwise_tells_nothing() -> None:
    torn = gap(10, 13, Anchor(path="a.py", line_start=4, line_end=9))
    assert head(torn).place("a.py", [11]) is None
    assert head(gap(10, 13, None)).place("a.py", [11]) is None
    assert head(RUN).place("other.py", [11]) is None


def test_ways_lead_to_lines_of_the_head_or_out() -> None:
    known = head(RUN, PARTIAL)
    assert known.branches("a.py", [(10, 12), (11, -3), (20, 22)]) == ["4→6", "5→exit", "14→16"]
    assert known.branches("a.py", [(10, 99)]) is None
    assert known.branches("a.py", [(99, 10)]) is None
    assert head(RUN, tree="head").branches("a.py", [(1, 2), (2, -1)]) == ["1→2", "2→exit"]


def test_a_branch_stands_where_the_gap_it_leads_to_says() -> None:
    place = Anchor(
        path="b.py", line_start=4, line_end=7, missing_branches=("4", "6"), branch_lines=("2", "x")
    )
    led = gap(10, 13, place).model_copy(
        update={"missing_branches": ("10", "12"), "branch_lines": (8, 3)}
    )
    assert head(led).branches("a.py", [(8, 10)]) == ["2→4"]
    assert head(led).branches("a.py", [(3, 12)]) is None
