"""A digest of all files that a run may depend on: it tells an unchanged checkout from another."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Collection
from pathlib import Path

from qe_action.workspace.git import Git


async def tree_digest(git: Git, leaving_out: Collection[Path] = ()) -> str:
    """Of the tracked files as they are, and of those that are neither tracked nor ignored.

    `leaving_out` are files that the run itself writes or that are digested elsewhere; coverage.py's
    data files are left out too. Empty outside of a repository. Raises `WorkspaceError`.
    """
    if git.toplevel is None:
        return ""
    names = await git.worktree_files()
    without = {os.path.realpath(path) for path in leaving_out}
    return await asyncio.to_thread(_digest, git.toplevel.resolve(), sorted(names), without)


async def is_tracked(git: Git, path: Path) -> bool:
    """Whether a file came with the repository, by a link or in a submodule as well.

    Raises `WorkspaceError`.
    """
    if git.toplevel is None:
        return False
    top = git.toplevel.resolve()
    places = (Path(os.path.abspath(path)), Path(os.path.realpath(path)))  # noqa: PTH100 - no links
    names = set(await git.indexed())
    return any(
        part.relative_to(top).as_posix() in names
        for place in places
        for part in (place, *place.parents)
        if part.is_relative_to(top)
    )


def _digest(top: Path, names: Collection[str], without: Collection[str]) -> str:
    whole = hashlib.sha256()
    for name in names:
        path = top / name
        if os.path.realpath(path) in without or path.name.startswith(".coverage."):
            continue
        if path.name == ".coverage":
            continue
        whole.update(f"\0{name}\0".encode("utf-8", "replace"))
        whole.update(_content(path))
    return whole.hexdigest()


def _content(path: Path) -> bytes:
    """What a file holds, and whether it may be run; where a link leads; nothing of what else."""
    try:
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            return os.fsencode(path.readlink())
        if not stat.S_ISREG(kind):  # a pipe would keep us waiting
            return b""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            mode = b"x" if kind & stat.S_IXUSR else b"-"
            return mode + hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""
