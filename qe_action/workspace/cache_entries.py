"""Finished folders that are kept between runs, and taken only as they were left.

An entry is a folder with a name of its own, and an index file that names it and says what lies
in it. The index is written last, to another name that is then changed: a folder that was left
half-written has none. What code of a pull request filled is made ours before it is kept, so no
later run may write to it, and an entry is refused where anything in it was added, is missing,
or may be written by others.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from qe_action.errors import WorkspaceError
from qe_action.sandbox.users import GUARD, UIDS
from qe_action.workspace.folders import remove

KEPT = 6
"""Entries that stay: the last ones used."""
ABANDONED = 24 * 3600.0
"""Seconds after which a folder without an index is one that nobody is filling."""
MOST = 400_000
"""Files of an entry."""
INDEX = 64 * 1024
"""Bytes of the longest index."""
_SAFE_KEY = re.compile(r"[a-z]+-[0-9a-f]{32}")
_SANDBOXED = {*UIDS, *(uid + GUARD for uid in UIDS)}


class _Index(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: Literal[1] = 1
    folder: str
    listing: str
    said: tuple[Literal["without project"], ...] = ()


@dataclass(frozen=True)
class Entry:
    """A folder that is complete; `said` is what has to be known of how it was made."""

    folder: Path
    said: tuple[str, ...] = ()


class _Spoilt(Exception):  # noqa: N818 - read as "this entry is spoilt"
    """Why an entry is not taken."""


class Entries:
    """The entries in one folder, which is made where it is missing."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.folder = folder.resolve(strict=True)
            found = self.folder.stat()
        except OSError as error:
            raise WorkspaceError(
                f"The cache folder {folder} can't be used: {error.strerror}.",
                hint="Name another one with cache-dir.",
                anchor="the-environment-of-the-project",
            ) from None
        self._owners = {0, os.geteuid(), found.st_uid} - _SANDBOXED
        if found.st_mode & stat.S_IWOTH or found.st_uid in _SANDBOXED:
            raise WorkspaceError(
                f"The cache folder {folder} can be written by others.",
                hint="Name one with cache-dir that only its owner may write to.",
                anchor="the-environment-of-the-project",
            )

    async def take(self, key: str) -> tuple[Entry | None, str]:
        """The entry of a key, or none and, where there was one, why it can't be used."""
        return await asyncio.to_thread(self._take, key)

    def new(self, key: str) -> Path:
        """An empty folder to fill, under the path that it will keep."""
        assert _SAFE_KEY.fullmatch(key), key
        folder = self.folder / f"{key}-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o755)
        return folder

    async def keep(self, key: str, folder: Path, said: tuple[str, ...] = ()) -> Entry:
        """Make a filled folder ours, and the key's entry. Nothing may run in it any more."""
        try:
            return await asyncio.to_thread(self._keep, key, folder, said)
        except (OSError, RecursionError, _Spoilt) as error:
            raise WorkspaceError(f"The environment can't be kept: {error}.") from None

    async def drop(self, folder: Path) -> None:
        """Remove a folder that could not be filled."""
        await asyncio.shield(asyncio.to_thread(remove, folder))

    def _take(self, key: str) -> tuple[Entry | None, str]:
        place = self.folder / f"{key}.json"
        try:
            index = self._index(place, key)
            folder = self.folder / index.folder
            as_left = _listing(folder, self._owners) == index.listing
        except FileNotFoundError:
            return None, ""
        except (OSError, ValidationError, _Spoilt, RecursionError) as error:
            why = str(error) if isinstance(error, _Spoilt) else "it can't be read"
            place.unlink(missing_ok=True)
            return None, why
        if not as_left:
            place.unlink(missing_ok=True)
            return None, "it is not as it was left"
        os.utime(place)
        return Entry(folder, index.said), ""

    def _index(self, place: Path, key: str) -> _Index:
        opened = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as file:
            found = os.fstat(opened)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in self._owners:
                raise _Spoilt("its index is not ours")
            if found.st_mode & stat.S_IWOTH:
                raise _Spoilt("others may write to it")
            index = _Index.model_validate_json(file.read(INDEX), strict=False)
        if not re.fullmatch(rf"{re.escape(key)}-[0-9a-f]{{8}}", index.folder):
            raise _Spoilt("its index names another folder")
        return index

    def _keep(self, key: str, folder: Path, said: tuple[str, ...]) -> Entry:
        _take_over(folder)
        index = _Index.model_validate(
            {"folder": folder.name, "listing": _listing(folder, self._owners), "said": said},
            strict=False,
        )
        written = self.folder / f".{folder.name}.json"
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as file:
            file.write(index.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        written.replace(self.folder / f"{key}.json")
        self._tidy()
        return Entry(folder, said)

    def _tidy(self) -> None:
        """Remove the entries that were not used for longest, and what has no index."""
        indexes = sorted(self.folder.glob("*.json"), key=_age, reverse=True)
        for index in indexes[KEPT:]:
            index.unlink(missing_ok=True)
        for folder in self.folder.iterdir():
            if folder.is_symlink() or self._now() - _age(folder) <= ABANDONED:
                continue
            key = folder.name.rpartition("-")[0]
            if key == "qe-action" or (_SAFE_KEY.fullmatch(key) and self._is_replaced(folder, key)):
                remove(folder)

    def _is_replaced(self, folder: Path, key: str) -> bool:
        try:
            return self._index(self.folder / f"{key}.json", key).folder != folder.name
        except (OSError, ValidationError, _Spoilt):
            return True


def _age(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _take_over(folder: Path) -> None:
    """Owner and modes, links not followed; what is neither file, folder nor link goes."""
    root = os.geteuid() == 0
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if root:
                os.chown(path, 0, 0, follow_symlinks=False)
            if stat.S_ISDIR(mode):
                path.chmod(0o755)
            elif stat.S_ISREG(mode):
                path.chmod(0o755 if mode & 0o100 else 0o644)
            elif not stat.S_ISLNK(mode):
                path.unlink()
    if root:
        os.chown(folder, 0, 0)
    folder.chmod(0o755)


def _listing(folder: Path, owners: set[int]) -> str:
    """A digest of names, kinds, modes, sizes and links. Raises `_Spoilt`."""
    digest = hashlib.sha256()
    for line in _lines(folder, owners):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _lines(folder: Path, owners: set[int]) -> Iterator[str]:
    if folder.is_symlink():
        raise _Spoilt("it is a link")
    waiting = [folder]
    count = 0
    while waiting:
        current = waiting.pop()
        _check(current.lstat(), owners)
        with os.scandir(current) as listing:
            found = sorted(listing, key=lambda entry: entry.name)
        for entry in found:
            count += 1
            if count > MOST:
                raise _Spoilt(f"it has more than {MOST} files")
            about = entry.stat(follow_symlinks=False)
            _check(about, owners)
            name = os.path.relpath(entry.path, folder)
            if stat.S_ISDIR(about.st_mode):
                waiting.append(Path(entry.path))
                yield f"{name}\0folder\n"
            elif stat.S_ISLNK(about.st_mode):
                yield f"{name}\0link\0{os.readlink(entry.path)}\n"  # noqa: PTH115 - a string
            else:
                yield f"{name}\0{about.st_mode & 0o777:o}\0{about.st_size}\n"


def _check(about: os.stat_result, owners: set[int]) -> None:
    if about.st_uid not in owners:
        raise _Spoilt("somebody else owns a part of it")
    if stat.S_ISLNK(about.st_mode):
        return
    if about.st_mode & (stat.S_IWOTH | stat.S_IWGRP | stat.S_ISUID | stat.S_ISGID):
        raise _Spoilt("others may write to it")
    if not (stat.S_ISDIR(about.st_mode) or stat.S_ISREG(about.st_mode)):
        raise _Spoilt("it holds what is no file")
