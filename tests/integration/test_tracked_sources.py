"""What of a checkout may be shown: the repository's own files, and no others by no link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from gitrepo import GitRepo

from qe_action import defaults
from qe_action.workspace.checkout import GitCheckout
from qe_action.workspace.tracked_sources import tracked_sources


def reader(root: Path) -> Callable[[str], bytes | None]:
    async def make() -> Callable[[str], bytes | None]:
        checkout = defaults.checkout(root, None)
        assert isinstance(checkout, GitCheckout)
        await checkout.change()
        return await tracked_sources(checkout)

    return asyncio.run(make())


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    (tmp_path / "secret.txt").write_text("secret")
    repo = GitRepo(tmp_path / "repo")
    repo.write({"src/a.py": "x = 1\n", ".gitignore": ".env\n"})
    (repo.root / "config.py").symlink_to(".git/config")
    (repo.root / "out.py").symlink_to("../secret.txt")
    (repo.root / "same.py").symlink_to("src/a.py")
    (repo.root / "git").symlink_to(".git")
    repo.commit()
    repo.write({".env": "TOKEN=1\n"})
    return repo


def test_files_of_the_repository_are_read_also_by_a_link_to_one(repo: GitRepo) -> None:
    read = reader(repo.root)
    assert read("src/a.py") == read("same.py") == b"x = 1\n"


@pytest.mark.parametrize(
    "path",
    [".git/config", "config.py", "git/config", "out.py", ".env", "../secret.txt", "src", "gone.py"],
)
def test_nothing_else_is(repo: GitRepo, path: str) -> None:
    assert reader(repo.root)(path) is None


def test_without_a_repository_hidden_files_are_left_out(tmp_path: Path) -> None:
    for name in ("a.py", ".env", ".kept/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    read = reader(tmp_path)
    assert read("a.py") == b"text"
    assert read(".env") is None
    assert read(".kept/config") is None


def test_where_the_files_cannot_be_listed_none_is_shown(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("text")
    assert reader(tmp_path)("a.py") is None
