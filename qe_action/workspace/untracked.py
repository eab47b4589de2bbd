"""Files that git does not track yet: to a local run they are added files."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from qe_action.analysis.diff import Diff, FileChange
from qe_action.workspace.git import Git

FILES = 2000
"""How many untracked files are looked at: an unignored environment holds thousands."""
SIZE = 4 * 1024 * 1024
"""Bytes beyond which a file's lines are not counted."""
PROBE = 8000
"""Bytes in which git looks for a NUL to call a file binary."""


async def with_untracked(diff: Diff, git: Git) -> tuple[Diff, tuple[str, ...]]:
    """The diff with the untracked, not ignored files added, and notes on those left out."""
    if git.toplevel is None:
        return diff, ()
    names = await git.untracked()
    added = await asyncio.to_thread(_added_files, git.toplevel, names[:FILES])
    notes: tuple[str, ...] = ()
    if len(names) > FILES:
        notes = (
            f"{len(names) - FILES} of {len(names)} untracked files are left out: "
            "does .gitignore lack a folder?",
        )
    return Diff({**diff.files, **added}), notes


def _added_files(top: Path, names: tuple[str, ...]) -> dict[str, FileChange]:
    changes = (_added_file(top / name, name) for name in names)
    return {change.path: change for change in changes if change is not None}


def _added_file(path: Path, name: str) -> FileChange | None:
    """One file as an addition; None for what is no regular file or can't be read."""
    try:
        # Neither a link nor a pipe is followed or waited for.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > SIZE:
                return FileChange(name, None, "added", lines_known=False)
            content = file.read(SIZE)
    except OSError:
        return None
    if b"\0" in content[:PROBE]:
        return FileChange(name, None, "added", binary=True)
    lines = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    return FileChange(name, None, "added", added=frozenset(range(1, lines + 1)))
