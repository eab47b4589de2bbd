"""Pipes and devices where git expects files: opening one, git waits for ever.

A step before this one may have left them. They are looked for only when git takes long, so that
nobody else pays for it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

MOST = 500_000
"""Entries that are looked at."""
_READ = frozenset({".gitattributes", ".gitignore", ".gitmodules", ".mailmap"})
"""What git reads in every folder of a working tree."""
_LONGEST = 4096


def pipe_in(toplevel: Path) -> Path | None:
    """A pipe or device of a repository that git would open; None where there is none."""
    git = _git_folder(toplevel / ".git")
    places: list[Iterator[os.DirEntry[str]]] = [_entries(git, lambda _: True)]
    if (common := _named(git / "commondir", git, "")) is not None:
        places.append(_entries(common, lambda _: True))
    places.append(_entries(toplevel, _READ.__contains__))
    for entries in places:
        for entry in entries:
            if _blocks(entry):
                return Path(entry.path)
    return None


def _git_folder(place: Path) -> Path:
    """The git directory, which a worktree or submodule only names."""
    return _named(place, place.parent, "gitdir: ") or place


def _named(file: Path, base: Path, before: str) -> Path | None:
    """The folder that a small file names, relative to `base`."""
    try:
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            text = stream.read(_LONGEST).decode("utf-8", "replace").strip()
    except OSError:
        return None
    return base / text.removeprefix(before) if text.startswith(before) and text else None


def _entries(top: Path, wanted: Callable[[str], bool]) -> Iterator[os.DirEntry[str]]:
    """The entries of a folder and of those in it that are no folders and have a wanted name."""
    waiting = [str(top)]
    seen = 0
    while waiting and seen < MOST:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    seen += 1
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != ".git":
                            waiting.append(entry.path)
                    elif wanted(entry.name):
                        yield entry
        except OSError:
            continue


def _blocks(entry: os.DirEntry[str]) -> bool:
    """Whether reading it could wait, or never end; a link is what it leads to."""
    try:
        found = entry.stat()
        if stat.S_ISFIFO(found.st_mode):
            return True
        device = stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)
        return device and found.st_rdev != Path(os.devnull).stat().st_rdev
    except OSError:
        return False
