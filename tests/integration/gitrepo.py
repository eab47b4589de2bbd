"""Real git repositories for tests, independent of the machine's git configuration."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.invalid",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.invalid",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
}


def git_env() -> dict[str, str]:
    """What git needs to run and nothing of the machine's settings."""
    return {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **IDENTITY,
    }


def numbered(count: int, start: int = 1) -> str:
    """Lines that differ from each other: `line 1` and so on."""
    return "".join(f"line {number}\n" for number in range(start, start + count))


@cache
def _empty() -> Path:
    """A repository without commits, made once: a copy costs less than another `git init`."""
    folder = tempfile.mkdtemp(prefix="qe-repository-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = Path(folder, "repository")  # with the usual mode, which a copy has too
    command = ["git", "init", "-q", "-b", "main", "--template=", str(root)]
    subprocess.run(command, env=git_env(), check=True)
    (root / ".git" / "info").mkdir()
    with (root / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write("[core]\n\tfsync = none\n")  # nobody needs them after a crash
        config.write("[maintenance]\n\tauto = false\n")  # a process for each commit
    return root


class GitRepo:
    """A repository with `main` checked out; `git` runs the real thing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(_empty(), root, dirs_exist_ok=True)

    def copy(self, root: Path) -> GitRepo:
        """The same repository and checkout in another folder."""
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        other = GitRepo.__new__(GitRepo)
        other.root = root
        return other

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=git_env(), capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str, str | bytes] | None = None, message: str = "x") -> str:
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out, read where it stands."""
        folder = self.root / ".git"
        said = (folder / "HEAD").read_text().strip()
        return (folder / said.removeprefix("ref: ")).read_text().strip() if " " in said else said

    def branch(self, name: str, at: str = "HEAD") -> None:
        self.git("checkout", "-q", "-b", name, at)

    def merge(self, base: str, head: str) -> str:
        """The test merge as GitHub makes it: first parent the base, second the head."""
        self.git("checkout", "-q", "--detach", base)
        self.git("merge", "-q", "--no-ff", "-m", "merge", head)
        return self.head

    def clone(self, target: Path, rev: str, depth: int) -> Path:
        """A shallow checkout of `rev` as actions/checkout makes it."""
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        clone = GitRepo(target)
        clone.git("fetch", "-q", f"--depth={depth}", self.root.as_uri(), rev)
        clone.git("checkout", "-q", "--detach", "FETCH_HEAD")
        return target
