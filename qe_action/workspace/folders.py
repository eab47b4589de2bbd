"""Temporary folders that code nobody has read may have filled."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path


@asynccontextmanager
async def scratch(parent: Path, *, owner: int | None = None) -> AsyncIterator[Path]:
    """A new folder, for its owner (a uid) alone, removed at the end with all in it."""
    folder = Path(tempfile.mkdtemp(prefix="qe-action-", dir=parent)).resolve()
    try:
        if owner is not None:
            os.chown(folder, owner, owner)
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(remove, folder))


@asynccontextmanager
async def claimed(folder: Path) -> AsyncIterator[Path]:
    """A folder of a given name that is empty, ours while the block lasts, and gone at the end.

    What a run that was killed has left there is removed. Raises `BlockingIOError` where another
    run has it.
    """
    import fcntl  # Windows has none

    folder.mkdir(mode=0o755, exist_ok=True)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        await asyncio.to_thread(clear, folder)
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(remove, folder))
    finally:
        os.close(held)


def remove(folder: Path) -> None:
    """Remove a folder; follow no link, and mind neither depth nor modes.

    Nothing else may run in it any more. What can't be removed stays, which is no error.
    """
    with suppress(OSError):
        waiting = _emptied(folder, folder)
        while waiting:
            current = waiting.pop()
            waiting += _emptied(current, folder)
            current.rmdir()
    shutil.rmtree(folder, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove what a worker left. None may be running in the folder."""
    folder.chmod(0o700)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            remove(path)
        else:
            path.unlink(missing_ok=True)


def _emptied(folder: Path, top: Path) -> list[Path]:
    """Remove the files of a folder and move its folders to the top, so that no path gets long."""
    folder.chmod(0o700)
    with os.scandir(folder) as listing:
        entries = list(listing)
    moved = []
    for entry in entries:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            path.unlink()
            continue
        path.chmod(0o700)  # else it can't be moved
        moved.append(path.rename(top / f"{secrets.token_hex(8)}.removed"))
    return moved
