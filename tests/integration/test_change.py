"""Which tree was measured and what changed, on real repositories laid out as GitHub does."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env, numbered

from qe_action.analysis.diff import PullFile
from qe_action.analysis.line_map import LineMap
from qe_action.errors import DeliveryError, UsageError, WorkspaceError
from qe_action.workspace.change import Change, list_files, resolve_change
from qe_action.workspace.diff_sources import DiffTooLarge, PullRef
from qe_action.workspace.git import Git


@dataclass
class RepoApi:
    """GitHub's answers, computed from the full repository by the real git."""

    repo: GitRepo
    base: str = ""
    head: str = ""
    largest: int = 300
    broken: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def compare_diff(self, base: str, head: str) -> str:
        self.asked.append(("compare", base, head))
        if self.broken:
            raise DeliveryError("403: Resource not accessible by integration.")
        names = self.repo.git("diff", "--name-only", f"{base}...{head}").splitlines()
        if len(names) > self.largest:
            raise DiffTooLarge("The diff exceeded the maximum number of files (300).")
        return self.repo.git("diff", "-M", f"{base}...{head}") + "\n"

    async def pull_files(self, number: int) -> list[PullFile]:
        self.asked.append(("files", str(number)))
        if self.broken:
            raise DeliveryError("403: Resource not accessible by integration.")
        text = self.repo.git("diff", "-M", f"{self.base}...{self.head}")
        return [self._file(part) for part in re.split(r"(?m)^diff --git ", text)[1:]]

    async def pull_head(self, number: int) -> str:
        return self.head

    @staticmethod
    def _file(section: str) -> PullFile:
        name = section.partition("\n")[0].rpartition(" b/")[2]
        at = section.find("\n@@ ")
        patch = section[at + 1 :].rstrip("\n") if at >= 0 else None
        signs = [line[:1] for line in (patch or "").split("\n")]
        status = "added" if "\nnew file mode" in section else "modified"
        return PullFile(name, status, patch, additions=signs.count("+"), deletions=signs.count("-"))


@dataclass
class Pull:
    """A pull request whose base moved in the same file after the branch was made."""

    repo: GitRepo
    fork: str
    base: str
    head: str
    merge: str

    def ref(self, **other: str | None) -> PullRef:
        values = {"head_sha": self.head, "base_sha": self.base, "merge_sha": self.merge}
        return PullRef(7, **(values | other))  # type: ignore[arg-type]

    def api(self, **options: object) -> RepoApi:
        return RepoApi(self.repo, self.base, self.head, **options)  # type: ignore[arg-type]


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    """f.py: head adds a line 42; the base then puts 7 lines on top and changes line 60."""
    repo = GitRepo(tmp_path / "origin")
    lines = numbered(80).splitlines(keepends=True)
    fork = repo.commit({"f.py": "".join(lines), "other.py": "a\n"})
    repo.branch("topic")
    changed = [*lines[:41], "of the head\n", *lines[41:]]
    head = repo.commit({"f.py": "".join(changed), "new.py": "n\n"})
    repo.git("checkout", "-q", "main")
    moved = ["of the base\n"] * 7 + [*lines[:59], "base 60\n", *lines[60:]]
    base = repo.commit({"f.py": "".join(moved), "other.py": "b\n"})
    merge = repo.merge(base, head)
    return Pull(repo, fork, base, head, merge)


def resolved(root: Path, **options: object) -> Change:
    return asyncio.run(resolve_change(Git(root, env=git_env()), **options))  # type: ignore[arg-type]


def lines(change: Change) -> dict[str, set[int]]:
    assert change.diff is not None
    return {path: set(file.added) for path, file in change.diff.files.items()}


def head_line(change: Change, path: str, line: int) -> tuple[str, int] | None:
    assert change.line_map is not None
    return change.line_map.to_head(path, line)


def assert_test_merge(change: Change, pull: Pull) -> None:
    assert (change.tree.kind, change.tree.sha) == ("merge", pull.merge)
    assert (change.tree.base_sha, change.tree.head_sha) == (pull.base, pull.head)
    assert lines(change) == {"f.py": {49}, "new.py": {1}}
    assert head_line(change, "f.py", 49) == ("f.py", 42)
    assert head_line(change, "f.py", 3) is None
    assert head_line(change, "f.py", 68) is None
    assert head_line(change, "other.py", 1) is None
    assert head_line(change, "new.py", 1) == ("new.py", 1)
    assert change.notes == ()


def test_a_test_merge_is_compared_with_its_first_parent(pull: Pull) -> None:
    """The base moved in the same file: its lines are not the pull request's."""
    assert_test_merge(resolved(pull.repo.root, pull=pull.ref()), pull)


def test_a_stale_base_sha_plays_no_part_in_a_test_merge(pull: Pull) -> None:
    assert_test_merge(resolved(pull.repo.root, pull=pull.ref(base_sha=pull.fork)), pull)
    assert_test_merge(resolved(pull.repo.root, pull=pull.ref(base_sha="0" * 40)), pull)


def test_a_test_merge_is_told_by_its_second_parent(pull: Pull) -> None:
    assert_test_merge(resolved(pull.repo.root, pull=pull.ref(merge_sha=None)), pull)


def test_depth_two_is_enough_without_the_api(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.merge, depth=2)
    assert_test_merge(resolved(clone, pull=pull.ref()), pull)


def test_depth_one_asks_the_api_for_both_diffs(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.merge, depth=1)
    api = pull.api()
    assert_test_merge(resolved(clone, pull=pull.ref(base_sha=pull.fork), api=api), pull)
    assert sorted(api.asked) == sorted(
        [("compare", pull.base, pull.merge), ("compare", pull.head, pull.merge)]
    )


def test_depth_one_without_the_api_says_what_to_do(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.merge, depth=1)
    change = resolved(clone, pull=pull.ref())
    assert (change.diff, change.line_map) == (None, None)
    assert (change.tree.kind, change.tree.base_sha) == ("merge", pull.base)
    assert all("fetch-depth: 2" in note for note in change.notes)
    assert len(change.notes) == 2


def test_an_api_that_refuses_is_quoted(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.merge, depth=1)
    change = resolved(clone, pull=pull.ref(), api=pull.api(broken=True))
    assert change.diff is None
    assert any("403: Resource not accessible" in note for note in change.notes)


@pytest.fixture
def wide(tmp_path: Path) -> Pull:
    """A pull request of 301 files and a base that moved in one of them."""
    repo = GitRepo(tmp_path / "origin")
    body = numbered(20)
    names = [f"p/f{number}.py" for number in range(301)]
    fork = repo.commit(dict.fromkeys(names, body))
    repo.branch("topic")
    head = repo.commit(dict.fromkeys(names, body + "of the head\n"))
    repo.git("checkout", "-q", "main")
    base = repo.commit({"p/f0.py": "of the base\n" + body})
    return Pull(repo, fork, base, head, repo.merge(base, head))


def test_a_refused_diff_is_made_up_from_the_list_of_files(wide: Pull, tmp_path: Path) -> None:
    """The list has the head's lines; the map brings them to the merge's."""
    clone = wide.repo.clone(tmp_path / "clone", wide.merge, depth=1)
    api = wide.api()
    change = resolved(clone, pull=wide.ref(), api=api)
    assert ("files", "7") in api.asked
    assert len(lines(change)) == 301
    assert lines(change)["p/f0.py"] == {22}
    assert lines(change)["p/f1.py"] == {21}
    assert head_line(change, "p/f0.py", 22) == ("p/f0.py", 21)
    assert change.notes == ()


def test_without_a_map_listed_lines_are_unknown_not_wrong(wide: Pull, tmp_path: Path) -> None:
    clone = wide.repo.clone(tmp_path / "clone", wide.merge, depth=1)
    change = resolved(clone, pull=wide.ref(), api=wide.api(largest=0))
    assert change.line_map is None
    assert change.diff is not None
    assert set(lines(change)) == {f"p/f{number}.py" for number in range(301)}
    assert not any(lines(change).values())
    assert change.diff.incomplete == 301
    assert any("none is annotated" in note for note in change.notes)
    assert any("lines of 301 changed files" in note for note in change.notes)


def test_listed_lines_of_a_newer_head_are_unknown(wide: Pull, tmp_path: Path) -> None:
    clone = wide.repo.clone(tmp_path / "clone", wide.merge, depth=1)
    wide.repo.git("checkout", "-q", "topic")
    api = wide.api()
    api.head = wide.repo.commit({"p/f0.py": "pushed since\n"})
    change = resolved(clone, pull=wide.ref(), api=api)
    assert not any(lines(change).values())
    assert "pushed to since" in change.notes[0]
    assert head_line(change, "p/f0.py", 22) == ("p/f0.py", 21)


def test_more_than_300_files_are_no_matter_with_history(wide: Pull) -> None:
    change = resolved(wide.repo.root, pull=wide.ref(), api=wide.api(broken=True))
    assert lines(change)["p/f0.py"] == {22}
    assert change.notes == ()


def assert_head(change: Change, pull: Pull) -> None:
    assert (change.tree.kind, change.tree.sha) == ("head", pull.head)
    assert lines(change) == {"f.py": {42}, "new.py": {1}}
    assert head_line(change, "f.py", 42) == ("f.py", 42)
    assert change.notes == ()


def test_a_checked_out_head_is_compared_with_the_merge_base(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", pull.head)
    change = resolved(pull.repo.root, pull=pull.ref())
    assert_head(change, pull)
    assert change.tree.base_sha == pull.fork


def test_a_head_that_merged_the_base_needs_the_newest_base(tmp_path: Path) -> None:
    """base.sha is the old one; measured from there the base's own lines would be foreign."""
    repo = GitRepo(tmp_path / "origin")
    old = repo.commit({"f.py": numbered(10)})
    repo.branch("topic")
    repo.commit({"new.py": "n\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"f.py": "of the base\n" + numbered(10)})
    repo.git("checkout", "-q", "topic")
    repo.git("merge", "-q", "--no-edit", "main")
    head = repo.git("rev-parse", "HEAD")
    change = resolved(repo.root, pull=PullRef(7, head, old, None, "main"))
    assert lines(change) == {"new.py": {1}}


def test_a_branch_that_was_merged_since_keeps_its_diff(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", "main")
    pull.repo.git("merge", "-q", "--no-edit", "topic")
    pull.repo.git("checkout", "-q", pull.head)
    assert_head(resolved(pull.repo.root, pull=pull.ref(base_ref="main")), pull)


def test_a_shallow_head_asks_the_api(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.head, depth=1)
    api = pull.api()
    assert_head(resolved(clone, pull=pull.ref(base_ref="main"), api=api), pull)
    assert api.asked == [("compare", "main", pull.head)]


def test_a_shallow_head_of_a_merged_branch_asks_with_base_sha(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.head, depth=1)
    pull.repo.git("branch", "-f", "main", pull.merge)
    assert_head(resolved(clone, pull=pull.ref(base_ref="main"), api=pull.api()), pull)


def test_a_shallow_head_whose_diff_is_refused_takes_the_list(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.head, depth=1)
    assert_head(resolved(clone, pull=pull.ref(), api=pull.api(largest=0)), pull)


def test_a_missing_file_list_entry_is_said(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.head, depth=1)
    change = resolved(clone, pull=pull.ref())
    assert change.diff is None
    assert change.notes == (
        "The history to compare with is not here. Set `fetch-depth: 2` on actions/checkout.",
    )


def test_another_commit_is_called_unknown(pull: Pull) -> None:
    """As when pull_request_target checks out the base."""
    pull.repo.git("checkout", "-q", pull.base)
    change = resolved(pull.repo.root, pull=pull.ref(base_sha=pull.fork))
    assert (change.tree.kind, change.tree.sha) == ("unknown", pull.base)
    assert "neither the pull request's head" in change.notes[0]
    assert head_line(change, "f.py", 5) is None
    assert head_line(change, "f.py", 8) == ("f.py", 1)


def test_another_commit_is_not_mapped_to_a_head_that_is_not_here(
    pull: Pull, tmp_path: Path
) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.base, depth=1)
    change = resolved(clone, pull=pull.ref(), api=pull.api())
    assert change.tree.kind == "unknown"
    assert change.line_map is None


def test_a_merge_of_an_older_push_is_mapped_to_the_newer_head(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", "topic")
    text = (pull.repo.root / "f.py").read_text()
    newer = pull.repo.commit({"f.py": "pushed since\n" + text})
    pull.repo.git("checkout", "-q", pull.merge)
    change = resolved(pull.repo.root, pull=pull.ref(head_sha=newer))
    assert change.tree.kind == "merge"
    assert lines(change) == {"f.py": {49}, "new.py": {1}}
    assert head_line(change, "f.py", 49) == ("f.py", 43)
    assert "it was pushed to since" in change.notes[0]


@pytest.mark.parametrize("name", ["a b.py", 'q"q.py', "tab\tnew\nline.py", "é/日本.py"])
def test_odd_names_are_mapped_through_a_test_merge(tmp_path: Path, name: str) -> None:
    repo = GitRepo(tmp_path / "origin")
    repo.commit({name: numbered(30), "i.bin": b"\0"})
    repo.branch("topic")
    looks = "++ b/x.py\n-- a/x.py\ndiff --git a/x b/x\n"
    head = repo.commit({name: numbered(30) + looks, "i.bin": b"\0\1"})
    repo.git("checkout", "-q", "main")
    base = repo.commit({name: "++ b/y.py\n" + numbered(30)})
    merge = repo.merge(base, head)
    ref = PullRef(7, head, base, merge)
    local = resolved(repo.root, pull=ref)
    clone = repo.clone(tmp_path / "clone", merge, depth=1)
    remote = resolved(clone, pull=ref, api=RepoApi(repo))
    for change in (local, remote):
        assert lines(change) == {name: {32, 33, 34}, "i.bin": set()}
        assert head_line(change, name, 32) == (name, 31)
        assert head_line(change, name, 1) is None


def test_renames_on_either_side_of_a_test_merge_are_followed(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "origin")
    files = {"a.py": numbered(30), "b.py": numbered(30, 100), "c.py": numbered(30, 200)}
    repo.commit(files)
    repo.branch("topic")
    repo.git("mv", "a.py", "a2.py")
    repo.git("rm", "-q", "c.py")
    head = repo.commit({"a2.py": numbered(30) + "h\n", "b.py": numbered(30, 100) + "h\n"})
    repo.git("checkout", "-q", "main")
    repo.git("mv", "b.py", "b2.py")
    base = repo.commit({"a.py": "t\n" + numbered(30)})
    merge = repo.merge(base, head)
    change = resolved(repo.root, pull=PullRef(7, head, base, merge))
    assert lines(change) == {"a2.py": {32}, "b2.py": {31}, "c.py": set()}
    assert change.diff is not None
    assert change.diff.files["a2.py"].old_path == "a.py"
    assert change.diff.files["c.py"].status == "deleted"
    assert head_line(change, "a2.py", 32) == ("a2.py", 31)
    assert head_line(change, "b2.py", 31) == ("b.py", 31)


def test_locally_the_working_tree_is_compared_with_the_merge_base(pull: Pull) -> None:
    repo = pull.repo
    repo.git("checkout", "-q", "topic")
    repo.write({"f.py": "dirty\n" + (repo.root / "f.py").read_text(), "todo.py": "a\nb"})
    repo.git("mv", "other.py", "moved.py")
    for options in ({}, {"base": "main"}, {"base": pull.base}):
        change = resolved(repo.root, **options)
        assert (change.tree.kind, change.tree.base_sha) == ("worktree", pull.fork)
        assert lines(change) == {
            "f.py": {1, 43},
            "new.py": {1},
            "moved.py": set(),
            "todo.py": {1, 2},
        }
        assert change.line_map == LineMap.identity()
        assert change.notes == ()


def test_untracked_files_of_every_kind(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit({".gitignore": "*.log\n"})
    repo.write({"a.log": "x\n", "empty.py": "", "i.bin": b"\0", "d/two.py": "1\n2\n"})
    (repo.root / "link.py").symlink_to("/etc/hostname")
    os.mkfifo(repo.root / "pipe.py")
    (repo.root / "large.py").write_bytes(b"x\n" * (3 * 1024 * 1024))
    GitRepo(repo.root / "nested").commit({"x.py": "a\n"})
    change = resolved(repo.root)
    assert lines(change) == {
        "empty.py": set(),
        "i.bin": set(),
        "d/two.py": {1, 2},
        "large.py": set(),
    }
    assert change.diff is not None
    assert change.diff.incomplete == 1
    assert change.diff.files["i.bin"].binary


def test_a_flood_of_untracked_files_is_cut_and_said(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit()
    repo.write({f"env/{number}.py": "" for number in range(2003)})
    change = resolved(repo.root)
    assert len(lines(change)) == 2000
    assert "3 of 2003 untracked files are left out" in change.notes[0]


def test_the_commit_alone_is_compared_without_the_working_tree(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", "topic")
    pull.repo.write({"f.py": "dirty\n", "todo.py": "a\n"})
    change = resolved(pull.repo.root, worktree=False)
    assert change.tree.kind == "commit"
    assert lines(change) == {"f.py": {42}, "new.py": {1}}


def test_a_push_whose_base_is_not_here_asks_the_api(pull: Pull, tmp_path: Path) -> None:
    clone = pull.repo.clone(tmp_path / "clone", pull.head, depth=1)
    change = resolved(clone, base=pull.fork, api=pull.api(), worktree=False)
    assert lines(change) == {"f.py": {42}, "new.py": {1}}


def test_nothing_to_compare_is_said(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", "main")
    change = resolved(pull.repo.root)
    assert lines(change) == {}
    assert change.notes == ("Nothing differs from main: there are no changed lines.",)


def test_no_base_is_said(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit({"x": "a"})
    repo.git("branch", "-m", "trunk")
    change = resolved(repo.root)
    assert change.diff is None
    assert change.notes == ("No base to compare with was found: name one with --base.",)


def test_a_base_without_common_history_is_said(pull: Pull) -> None:
    pull.repo.git("checkout", "-q", "--orphan", "alone")
    pull.repo.commit({"x": "a"})
    change = resolved(pull.repo.root, base="main")
    assert change.diff is None
    assert change.notes[0].startswith("No common ancestor with main is here")


@pytest.mark.parametrize("base", ["no-such-branch", "--upload-pack=x", ""])
def test_a_base_that_is_no_commit_is_the_users_error(pull: Pull, base: str) -> None:
    with pytest.raises(UsageError, match="names no commit of this repository"):
        resolved(pull.repo.root, base=base)


def test_a_given_diff_takes_the_place_of_ours(pull: Pull) -> None:
    text = "--- a/x.py\n+++ b/x.py\n@@ -0,0 +1 @@\n+a\n"
    local = resolved(pull.repo.root, diff_text=text)
    assert lines(local) == {"x.py": {1}}
    assert local.notes == ()
    merge = resolved(pull.repo.root, pull=pull.ref(), diff_text=text)
    assert lines(merge) == {"x.py": {1}}
    assert head_line(merge, "f.py", 49) == ("f.py", 42)
    with pytest.raises(WorkspaceError, match="can't be read"):
        resolved(pull.repo.root, diff_text="nonsense")


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    change = resolved(folder)
    assert (change.tree.kind, change.tree.sha, change.diff) == ("unknown", None, None)
    assert change.notes == ("plain is no git repository: files are not compared.",)
    assert asyncio.run(list_files(Git(folder, env=git_env()))) is None


def test_a_pull_request_without_a_repository_still_names_its_files(
    pull: Pull, tmp_path: Path
) -> None:
    """Checkout leaves no `.git` where it downloads an archive."""
    change = resolved(tmp_path, pull=pull.ref(), api=pull.api())
    assert lines(change) == {"f.py": set(), "new.py": set()}
    assert change.line_map is None
    assert change.tree.head_sha == pull.head


def test_the_files_of_tree_and_commit(pull: Pull) -> None:
    pull.repo.write({"todo.py": "a\n"})
    git = Git(pull.repo.root, env=git_env())
    assert asyncio.run(list_files(git)) == ("f.py", "new.py", "other.py", "todo.py")
    assert asyncio.run(list_files(git, worktree=False)) == ("f.py", "new.py", "other.py")


def test_a_partial_clone_is_not_completed_behind_our_back(pull: Pull, tmp_path: Path) -> None:
    """Missing files are not fetched by git: the API gives the diff."""
    pull.repo.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    subprocess.run(
        [
            "git",
            "clone",
            "-q",
            "--filter=blob:none",
            "--no-checkout",
            pull.repo.root.as_uri(),
            clone,
        ],
        env=git_env(),
        check=True,
        capture_output=True,
    )
    GitRepo(clone).git("update-ref", "--no-deref", "HEAD", pull.merge)
    assert_test_merge(resolved(clone, pull=pull.ref(), api=pull.api()), pull)
