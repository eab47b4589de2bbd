"""What becomes of the tests: every state of branch and pull request has one answer."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, Literal

import pytest

from qe_action.proposal.branch_mark import (
    CommitMark,
    PullMark,
    branch_name,
    is_our_branch,
    read_commit_mark,
    read_pull_mark,
    signs_off,
)
from qe_action.proposal.next_step import (
    FORK,
    MOVED,
    NOTHING_LEFT,
    OWN,
    PUBLISHED,
    Branch,
    Close,
    Commit,
    Keep,
    Leave,
    Pull,
    Run,
    Seen,
    Suggest,
    Tell,
    next_step,
    why_not,
)

OWNER, OTHER = "0" * 16, "1" * 16
HEAD, OLD, TIP = "a" * 40, "b" * 40, "c" * 40
RUN = Run(OWNER, HEAD, (42, 1), 3)
NAME = branch_name(7)
FRESH = Branch(NAME, TIP, CommitMark(OWNER, HEAD, (41, 1)))
STALE = Branch(NAME, TIP, CommitMark(OWNER, OLD, (41, 1)))
FOREIGN = Branch(NAME, TIP, None)
OPEN = Pull(9, "open", False, PullMark(7, TIP))
EMPTY = Seen("open", HEAD, None, None)


def seen(branch: Branch | None = None, pull: Pull | None = OPEN, **more: Any) -> Seen:
    return replace(EMPTY, branch=branch, pull=pull, **more)


def closed(*, merged: bool = False, by_us: bool = False) -> Pull:
    return Pull(9, "closed", merged, PullMark(7, TIP, closed=by_us))


@pytest.mark.parametrize(
    ("there", "step"),
    [
        (EMPTY, Commit("made", (HEAD,))),
        (seen(FRESH), Commit("goes on", (TIP,), TIP)),
        (seen(STALE, follows=True), Commit("goes on", (TIP, HEAD), TIP)),
        (seen(STALE), Commit("rebuilt", (HEAD,), TIP)),
        # Killed before the pull request was opened.
        (seen(FRESH, None), Commit("goes on", (TIP,), TIP)),
        # A branch that is left from a pull request that was merged, or that we closed.
        (seen(STALE, closed(merged=True), follows=True), Commit("rebuilt", (HEAD,), TIP)),
        (seen(None, closed(by_us=True)), Commit("made", (HEAD,))),
        # What others have added was merged with it.
        (
            seen(FOREIGN, replace(closed(merged=True), tip=TIP)),
            Commit("rebuilt", (HEAD,), TIP),
        ),
    ],
)
def test_tests_are_committed(there: Seen, step: Commit) -> None:
    assert next_step(RUN, there) == step


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        (seen(FOREIGN), f"somebody else has committed to {NAME}, so that it is left as it is"),
        (seen(replace(FRESH, mark=CommitMark(OTHER, HEAD, (1, 1)))), "another check"),
        (seen(None, closed()), "#9 was closed, so that none is opened again"),
        (replace(EMPTY, head=OLD), MOVED),
    ],
)
def test_what_stands_in_the_way_leaves_a_patch(there: Seen, reason: str) -> None:
    step = next_step(RUN, there)
    assert isinstance(step, Suggest)
    assert reason in step.reason
    assert isinstance(next_step(replace(RUN, count=0), there), Leave | Close)


def test_where_no_test_is_left_the_pull_request_is_closed() -> None:
    none = replace(RUN, count=0)
    assert next_step(none, seen(FRESH)) == Close(NOTHING_LEFT)
    assert next_step(none, seen(STALE)) == Close(NOTHING_LEFT)
    assert next_step(none, EMPTY) == Leave()
    assert isinstance(next_step(none, seen(FOREIGN)), Leave)


def test_a_newer_run_for_the_same_commit_is_not_undone() -> None:
    older = replace(RUN, run=(40, 2))
    assert next_step(older, seen(FRESH)) == Keep()
    assert next_step(replace(older, count=0), seen(FRESH)) == Close(NOTHING_LEFT)


@pytest.mark.parametrize("state", ["merged", "closed"])
def test_the_end_of_a_pull_request_is_that_of_its_tests(
    state: Literal["merged", "closed"],
) -> None:
    for count in (3, 0, None):
        run = replace(RUN, count=count)
        step = next_step(run, seen(FRESH, state=state))
        assert isinstance(step, Close)
        assert f"was {state}, so this is closed." in step.sentence
        assert next_step(run, replace(EMPTY, state=state)) == Leave()
    told = next_step(RUN, seen(FOREIGN, state=state))
    assert isinstance(told, Tell)
    assert "left open" in told.sentence


def test_commits_of_people_are_never_lost_and_nothing_is_done_without_knowing() -> None:
    branches = (None, FRESH, STALE, FOREIGN)
    merged = replace(closed(merged=True), tip=TIP)
    pulls = (None, OPEN, merged, replace(OPEN, mark=None), closed(), closed(merged=True))
    states: tuple[Literal["open", "closed", "merged"], ...] = ("open", "closed", "merged")
    for branch, pull, state, head, follows, count in itertools.product(
        branches, pulls, states, (HEAD, OLD), (True, False), (None, 0, 3)
    ):
        step = next_step(
            replace(RUN, count=count), Seen(state, head, branch, pull, follows=follows)
        )
        if branch is FOREIGN and pull is not merged:
            assert not isinstance(step, Close | Commit | Keep)
        if isinstance(step, Commit):
            assert (state, head, bool(count)) == ("open", HEAD, True)
            assert step.tip == (branch.tip if branch else "")
            if step.how == "goes on":
                assert branch is not None
                assert step.parents[0] == branch.tip
        if count is None and state == "open":
            assert isinstance(step, Leave)


def test_a_run_that_can_only_suggest_says_why_before_it_asks_for_anything() -> None:
    may = {
        "trusted": True,
        "about_pull": True,
        "fork": False,
        "own_branch": False,
        "connected": True,
    }
    assert why_not(**may) == ""
    assert why_not(**{**may, "fork": True}) == FORK
    assert why_not(**{**may, "trusted": False, "fork": True}) == PUBLISHED
    assert why_not(**{**may, "own_branch": True}) == OWN
    assert "no pull request" in why_not(**{**may, "about_pull": False})
    assert "no token" in why_not(**{**may, "connected": False})


# Marks


def test_marks_are_read_as_they_are_written() -> None:
    commit = CommitMark(OWNER, HEAD, (42, 2))
    message = f"Add tests\n\nWords.\n\nSigned-off-by: A <a@b>\n{commit.line}\n"
    assert read_commit_mark(message, [HEAD]) == commit
    assert read_commit_mark(message, [TIP, HEAD]) == commit
    for flags in itertools.product((True, False), repeat=2):
        pull = PullMark(7, TIP, *flags)
        assert read_pull_mark(f"{pull.line}\nwords") == pull


def test_a_commit_that_was_moved_or_holds_two_marks_is_none_of_ours() -> None:
    line = CommitMark(OWNER, HEAD, (42, 2)).line
    assert read_commit_mark(f"x\n\n{line}", [TIP, OLD]) is None
    assert read_commit_mark(f"x\n\n{line}", []) is None
    assert read_commit_mark(f"x\n\n{line}", [TIP, HEAD, OLD]) is None
    assert read_commit_mark(f"x\n\n{line}\n{line}", [HEAD]) is None
    assert read_commit_mark(f"x\n\n> {line}", [HEAD]) is None
    assert read_commit_mark("x", [HEAD]) is None
    assert read_pull_mark(f"> {PullMark(7, TIP).line}") is None


def test_our_branches_are_known_by_their_name() -> None:
    assert branch_name(7) == "qe-action/tests-for-7"
    assert is_our_branch("refs/heads/qe-action/tests-for-7")
    assert is_our_branch(branch_name(123))
    for name in ("main", "qe-action/tests-for-", "qe-action/tests-for-7/x", "x/tests-for-7"):
        assert not is_our_branch(name)


def test_a_project_signs_off_where_most_of_its_commits_do() -> None:
    signed = "Fix it\n\nSigned-off-by: Ann <ann@example.org>\n"
    assert signs_off([signed, signed, "Fix it"])
    assert not signs_off([signed, "Fix it"])
    assert not signs_off(["Signed-off-by is missing"])
    assert not signs_off([])
