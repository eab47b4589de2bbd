"""The copy of the tracked files that hostile code may see."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env

from qe_action.errors import WorkspaceError
from qe_action.workspace.export import Bounds, LeftOut, exported
from qe_action.workspace.folders import remove, scratch
from qe_action.workspace.git import Git


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return GitRepo(tmp_path / "repo")


def tree(root: Path) -> dict[str, str]:
    """Files with their content, links with an arrow, empty folders with a slash."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text(errors="replace")
        elif not any(path.iterdir()):
            found[f"{name}/"] = ""
    return found


def export(
    repo: GitRepo, parent: Path, sha: str | None, bounds: Bounds | None = None
) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    async def go() -> tuple[dict[str, str], tuple[LeftOut, ...]]:
        git = Git(repo.root, env=dict(os.environ))
        limits = {} if bounds is None else {"bounds": bounds}
        async with exported(git, sha, parent=parent, **limits) as copy:
            return tree(copy.root), copy.left_out

    try:
        return asyncio.run(go())
    finally:
        assert [path.name for path in parent.iterdir()] == [repo.root.name]


FILES = {
    "src/a.py": "a = 1\n",
    "tests/deep/er/t.py": "t\n",
    "data.bin": b"\x00\xff\r\n",
    "a name with\ttab \xe4.txt": "x",
}


def test_a_commit_is_copied_without_git_and_without_what_is_not_tracked(
    repo: GitRepo, tmp_path: Path
) -> None:
    sha = repo.commit(FILES)
    repo.write({"src/a.py": "changed", "untracked": "x"})
    found, left_out = export(repo, tmp_path, sha)
    assert set(found) == set(FILES)
    assert found["src/a.py"] == "a = 1\n"
    assert left_out == ()


def test_the_working_tree_is_copied_as_it_is(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit({**FILES, "gone.py": "x"})
    repo.write({"src/a.py": "changed", "untracked": "x", "new.py": "new"})
    repo.git("add", "new.py")
    (repo.root / "gone.py").unlink()
    found, left_out = export(repo, tmp_path, None)
    assert set(found) == {*FILES, "new.py"}
    assert found["src/a.py"] == "changed"
    assert left_out == ()


def test_an_empty_commit_gives_an_empty_folder(repo: GitRepo, tmp_path: Path) -> None:
    assert export(repo, tmp_path, repo.commit()) == ({}, ())


@pytest.mark.parametrize("of_commit", [True, False])
def test_links_that_lead_outside_are_left_out_and_named(
    repo: GitRepo, tmp_path: Path, of_commit: bool
) -> None:
    (tmp_path / "repo" / "a" / "b").mkdir(parents=True)
    repo.write({"a/file": "x"})
    for name, target in {
        "inside": "a/file",
        "a/up": "../a/file",
        "dangling": "a/none",
        "passwd": "/etc/passwd",
        "a/b/out": "../../../x",
        "top": "a/..",
        "sneaky": "a/b/top2/../secret",
        "a/b/top2": "../..",
        "circle": "circle",
        "self": "../repo/a/file",
    }.items():
        (repo.root / name).symlink_to(target)
    sha = repo.commit()
    found, left_out = export(repo, tmp_path, sha if of_commit else None)
    assert {item.path for item in left_out} == {"passwd", "a/b/out", "sneaky", "self"}
    assert {item.reason for item in left_out} == {"a link that leads outside"}
    assert set(found) == {"a/file", "inside", "a/up", "dangling", "top", "a/b/top2", "circle"}


def raw_commit(repo: GitRepo, entries: list[tuple[str, str, str]]) -> str:
    """A commit of a tree that git's own commands would refuse."""
    body = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(sha) for mode, name, sha in entries)
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=repo.root, input=body, capture_output=True, check=True, env=git_env(),
    )  # fmt: skip
    return repo.git("commit-tree", "-m", "x", made.stdout.decode().strip())


def blob(repo: GitRepo, text: str) -> str:
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=repo.root, input=text.encode(), capture_output=True, check=True, env=git_env(),
    )  # fmt: skip
    return made.stdout.decode().strip()


def test_paths_that_lead_outside_are_left_out(repo: GitRepo, tmp_path: Path) -> None:
    evil, fine = blob(repo, "evil"), blob(repo, "fine")
    outside = raw_commit(repo, [("100644", "config", evil)])
    folder = repo.git("rev-parse", f"{outside}^{{tree}}")
    sha = raw_commit(
        repo,
        [
            ("40000", "..", folder),
            ("40000", ".GIT", folder),
            ("40000", ".git", folder),
            ("100644", "fine", fine),
            ("40000", "git~1", folder),
        ],
    )
    found, left_out = export(repo, tmp_path, sha)
    assert found == {"fine": "fine"}
    assert [item.path for item in left_out] == [
        *("../config", ".GIT/config", ".git/config", "git~1/config"),
    ]


def test_a_link_and_a_folder_of_one_name_write_nothing_outside(
    repo: GitRepo, tmp_path: Path
) -> None:
    """A tree may name a thing twice: first as a link to elsewhere, then as a folder."""
    elsewhere = tmp_path / "repo" / "elsewhere"
    elsewhere.mkdir()
    link = blob(repo, str(elsewhere))
    inner = raw_commit(repo, [("100644", "file", blob(repo, "x")), ("120000", "link", link)])
    only_link = raw_commit(repo, [("120000", "link", blob(repo, "x"))])
    sha = raw_commit(
        repo,
        [
            ("120000", "a", link),
            ("40000", "a", repo.git("rev-parse", f"{inner}^{{tree}}")),
            ("120000", "b", link),
            ("40000", "b", repo.git("rev-parse", f"{only_link}^{{tree}}")),
        ],
    )
    found, left_out = export(repo, tmp_path, sha)
    assert not list(elsewhere.iterdir())
    assert found == {"a/file": "x"}
    assert {item.path for item in left_out} == {"a", "a/link", "b", "b/link"}


def test_submodules_are_empty_folders(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit({"a": "x"})
    inner = GitRepo(repo.root / "sub")
    sub = inner.commit({"secret": "x"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{sub},sub")
    repo.git("commit", "-q", "-m", "sub")
    for sha in (repo.git("rev-parse", "HEAD"), None):
        assert export(repo, tmp_path, sha) == ({"a": "x", "sub/": ""}, ())


def test_no_filter_and_no_hook_is_run(repo: GitRepo, tmp_path: Path) -> None:
    marker = tmp_path / "repo" / "ran"
    script = f"sh -c 'touch {marker}; cat'"
    sha = repo.commit({".gitattributes": "* filter=evil text eol=crlf ident\n", "a": "$Id$\n"})
    for key, value in {
        "filter.evil.smudge": script,
        "filter.evil.clean": script,
        "filter.evil.process": script,
        "core.fsmonitor": str(marker),
        "core.hooksPath": str(tmp_path),
    }.items():
        repo.git("config", key, value)
    for which in (sha, None):
        found, _ = export(repo, tmp_path, which)
        assert found["a"] == "$Id$\n"
    assert not marker.exists()


def test_large_files_are_left_out_and_large_trees_refused(repo: GitRepo, tmp_path: Path) -> None:
    sha = repo.commit({"small": "x" * 10, "large": "y" * 1000})
    for which in (sha, None):
        found, left_out = export(repo, tmp_path, which, Bounds(file=100))
        assert found == {"small": "x" * 10}
        assert left_out == (LeftOut("large", "too large"),)
        with pytest.raises(WorkspaceError, match="too many to copy"):
            export(repo, tmp_path, which, Bounds(total=500))
        with pytest.raises(WorkspaceError, match="more than 1 files"):
            export(repo, tmp_path, which, Bounds(files=1))


def test_contents_are_read_a_few_at_a_time(repo: GitRepo, tmp_path: Path) -> None:
    files = {f"f{number}": f"{number}\n" * number for number in range(40)}
    sha = repo.commit({**files, "same": files["f7"]})
    found, _ = export(repo, tmp_path, sha, Bounds(batch=64))
    assert found == {**files, "same": files["f7"]}


def test_a_missing_object_is_named(repo: GitRepo, tmp_path: Path) -> None:
    sha = repo.commit({"a": "x", "b": "y"})
    name = repo.git("rev-parse", "HEAD:b")
    (repo.root / ".git" / "objects" / name[:2] / name[2:]).unlink()
    assert export(repo, tmp_path, sha) == (
        {"a": "x"},
        (LeftOut("b", "its content is not here"),),
    )


def test_a_folder_of_the_working_tree_that_became_a_link_is_not_followed(
    repo: GitRepo, tmp_path: Path
) -> None:
    repo.commit({"d/file": "x", "e": "y"})
    shutil.rmtree(repo.root / "d")
    (repo.root / "d").symlink_to("/etc")
    (repo.root / "e").unlink()
    os.mkfifo(repo.root / "e")
    found, left_out = export(repo, tmp_path, None)
    assert found == {}
    assert {item.path for item in left_out} == {"d/file", "e"}


def test_nobody_may_write_and_programs_stay_programs(repo: GitRepo, tmp_path: Path) -> None:
    repo.write({"d/run.sh": "x", "d/plain": "y"})
    (repo.root / "d/run.sh").chmod(0o755)
    sha = repo.commit()

    async def go(owner: int | None, *, writable: bool) -> list[tuple[int, int]]:
        git = Git(repo.root, env=dict(os.environ))
        async with exported(git, sha, parent=tmp_path, owner=owner, writable=writable) as copy:
            paths = (copy.root, *(copy.root / name for name in ("d", "d/run.sh", "d/plain")))
            return [(stat.S_IMODE(p.stat().st_mode), p.stat().st_uid) for p in paths]

    me = os.getuid()
    shared = asyncio.run(go(None, writable=False))
    assert shared == [(0o555, me), (0o555, me), (0o555, me), (0o444, me)]
    user = 60123 if me == 0 else me
    own = asyncio.run(go(user, writable=False))
    assert own == [(0o500, user), (0o555, user), (0o555, user), (0o444, user)]
    free = asyncio.run(go(user, writable=True))
    assert free == [(0o700, user), (0o755, user), (0o755, user), (0o644, user)]
    assert [path.name for path in tmp_path.iterdir()] == ["repo"]


def test_the_copy_is_removed_when_the_block_fails_or_is_cancelled(
    repo: GitRepo, tmp_path: Path
) -> None:
    sha = repo.commit({"a": "x"})

    async def fail() -> None:
        async with exported(Git(repo.root, env=dict(os.environ)), sha, parent=tmp_path):
            raise ValueError("ours")

    async def wait() -> None:
        async with exported(Git(repo.root, env=dict(os.environ)), sha, parent=tmp_path):
            await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with pytest.raises(ValueError, match="ours"):
        asyncio.run(fail())
    asyncio.run(cancel())
    assert [path.name for path in tmp_path.iterdir()] == ["repo"]


def test_any_folder_can_be_removed_and_no_link_is_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(kept)
    (top / "shut" / "in").mkdir(parents=True)
    (top / "shut" / "in" / "link").symlink_to(kept)
    (top / "shut" / "in").chmod(0)
    (top / "shut").chmod(0)
    here = os.open(".", os.O_RDONLY)
    os.chdir(top)
    for _ in range(1200):
        Path("d" * 50).mkdir()
        os.chdir("d" * 50)
    os.fchdir(here)
    os.close(here)
    remove(top)
    assert not top.exists()
    assert (kept / "file").exists()
    remove(tmp_path / "never")


def test_scratch_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    user = 60123 if os.getuid() == 0 else os.getuid()

    async def go() -> tuple[int, int]:
        async with scratch(tmp_path, owner=user) as folder:
            return stat.S_IMODE(folder.stat().st_mode), folder.stat().st_uid

    assert asyncio.run(go()) == (0o700, user)
    assert not list(tmp_path.iterdir())
