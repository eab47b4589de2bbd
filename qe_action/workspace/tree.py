"""A copy of the tracked files for code that nobody has read, and its Python files."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from qe_action.errors import WorkspaceError
from qe_action.workspace.git import Git

FILE = 64 * 1024 * 1024
"""Bytes of the largest file that is copied."""
SOURCES = 2 * 1024 * 1024
"""Bytes of the largest Python file that is read."""


@asynccontextmanager
async def copied(repo: Path, env: Mapping[str, str]) -> AsyncIterator[Path]:
    """The tracked files as they are in the working tree, without `.git` and links that lead out."""
    git = Git(repo, env=env)
    if git.toplevel is None:
        raise WorkspaceError(
            f"{repo} is in no git repository.", hint="Tests are made for tracked files."
        )
    untracked = set(await git.untracked())
    paths = [path for path in await git.worktree_files() if path not in untracked]
    async with _scratch() as folder:
        await asyncio.to_thread(_copy, git.toplevel, paths, folder)
        yield folder


@asynccontextmanager
async def written(files: Mapping[str, str]) -> AsyncIterator[Path]:
    """A folder with these files."""
    async with _scratch() as folder:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield folder


def python_files(tree: Path) -> dict[str, bytes]:
    """The contents of all Python files, by their path in the tree."""
    found = {}
    for path in sorted(tree.rglob("*.py")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= SOURCES:
            found[path.relative_to(tree).as_posix()] = path.read_bytes()
    return found


@asynccontextmanager
async def _scratch() -> AsyncIterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="qe-action-")).resolve()
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _copy(top: Path, paths: list[str], folder: Path) -> None:
    for name in paths:
        source, target = top / name, folder / name
        if ".git" in Path(name).parts or not source.exists():
            continue
        resolved = source.resolve()
        if not resolved.is_relative_to(top.resolve()) or not resolved.is_file():
            continue
        if resolved.stat().st_size <= FILE:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(resolved, target)
            target.chmod(0o755 if os.access(resolved, os.X_OK) else 0o644)
