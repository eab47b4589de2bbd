"""What merge groups, pushes and finished workflows are compared with, on real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import GitRepo, numbered
from test_change import RepoApi, lines, resolved

from qe_action.analysis.line_map import LineMap
from qe_action.workspace.change import Change
from qe_action.workspace.diff_sources import CommitRef, PullRef

GONE = "f" * 40


class History:
    """`main` with `topic` two commits ahead of its first commit; `main` moved on since.

    Each commit adds one line to a file: the first and second of `topic` line 11 and 12 of
    a.py, the one of `main` line 11 of b.py.
    """

    def __init__(self, root: Path) -> None:
        self.repo = GitRepo(root)
        body = numbered(10)
        self.root = self.repo.commit({"a.py": body, "b.py": body})
        self.repo.branch("topic")
        self.first = self.repo.commit({"a.py": body + "one\n"})
        self.second = self.repo.commit({"a.py": body + "one\ntwo\n"})
        self.repo.git("checkout", "-q", "main")
        self.main = self.repo.commit({"b.py": body + "of main\n"})
        self.body = body

    def at(self, commit: str) -> Path:
        self.repo.git("checkout", "-q", "--detach", commit)
        return self.repo.root

    def api(self, **options: object) -> RepoApi:
        return RepoApi(self.repo, **options)  # type: ignore[arg-type]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "origin")


def push(head: str, before: str | None, branch: str | None = "main", **more: bool) -> CommitRef:
    return CommitRef("push", head, before, branch, **more)


def assert_commit(change: Change, head: str, base: str | None) -> None:
    assert (change.tree.kind, change.tree.sha) == ("commit", head)
    assert (change.tree.base_sha, change.tree.head_sha) == (base, head)
    assert change.line_map == LineMap.identity()


def test_a_merge_group_holds_what_was_put_on_its_base(history: History) -> None:
    """The base is the commit of the group before it, not the branch."""
    earlier = history.repo.merge("main", history.first)
    history.repo.git("checkout", "-q", "-b", "queue", earlier)
    group = history.repo.commit({"c.py": "c\n"})
    ref = CommitRef("merge_group", group, earlier, "main")
    change = resolved(history.repo.root, commit=ref, worktree=False)
    assert_commit(change, group, earlier)
    assert lines(change) == {"c.py": {1}}
    assert change.notes == ()


def test_a_shallow_merge_group_asks_the_api(history: History, tmp_path: Path) -> None:
    group = history.repo.merge("main", history.second)
    clone = history.repo.clone(tmp_path / "clone", group, depth=1)
    ref = CommitRef("merge_group", group, history.main, "main")
    api = history.api()
    change = resolved(clone, commit=ref, api=api, worktree=False)
    assert_commit(change, group, history.main)
    assert lines(change) == {"a.py": {11, 12}}
    assert change.notes == ()
    assert api.asked == [("compare", history.main, group)]


def test_a_push_of_several_commits_counts_them_all(history: History) -> None:
    change = resolved(history.at(history.second), commit=push(history.second, history.root))
    assert_commit(change, history.second, history.root)
    assert lines(change) == {"a.py": {11, 12}}
    change = resolved(history.repo.root, commit=push(history.second, history.first))
    assert lines(change) == {"a.py": {12}}
    assert change.notes == ()


def test_the_working_tree_plays_no_part_in_a_push(history: History) -> None:
    history.at(history.second)
    history.repo.write({"a.py": "dirty\n", "todo.py": "x\n"})
    change = resolved(history.repo.root, commit=push(history.second, history.first))
    assert lines(change) == {"a.py": {12}}


def test_a_shallow_push_asks_the_api(history: History, tmp_path: Path) -> None:
    clone = history.repo.clone(tmp_path / "clone", history.second, depth=1)
    change = resolved(clone, commit=push(history.second, history.root, None), api=history.api())
    assert_commit(change, history.second, history.root)
    assert lines(change) == {"a.py": {11, 12}}


@pytest.mark.parametrize("refusal", [{"broken": True}, {"largest": 0}])
def test_a_base_that_cannot_be_had_is_not_replaced(
    history: History, tmp_path: Path, refusal: dict[str, object]
) -> None:
    clone = history.repo.clone(tmp_path / "clone", history.second, depth=2)
    ref = push(history.second, history.root)
    change = resolved(clone, commit=ref, api=history.api(**refusal))
    assert_commit(change, history.second, history.root)
    assert change.diff is None
    assert "fetch-depth: 0" in change.notes[-1]


def test_a_new_branch_is_compared_with_the_default_branch(history: History, tmp_path: Path) -> None:
    ref = push(history.second, None)
    change = resolved(history.at(history.second), commit=ref)
    assert_commit(change, history.second, history.root)
    assert lines(change) == {"a.py": {11, 12}}
    clone = history.repo.clone(tmp_path / "clone", history.second, depth=1)
    api = history.api()
    change = resolved(clone, commit=ref, api=api)
    assert_commit(change, history.second, None)
    assert lines(change) == {"a.py": {11, 12}}
    assert api.asked == [("compare", "main", history.second)]


def test_what_was_fetched_of_a_branch_goes_before_an_older_local_one(history: History) -> None:
    repo = history.repo
    repo.git("update-ref", "refs/remotes/origin/main", history.first)
    change = resolved(history.at(history.second), commit=push(history.second, None))
    assert change.tree.base_sha == history.first


def test_a_new_branch_without_commits_of_its_own_changes_nothing(history: History) -> None:
    change = resolved(history.at(history.main), commit=push(history.main, None))
    assert_commit(change, history.main, history.main)
    assert lines(change) == {}


def test_a_new_default_branch_is_compared_with_its_first_parent(history: History) -> None:
    merge = history.repo.merge("main", history.second)
    change = resolved(history.repo.root, commit=push(merge, None, None))
    assert_commit(change, merge, history.main)
    assert lines(change) == {"a.py": {11, 12}}


def test_the_first_commit_has_nothing_to_be_compared_with(history: History) -> None:
    change = resolved(history.at(history.root), commit=push(history.root, None, None))
    assert_commit(change, history.root, None)
    assert change.diff is None
    assert change.notes == (
        f"What {history.root[:7]} changed is not known: it is the first commit.",
    )


def test_a_commit_that_was_amended_is_compared_with_what_stayed(history: History) -> None:
    history.at(history.first)
    amended = history.repo.commit({"a.py": history.body + "one\nother\n"})
    change = resolved(history.repo.root, commit=push(amended, history.second, forced=True))
    assert_commit(change, amended, history.first)
    assert lines(change) == {"a.py": {12}}
    assert change.notes[0].startswith(f"The history was rewritten: {history.second[:7]}, ")
    assert f"since {history.first[:7]}." in change.notes[0]


def test_a_rebased_branch_does_not_take_the_default_branch_s_lines_for_its_own(
    history: History,
) -> None:
    """From where it left its past b.py's line would count too."""
    history.at(history.main)
    rebased = history.repo.commit({"a.py": history.body + "one\ntwo\n"})
    change = resolved(history.repo.root, commit=push(rebased, history.second, forced=True))
    assert_commit(change, rebased, history.main)
    assert lines(change) == {"a.py": {11, 12}}
    assert "rewritten" in change.notes[0]


def test_a_forced_push_whose_past_is_gone_is_compared_with_the_default_branch(
    history: History, tmp_path: Path
) -> None:
    ref = push(history.second, GONE, forced=True)
    change = resolved(history.at(history.second), commit=ref)
    assert_commit(change, history.second, history.root)
    assert lines(change) == {"a.py": {11, 12}}
    clone = history.repo.clone(tmp_path / "clone", history.second, depth=1)
    change = resolved(clone, commit=ref, api=history.api())
    assert_commit(change, history.second, None)
    assert lines(change) == {"a.py": {11, 12}}
    assert "since the merge base with main." in change.notes[0]


def test_whole_history_without_the_former_commit_was_rewritten_whatever_the_event_says(
    history: History,
) -> None:
    change = resolved(history.at(history.second), commit=push(history.second, GONE))
    assert change.tree.base_sha == history.root
    assert "rewritten" in change.notes[0]


def test_a_forced_push_to_the_default_branch_is_compared_by_the_api(
    history: History, tmp_path: Path
) -> None:
    clone = history.repo.clone(tmp_path / "clone", history.second, depth=1)
    ref = push(history.second, history.main, None, forced=True)
    api = history.api()
    change = resolved(clone, commit=ref, api=api)
    assert_commit(change, history.second, None)
    assert lines(change) == {"a.py": {11, 12}}
    assert "since the two parted" in change.notes[0]
    assert api.asked == [("compare", history.main, history.second)]


def test_a_named_base_goes_before_the_event_s(history: History) -> None:
    ref = push(history.second, history.first)
    change = resolved(history.at(history.second), commit=ref, base="main", worktree=False)
    assert_commit(change, history.second, history.root)
    assert lines(change) == {"a.py": {11, 12}}


@pytest.mark.parametrize(
    ("event", "remedy"),
    [
        ("push", "Check out the commit that the event is about."),
        ("merge_group", "Check out the commit that the event is about."),
        (
            "workflow_run",
            "never check out a pull request's code where the token may write.",
        ),
    ],
)
def test_another_checkout_tells_no_lines(history: History, event: str, remedy: str) -> None:
    ref = CommitRef(event, history.second, None, "main")  # type: ignore[arg-type]
    change = resolved(history.at(history.main), commit=ref, api=history.api(), worktree=False)
    assert (change.tree.kind, change.tree.sha) == ("unknown", history.main)
    assert (change.tree.base_sha, change.tree.head_sha) == (None, history.second)
    assert (change.diff, change.line_map) == (None, None)
    (note,) = change.notes
    assert note.endswith(remedy)


def test_a_finished_workflow_s_pull_request_is_compared_with_its_base(history: History) -> None:
    ref = CommitRef("workflow_run", history.second, None, "main")
    pull = PullRef(7, history.second, history.main, base_ref="main")
    change = resolved(history.at(history.second), pull=pull, commit=ref)
    assert (change.tree.kind, change.tree.base_sha) == ("head", history.root)
    assert lines(change) == {"a.py": {11, 12}}
    history.repo.merge("main", history.second)
    change = resolved(history.repo.root, pull=pull, commit=ref)
    assert (change.tree.kind, change.tree.base_sha) == ("merge", history.main)
    change = resolved(history.at(history.main), pull=pull, commit=ref)
    assert (change.tree.kind, change.diff, change.line_map) == ("unknown", None, None)
    assert "never check out a pull request's code" in change.notes[0]


def test_a_commit_without_a_repository_has_no_lines(history: History, tmp_path: Path) -> None:
    change = resolved(tmp_path, commit=push(history.second, history.first), api=history.api())
    assert (change.tree.kind, change.tree.head_sha) == ("unknown", history.second)
    assert (change.diff, change.line_map) == (None, None)


@pytest.mark.parametrize("stale", [True, False])
def test_the_base_s_own_lines_are_no_pull_request_s(history: History, stale: bool) -> None:
    """pull_request_target checks out the base branch, whose lines since base.sha are its own."""
    base = history.root if stale else history.main
    pull = PullRef(7, history.second, base, base_ref="main")
    api = history.api(base=history.main, head=history.second) if stale else None
    change = resolved(history.at(history.main), pull=pull, api=api)
    assert change.tree.kind == "unknown"
    assert change.tree.base_sha is None
    assert change.diff is None or change.diff.incomplete == len(change.diff.files) == 1
