"""The checked-out repository as the analysis sees it."""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from qe_action.analysis.paths import PathIndex
from qe_action.workspace.change import Change

SOURCE_LIMIT = 8 * 1024 * 1024
"""Bytes of the largest source file that is read."""
_NOT_THERE = (OSError, ValueError, RuntimeError)
"""What looking for a file raises; the last for links in a circle, before Python 3.13."""


class Checkout(Protocol):
    """The port through which an agent sees the repository."""

    async def change(self) -> Change: ...

    async def index(self) -> PathIndex | None: ...

    @property
    def top(self) -> str: ...

    def link(self, path: str) -> str | None: ...

    def path(self, path: str) -> Path | None: ...

    def source(self, path: str) -> bytes | None: ...

    def modified(self, path: str) -> float | None: ...


class GitCheckout:
    """A git checkout at `root`; `resolve` finds the change, `list_files` the tracked files."""

    def __init__(
        self,
        root: Path,
        *,
        resolve: Callable[[], Awaitable[Change]],
        list_files: Callable[[], Awaitable[tuple[str, ...] | None]],
    ) -> None:
        self._root = root.resolve()
        self._resolve = resolve
        self._list_files = list_files
        self._folders: dict[str, Path | None] = {}
        self._foreign: Change | None = None

    async def change(self) -> Change:
        """What was measured, and against what."""
        change = await self._resolve()
        self._foreign = None if change.sources else change
        return change

    async def index(self) -> PathIndex | None:
        """The files of the measured tree, as far as known; None outside a git repository."""
        files = await self._list_files()
        if files is not None and self._foreign is not None and self._foreign.diff is not None:
            files = self._foreign.diff.names(files)
        return None if files is None else PathIndex(files)

    @property
    def top(self) -> str:
        """Where the repository's top lies on this machine."""
        return str(self._root)

    def link(self, path: str) -> str | None:
        """Where a symbolic link of the working tree leads, from the top; None for all else."""
        try:
            full = self._root / path
            if not full.is_symlink():
                return None
            return full.resolve(strict=True).relative_to(self._root).as_posix()
        except _NOT_THERE:
            return None

    def path(self, path: str) -> Path | None:
        """Where a file of the working tree really is; None where `source` gives none."""
        if self._foreign is not None:
            return None
        try:
            full = (self._root / path).resolve(strict=True)
            if not full.is_relative_to(self._root) or not full.is_file():
                return None
            return full if full.stat().st_size <= SOURCE_LIMIT else None
        except _NOT_THERE:
            return None

    def source(self, path: str) -> bytes | None:
        """A file of the working tree; None where it is missing, too large or leads outside.

        None also where another tree was measured. Folders are resolved once, as thousands of
        files may be asked for.
        """
        if self._foreign is not None:
            return None
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = self._folder(folder)
        place = self._folders[folder]
        if place is None:
            return None
        try:
            full = place / name
            status = full.lstat()
            if stat.S_ISREG(status.st_mode):
                return full.read_bytes() if status.st_size <= SOURCE_LIMIT else None
            found = self.path(path)
            return found.read_bytes() if found else None
        except _NOT_THERE:
            return None

    def modified(self, path: str) -> float | None:
        """When a file of the working tree was last written; None where `source` gives none."""
        place = self.path(path)
        try:
            return place.stat().st_mtime if place else None
        except OSError:
            return None

    def _folder(self, path: str) -> Path | None:
        """Where a folder really is; None where it is missing or outside."""
        try:
            full = (self._root / path).resolve(strict=True)
        except _NOT_THERE:
            return None
        return full if full.is_relative_to(self._root) else None
