"""Files that a set-up made inside the project: a version that was written, compiled modules."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from qe_action.sandbox.policy import MEBIBYTE
from qe_action.workspace.folders import remove

KINDS = (".py", ".pyi", ".so")
TOTAL = 256 * MEBIBYTE
"""Bytes of all of them; what is beyond is left out."""
_NOT = ("build", "dist", "node_modules", "__pycache__", "site-packages")


def collect(project: Path, export: Path, target: Path) -> bool:
    """Copy what `project`, set up from `export`, has more to `target`. Whether there was any.

    All of it was written by code that nobody has read, and nothing of that runs any more.
    """
    if target.is_symlink() or target.is_file():
        target.unlink()
    elif target.exists():
        remove(target)
    left = TOTAL
    for path in sorted(_made(project)):
        name = path.relative_to(project)
        content = None if os.path.lexists(export / name) else _read(path, left)
        if content is not None:
            left -= len(content)
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return target.is_dir()


def lay_over(built: Path, tree: Path) -> None:
    """Put collected files into a copy of the project, where it has none of these names."""
    for path in () if built.is_symlink() else sorted(built.rglob("*")):
        content = _read(path, TOTAL)  # of a cache that others may have filled: no link is followed
        if content is None:
            continue
        place = tree / path.relative_to(built)
        there = place.parent
        while not os.path.lexists(there):
            there = there.parent
        if there.resolve() == there and there.is_dir() and not os.path.lexists(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o644)


def _made(project: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(project):
        folders[:] = [
            name
            for name in folders
            if name not in _NOT and not name.startswith(".") and not name.endswith(".egg-info")
        ]
        yield from (Path(parent, name) for name in files if name.endswith(KINDS))


def _read(path: Path, most: int) -> bytes | None:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as file:
            about = os.fstat(opened)
            if not stat.S_ISREG(about.st_mode) or about.st_size > most:
                return None
            return file.read(about.st_size)
    except OSError:
        return None
