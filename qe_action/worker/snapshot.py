"""What lies in some folders, and what changed there."""

from __future__ import annotations

import os

IGNORED = {"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache", ".git"}
"""Folders that tools write to, tests or not."""
NAMED = 20
"""How many changed files are named at most."""


def take(folders: list, beside: str = "") -> dict:
    """Time and size of every file, by path; of `beside` the names alone that lie in it."""
    found: dict = {
        os.path.join(beside, name): None for name in (os.listdir(beside) if beside else ())
    }
    for folder in folders:
        for parent, names, files in os.walk(folder):
            names[:] = [name for name in names if name not in IGNORED]
            found[parent] = None
            for name in files:
                if name.endswith(".pyc") or name.startswith(".coverage"):
                    continue
                path = os.path.join(parent, name)
                try:
                    about = os.lstat(path)
                except OSError:
                    continue
                found[path] = (about.st_mtime_ns, about.st_size, about.st_ino)
    return found


def changed(before: dict, after: dict) -> list:
    """The paths that are new, gone or different, the first of them."""
    paths = before.keys() | after.keys()
    return sorted(path for path in paths if before.get(path, 0) != after.get(path, 0))[:NAMED]
