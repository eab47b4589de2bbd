"""Git with real repositories, honest and hostile."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env, numbered

from qe_action.analysis.diff import parse_diff
from qe_action.errors import WorkspaceError
from qe_action.workspace.git import Git
from qe_action.workspace.pipes import pipe_in
from qe_action.workspace.process import run_program
from qe_action.workspace.tree_entries import contents, entries_of


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "repo")


def opened(path: Path) -> Git:
    return Git(path, env=git_env())


ODD_NAMES = [
    "with space.py",
    'q"uote.py',
    "tab\there.py",
    "new\nline.py",
    "ünï/日本.py",
    "back\\slash.py",
]


def test_odd_names_come_through_diff_and_list(repo: GitRepo) -> None:
    base = repo.commit(dict.fromkeys(ODD_NAMES, numbered(3)))
    head = repo.commit(dict.fromkeys(ODD_NAMES, numbered(3) + "more\n"))
    git = opened(repo.root)
    diff = parse_diff(asyncio.run(git.diff_commits(base, head)))
    assert {path: set(change.added) for path, change in diff.files.items()} == {
        name: {4} for name in ODD_NAMES
    }
    assert sorted(asyncio.run(git.tracked(head))) == sorted(ODD_NAMES)


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes UTF-8 names only")
def test_a_name_that_is_no_utf8_is_shown_with_replacement(repo: GitRepo) -> None:
    name = os.fsdecode(b"\xff.py")
    base = repo.commit()
    head = repo.commit({name: "a\n"})
    git = opened(repo.root)
    assert asyncio.run(git.tracked(head)) == ("\ufffd.py",)
    assert parse_diff(asyncio.run(git.diff_commits(base, head))).added("\ufffd.py") == {1}


def test_added_lines_that_look_like_headers(repo: GitRepo) -> None:
    base = repo.commit({"x.py": "-- a/x.py\nkeep\n"})
    head = repo.commit({"x.py": "++ b/x.py\ndiff --git a/q b/q\n@@ -1 +1 @@\nkeep\n\\ No newline"})
    diff = parse_diff(asyncio.run(opened(repo.root).diff_commits(base, head)))
    assert {path: set(c.added) for path, c in diff.files.items()} == {"x.py": {1, 2, 3, 5}}


def test_renames_deletions_binaries_modes_and_submodules(repo: GitRepo) -> None:
    base = repo.commit(
        {
            "old.py": numbered(20),
            "gone.py": "a\n",
            "i.bin": b"\0\1",
            "run.sh": "a\n",
            "latin.py": "a\n",
        }
    )
    repo.git("mv", "old.py", "new.py")
    repo.git("rm", "-q", "gone.py")
    (repo.root / "run.sh").chmod(0o755)
    repo.write({"new.py": numbered(20) + "x\n", "i.bin": b"\0\2", "latin.py": b"a\n\xe9\xff\r\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{base},sub")
    repo.git("add", "-A", "--", "new.py", "i.bin", "run.sh", "latin.py")
    repo.git("commit", "-q", "-m", "x")
    git = opened(repo.root)
    head = asyncio.run(git.head())
    assert head is not None
    files = parse_diff(asyncio.run(git.diff_commits(base, head))).files
    assert {path: (c.status, c.old_path, c.binary, set(c.added)) for path, c in files.items()} == {
        "new.py": ("renamed", "old.py", False, {21}),
        "gone.py": ("deleted", None, False, set()),
        "i.bin": ("modified", None, True, set()),
        "run.sh": ("modified", None, False, set()),
        "latin.py": ("modified", None, False, {2}),
    }
    assert "sub" not in asyncio.run(git.tracked(head))


def test_revisions_ancestors_and_files(repo: GitRepo) -> None:
    root = repo.commit({"x.py": "a\n"})
    side = repo.commit({"x.py": "b\n"})
    repo.branch("side")
    repo.git("checkout", "-q", "-b", "other", root)
    other = repo.commit({"y.py": "c\n"})
    merge = repo.merge(other, side)
    git = opened(repo.root / ".")
    assert asyncio.run(git.head()) == merge
    assert asyncio.run(git.parents(merge)) == (other, side)
    assert asyncio.run(git.merge_base(other, side)) == root
    assert asyncio.run(git.resolve("side")) == side
    assert asyncio.run(git.has_commit(side))
    assert not asyncio.run(git.has_commit("0" * 40))
    assert asyncio.run(git.first_parents(merge, 5)) == (other, root)
    assert [entry.path for entry in asyncio.run(entries_of(git, root))] == ["x.py"]
    assert asyncio.run(git.is_shallow()) is False


def test_unrelated_histories_have_no_merge_base(repo: GitRepo) -> None:
    one = repo.commit({"x": "a"})
    repo.git("checkout", "-q", "--orphan", "other")
    assert asyncio.run(opened(repo.root).merge_base(one, repo.commit({"y": "b"}))) is None


@pytest.mark.parametrize(
    "rev", ["", "--help", "--output=x", "-h", "no-such", "HEAD\0", "HEAD\n", "HEAD:x", "@{99}"]
)
def test_a_hostile_revision_names_nothing(repo: GitRepo, rev: str) -> None:
    repo.commit({"x": "a"})
    assert asyncio.run(opened(repo.root).resolve(rev)) is None
    assert sorted(path.name for path in repo.root.iterdir()) == [".git", "x"]


def test_only_hashes_reach_the_commands_that_take_commits(repo: GitRepo) -> None:
    head = repo.commit({"x": "a"})
    git = opened(repo.root)
    with pytest.raises(WorkspaceError, match="no full hash"):
        asyncio.run(git.diff_commits(head, "--output=stolen"))
    with pytest.raises(WorkspaceError, match="no full hash"):
        asyncio.run(git.tracked("HEAD"))


def test_depth_one_still_names_the_parents(repo: GitRepo, tmp_path: Path) -> None:
    base = repo.commit({"x": "a"})
    head = repo.commit({"x": "b"})
    git = opened(repo.clone(tmp_path / "shallow", head, depth=1))
    assert asyncio.run(git.is_shallow()) is True
    assert asyncio.run(git.parents(head)) == (base,)
    assert not asyncio.run(git.has_commit(base))
    with pytest.raises(WorkspaceError, match="git diff-tree failed: fatal: bad object"):
        asyncio.run(git.diff_commits(base, head))


def test_an_empty_repository_has_no_head(repo: GitRepo) -> None:
    assert asyncio.run(opened(repo.root).head()) is None


def test_a_folder_without_git_says_so(tmp_path: Path) -> None:
    git = opened(tmp_path)
    assert git.toplevel is None
    with pytest.raises(WorkspaceError, match="is in no git repository"):
        asyncio.run(git.head())


def test_a_subfolder_and_a_linked_worktree_find_their_repository(
    repo: GitRepo, tmp_path: Path
) -> None:
    head = repo.commit({"sub/x.py": "a\n"})
    assert opened(repo.root / "sub").toplevel == repo.root.resolve()
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = opened(tmp_path / "linked")
    assert asyncio.run(linked.head()) == head
    assert asyncio.run(linked.worktree_files()) == ("sub/x.py",)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to chown")
def test_a_checkout_of_another_owner_is_read(repo: GitRepo) -> None:
    """The container runs as root, the runner's user owns the workspace."""
    head = repo.commit({"x": "a\n"})
    for path in (repo.root, *repo.root.rglob("*")):
        os.chown(path, 1001, 1001)
    git = opened(repo.root)
    assert asyncio.run(git.head()) == head
    assert asyncio.run(git.worktree_files()) == ("x",)


def test_the_working_tree_with_its_untracked_files(repo: GitRepo) -> None:
    base = repo.commit({"x.py": numbered(5), "y.py": "a\n", ".gitignore": "*.log\n"})
    repo.write({"x.py": "new\n" + numbered(5), "z.py": "b\n", "run.log": "c\n"})
    os.utime(repo.root / "y.py", (1, 1))
    git = opened(repo.root)
    diff = parse_diff(asyncio.run(git.diff_worktree(base)))
    assert {path: set(change.added) for path, change in diff.files.items()} == {"x.py": {1}}
    assert asyncio.run(git.untracked()) == ("z.py",)
    assert asyncio.run(git.worktree_files()) == (".gitignore", "x.py", "y.py", "z.py")


def test_line_ends_that_the_checkout_turned_are_no_changes(repo: GitRepo) -> None:
    base = repo.commit({"x.py": numbered(3)})
    repo.write({"x.py": "line 1\r\nline 2\r\nline 3\r\nline 4\r\n"})
    assert parse_diff(asyncio.run(opened(repo.root).diff_worktree(base))).added("x.py") == {4}


def hostile(repo: GitRepo, marker: Path) -> None:
    """Everything in `.git` and the tree that we know to run a program or to bend a diff."""
    program = repo.root.parent / "evil"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{marker}"\ncat\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    hooks = repo.root.parent / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).write_text(program.read_text())
        (hooks / hook).chmod(0o755)
    included = repo.root.parent / "included"
    included.write_text(
        f'[core]\n\tfsmonitor = {program}\n[diff "included"]\n\tcommand = {program}\n'
    )
    evil = str(program)
    config = repo.root / ".git" / "config"
    config.write_text(
        config.read_text()
        + f"""
[include]
\tpath = {included}
[core]
\tfsmonitor = {evil}
\thooksPath = {hooks}
\tworktree = {repo.root.parent}
\tpager = {evil}
\tsshCommand = {evil}
\taskPass = {evil}
\tquotePath = true
\tattributesFile = {repo.root.parent / "attributes"}
\tbigFileThreshold = 1
\tbare = true
[pager]
\tdiff-tree = {evil}
\tls-files = {evil}
[alias]
\tdiff-tree = !{evil}
\tls-files = !{evil}
[diff]
\texternal = {evil}
\tnoprefix = true
\tmnemonicPrefix = true
\trenames = false
\trelative = true
\tcontext = 9
\tinterHunkContext = 9
\tsrcPrefix = x/
\tdstPrefix = y/
\tsubmodule = diff
\tcolorMoved = zebra
\torderFile = {evil}
[color]
\tui = always
\tdiff = always
[diff "evil"]
\tcommand = {evil}
\ttextconv = {evil}
\tbinary = true
[filter "evil"]
\tclean = {evil}
\tsmudge = {evil}
\tprocess = {evil}
\trequired = true
[filter "with.dot = x"]
\tclean = {evil}
[credential]
\thelper = !{evil}
[remote "origin"]
\turl = ext::{evil}
\tpromisor = true
\tpartialclonefilter = blob:none
\tuploadpack = {evil}
[extensions]
\tpartialClone = origin
[gpg]
\tprogram = {evil}
[uploadpack]
\tpackObjectsHook = {evil}
"""
    )
    (repo.root.parent / "attributes").write_text("*.py diff=evil filter=evil binary\n")


def test_nothing_in_the_checkout_runs_or_bends_the_output(repo: GitRepo, tmp_path: Path) -> None:
    base = repo.commit({"old.py": numbered(20), "x.py": numbered(9), "ü.py": "a\n"})
    repo.git("mv", "old.py", "new.py")
    head = repo.commit({"new.py": numbered(20) + "y\n", "x.py": numbered(9) + "y\n", "ü.py": "b\n"})
    repo.write({".gitattributes": '*.py filter=evil diff=evil\nx.py "filter=with.dot = x"\n'})
    marker = tmp_path / "marker"
    hostile(repo, marker)
    os.utime(repo.root / "x.py", (1, 1))
    git = opened(repo.root)

    async def everything() -> None:
        assert await git.head() == head
        for text in (await git.diff_commits(base, head), await git.diff_worktree(base)):
            files = parse_diff(text).files
            assert {path: set(change.added) for path, change in files.items()} == {
                "new.py": {21},
                "x.py": {10},
                "ü.py": {1},
            }
            assert files["new.py"].old_path == "old.py"
        assert await git.worktree_files() == ("new.py", "x.py", "ü.py", ".gitattributes")
        assert await git.tracked(head) == ("new.py", "x.py", "ü.py")
        entries = {entry.path: entry for entry in await entries_of(git, head)}
        assert await contents(git, [entries["ü.py"]]) == [b"b\n"]
        assert await git.merge_base(base, head) == base
        assert not await git.has_commit("1" * 40)
        assert not await git.is_shallow()

    asyncio.run(everything())
    assert not marker.exists(), marker.read_text()
    # The trap is a real one: git as it comes does run the program.
    plain = ["git", f"--work-tree={repo.root}", "-c", "core.bare=false", "status"]
    subprocess.run(plain, cwd=repo.root, env=git_env(), capture_output=True, check=False)
    assert marker.exists()


def git_version() -> tuple[int, ...]:
    words = subprocess.run(["git", "version"], capture_output=True, check=True).stdout.split()
    return tuple(int(number) for number in words[2].split(b".")[:2])


@pytest.mark.skipif(git_version() < (2, 43), reason="this git has no attr.tree")
def test_the_attributes_of_the_tree_hide_no_lines(repo: GitRepo) -> None:
    base = repo.commit({".gitattributes": "*.py binary\n", "x.py": "a\n"})
    head = repo.commit({"x.py": "b\n"})
    assert parse_diff(asyncio.run(opened(repo.root).diff_commits(base, head))).added("x.py") == {1}


def test_replaced_objects_are_not_believed(repo: GitRepo) -> None:
    base = repo.commit({"x.py": "a\n"})
    head = repo.commit({"x.py": "b\n"})
    repo.git("replace", head, base)
    assert parse_diff(asyncio.run(opened(repo.root).diff_commits(base, head))).added("x.py") == {1}


def test_a_git_in_the_checkout_is_not_run(repo: GitRepo, tmp_path: Path) -> None:
    head = repo.commit({"bin/git": "#!/bin/sh\ntouch ran\n"})
    (repo.root / "bin" / "git").chmod(0o755)
    env = git_env()
    env["PATH"] = os.pathsep.join([str(repo.root / "bin"), "", "bin", ".", env["PATH"]])
    assert asyncio.run(Git(repo.root, env=env).head()) == head
    assert not (repo.root / "ran").exists()


def test_variables_of_the_caller_are_not_passed_on(repo: GitRepo, tmp_path: Path) -> None:
    head = repo.commit({"x": "a"})
    other = GitRepo(tmp_path / "other")
    other.commit({"y": "b"})
    env = git_env() | {"GIT_DIR": str(other.root / ".git"), "GIT_TRACE": str(tmp_path / "trace")}
    assert asyncio.run(Git(repo.root, env=env).head()) == head
    assert not (tmp_path / "trace").exists()


def test_a_missing_git_is_a_clear_error(repo: GitRepo, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="git can't be run"):
        asyncio.run(Git(repo.root, env={"PATH": str(tmp_path)}).head())


async def told(asked: Awaitable[str]) -> str:
    """What git says, or why it does not."""
    try:
        return await asked
    except WorkspaceError as error:
        return error.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize(
    "place",
    [
        *(".gitattributes", "src/deep/.gitattributes", ".git/info/attributes", ".git/packed-refs"),
        *(".git/shallow", ".git/objects/info/alternates", ".git/commondir", ".git/index"),
    ],
)
def test_a_pipe_in_a_file_s_place_is_named_at_once(repo: GitRepo, place: str) -> None:
    base = repo.commit({"src/deep/a.py": "a = 1\n", "b.py": "b = 1\n"})
    repo.write({"src/deep/a.py": "a = 2\n", "b.py": "b = 2\n"})
    path = repo.root / place
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    git = Git(repo.root, env=os.environ, timeout=600)
    said = asyncio.run(told(git.diff_worktree(base)))
    newer = place.endswith(".gitattributes") and "+a = 2" in said  # newer ones don't read it
    assert newer or f"{place} is no file" in said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("place", [".gitignore", "src/.gitignore", ".git/info/exclude"])
def test_a_pipe_of_ignored_names_is_named_at_once(repo: GitRepo, place: str) -> None:
    repo.commit({"src/a.py": "a = 1\n"})
    (repo.root / place).unlink(missing_ok=True)
    os.mkfifo(repo.root / place)
    with pytest.raises(WorkspaceError, match=f"{place} is no file"):
        asyncio.run(Git(repo.root, env=os.environ, timeout=600).untracked())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pipes_that_git_does_not_read_are_nobody_s_concern(repo: GitRepo) -> None:
    base = repo.commit({"a.py": "a = 1\n", "tests/x": ""})
    repo.write({"a.py": "a = 2\n"})
    os.mkfifo(repo.root / "tests/pipe")
    (repo.root / ".gitattributes").symlink_to(os.devnull)
    assert "a = 2" in asyncio.run(Git(repo.root, env=os.environ).diff_worktree(base))
    assert pipe_in(repo.root) is None


def program(folder: Path, body: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nimport sys, time, os\n{body}\n")
    path.chmod(0o755)
    return path


def call(path: Path, **limits: float) -> tuple[int, bytes, bytes]:
    limit, timeout = int(limits.get("limit", 10**6)), limits.get("timeout", 30.0)
    run = run_program(path, ("go",), env={}, cwd=path.parent, timeout=timeout, limit=limit)
    return asyncio.run(run)


def test_code_output_and_the_head_of_long_errors_come_back(tmp_path: Path) -> None:
    path = program(tmp_path, "print('out'); sys.stderr.write('e' * 10**6); sys.exit(3)")
    assert call(path) == (3, b"out\n", b"e" * 4096)


def test_endless_output_is_cut_off(tmp_path: Path) -> None:
    path = program(tmp_path, "while True: sys.stdout.write('x' * 65536)")
    with pytest.raises(WorkspaceError, match="program go gave more than 100000 bytes"):
        call(path, limit=100_000)


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    path = program(tmp_path, "time.sleep(600)")
    with pytest.raises(WorkspaceError, match=r"took longer than 0.2 seconds"):
        call(path, timeout=0.2)


def test_a_cancelled_call_leaves_no_program_running(tmp_path: Path) -> None:
    path = program(tmp_path, "open('pid', 'w').write(str(os.getpid())); time.sleep(600)")
    pid = tmp_path / "pid"

    async def cancelled() -> None:
        run = run_program(path, (), env={}, cwd=tmp_path, timeout=60, limit=10)
        task = asyncio.create_task(run)
        deadline = time.monotonic() + 20
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
