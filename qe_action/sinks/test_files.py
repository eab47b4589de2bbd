"""The files that tests go to, as they are at the pull request's head or in the checkout."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qe_action.events import TestCase
from qe_action.github.client import GitHub
from qe_action.github.git_data import MAX_BLOB, TreeEntry
from qe_action.github.refusals import NotFound
from qe_action.proposal.git_patch import MODES, PLAIN, FileChange, is_safe
from qe_action.text import clip, visible
from qe_action.verify.writing import ParsingError, additions

LONG = f"it has more than {MAX_BLOB:,} bytes"
NO_FOLDER = "a folder on the way to it is none"
CHANGED = "the base branch has changed it, so that they would conflict until that is merged"
NO_FILE = "what is there is no file"
UNSAFE = "it is no place for tests"
NAME = 200


class UnfitError(Exception):
    """Tests can't go to a file; says why."""


@dataclass(frozen=True, slots=True)
class Present:
    """A file that is there, with git's mode."""

    data: bytes
    mode: str = PLAIN


Read = Callable[[str], Awaitable[Present | None]]
"""Gives a file by its path, None where there is none. Raises `UnfitError`."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The files with the tests added, the tests that they hold, and why others are left out."""

    files: Mapping[str, FileChange]
    tests: Sequence[TestCase]
    left_out: Sequence[str]


async def changes(tests: Sequence[TestCase], read: Read) -> Changes:
    """The tests in the project's files; a file that can't take them costs the others nothing."""
    files: dict[str, FileChange] = {}
    held: list[TestCase] = []
    left_out: list[str] = []
    for path in dict.fromkeys(case.path for case in tests):
        cases = [case for case in tests if case.path == path]
        try:
            change = await _change(path, cases, read)
        except UnfitError as why:
            name = clip(visible(path), NAME)
            left_out.append(f"Tests for {name} are left out: {why}.")
            continue
        held += cases
        if change is not None:
            files[path] = change
    return Changes(files, held, left_out)


async def _change(path: str, cases: Sequence[TestCase], read: Read) -> FileChange | None:
    if not is_safe(path):
        raise UnfitError(UNSAFE)
    there = await read(path)
    try:
        added = await asyncio.to_thread(additions, cases, {path: there.data} if there else {})
    except ParsingError as error:
        raise UnfitError(f"it can't be read as Python ({error})") from None
    if path not in added:
        return None
    before, mode = (there.data, there.mode) if there else (None, PLAIN)
    return FileChange(before, added[path], mode)


class FilesAtCommit:
    """Reads files of a commit by GitHub's API; each folder once."""

    def __init__(self, github: GitHub, sha: str) -> None:
        self._github = github
        self._sha = sha
        self._folders: dict[str, Mapping[str, TreeEntry]] = {}
        self._tree = ""

    async def tree(self) -> str:
        """The commit's tree."""
        self._tree = self._tree or await self._github.tree_of(self._sha)
        return self._tree

    async def entry(self, path: str) -> TreeEntry | None:
        """What is there under a path. Raises `UnfitError` where a folder on the way is none."""
        tree, above = await self.tree(), ""
        *folders, name = path.split("/")
        for folder in folders:
            found = (await self._entries(above, tree)).get(folder)
            if found is None:
                return None
            if found.kind != "tree":
                raise UnfitError(NO_FOLDER)
            tree, above = found.sha, f"{above}{folder}/"
        return (await self._entries(above, tree)).get(name)

    async def read(self, path: str) -> Present | None:
        """Raises `UnfitError`."""
        entry = await self.entry(path)
        if entry is None:
            return None
        if entry.kind != "blob" or entry.mode not in MODES:
            raise UnfitError(NO_FILE)
        if entry.size > MAX_BLOB:
            raise UnfitError(LONG)
        return Present(await self._github.blob(entry.sha), entry.mode)

    def same_as(self, merge: FilesAtCommit) -> Read:
        """Reads a file only where the test merge, on which tests were made, has the same.

        Else they would meet what the base branch has made of it.
        """

        async def read(path: str) -> Present | None:
            try:
                differs = await merge.tree() != await self.tree()
            except NotFound:  # GitHub keeps no test merge for ever
                differs = False
            if differs:
                here, there = await self.entry(path), await merge.entry(path)
                if (here and here.sha) != (there and there.sha):
                    raise UnfitError(CHANGED)
            return await self.read(path)

        return read

    async def _entries(self, folder: str, tree: str) -> Mapping[str, TreeEntry]:
        if folder not in self._folders:
            self._folders[folder] = await self._github.entries(tree)
        return self._folders[folder]


def checkout_reader(root: Path) -> Read:
    """Reads files of a checkout, never through a link."""

    async def read(path: str) -> Present | None:
        return await asyncio.to_thread(_in_checkout, root, path)

    return read


def _in_checkout(root: Path, path: str) -> Present | None:
    place = root
    try:
        for part in path.split("/"):
            if place.is_symlink() or not place.is_dir():
                raise UnfitError(NO_FOLDER)
            place /= part
            if not place.exists() and not place.is_symlink():
                return None
        found = place.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise UnfitError(NO_FILE)
        if found.st_size > MAX_BLOB:
            raise UnfitError(LONG)
        return Present(place.read_bytes(), MODES[bool(found.st_mode & stat.S_IXUSR)])
    except OSError as error:
        raise UnfitError(f"it can't be read: {error.strerror}") from None
