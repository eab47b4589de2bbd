"""Programs that are started outside of the sandbox: found only where no stranger can put one.

An earlier step of the job may have put a folder of the checkout on PATH, or one that anybody
can write to. What lies there, or is reached through there, is run in the sandbox or not at all.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from qe_action.import_path import CLOSED

MOUNTED = (Path("/github"),)
"""Where a container has them, and the home folder that steps share."""
_LINKS = 40
"""Links on the way to a file after which the kernel gives up."""

_ROOT = 0
_Identity = tuple[int, int]


class Programs:
    """The programs on the PATH of `env` that nobody but root and ourselves could have put there.

    Nothing of a folder in `closed`, such as the checkout, is among them, nor of those that the
    runner's variables name. `path` is what is left of PATH.
    """

    def __init__(self, env: Mapping[str, str], closed: Iterable[Path] = ()) -> None:
        named = (Path(env[name]) for name in CLOSED if env.get(name))
        self._closed = frozenset(_identities((*named, *MOUNTED, *closed)))
        folders = dict.fromkeys(env.get("PATH", os.defpath).split(os.pathsep))
        self._folders = [Path(name) for name in folders if self.trusts(Path(name))]

    @property
    def path(self) -> str:
        return os.pathsep.join(map(str, self._folders))

    def find(self, name: str) -> Path | None:
        """The first program of this name."""
        return next(self.named((name,)), None)

    def named(self, names: Collection[str], more: Iterable[str] = ()) -> Iterator[Path]:
        """All programs of these names, folder by folder; `more` folders come last."""
        extra = [Path(name) for name in more if self.trusts(Path(name))]
        for folder in dict.fromkeys((*self._folders, *extra)):
            for name in names:
                file = folder / (f"{name}.exe" if sys.platform == "win32" else name)
                if file.is_file() and os.access(file, os.X_OK) and self.trusts(file):
                    yield file

    def trusts(self, path: Path) -> bool:
        """Whether a path that is there leads only through what root and we may change."""
        if not path.is_absolute():
            return False
        try:
            passed = list(_passed(path))
            return not any(map(self._refuses, passed, [*passed[1:], None]))
        except (OSError, ValueError):
            return False

    def _refuses(self, entry: Path, inside: Path | None) -> bool:
        """Whether strangers could put another thing in the place of an entry, or of one in it."""
        found = entry.lstat()
        if stat.S_ISLNK(found.st_mode):
            return found.st_uid not in _ours()
        if (found.st_dev, found.st_ino) in self._closed:
            return True
        if not _others_write(found):
            return False
        # In a folder such as /tmp only the owner may remove what is there.
        shared = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        owners = {found.st_uid, _ROOT if inside is None else inside.lstat().st_uid}
        return not (shared and inside is not None and owners <= _ours())


def _identities(folders: Iterable[Path]) -> Iterator[_Identity]:
    """What tells folders apart whatever they are called."""
    for folder in folders:
        try:
            found = folder.stat()
        except (OSError, ValueError):
            continue
        yield found.st_dev, found.st_ino


def _passed(path: Path) -> Iterator[Path]:
    """All that the kernel goes through on the way to a file: folders, links and what they name."""
    here = Path(path.anchor)
    yield here
    waiting = list(path.parts[:0:-1])
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            here = here.parent
            continue
        entry = here / part
        yield entry
        if not entry.is_symlink():
            here = entry
            continue
        links += 1
        if links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = entry.readlink()
        if target.is_absolute():
            here = Path(target.anchor)
        waiting += [part for part in reversed(target.parts) if part != target.anchor]


def _others_write(found: os.stat_result) -> bool:
    """Whether somebody but root and us may change a file or folder."""
    if sys.platform == "win32":  # rights are no modes there
        return False
    if found.st_uid not in _ours() or found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_ours_alone(found.st_gid)


@cache
def _ours() -> frozenset[int]:
    """Root, ourselves, and whom the system's own folders belong to in a user namespace."""
    if sys.platform == "win32":
        return frozenset({0})
    return frozenset({0, os.geteuid(), Path("/").stat().st_uid})


@cache
def _is_ours_alone(gid: int) -> bool:
    """Whether a group has no member but root and us, or only people who may become root."""
    if sys.platform == "win32":
        return False
    import grp
    import pwd

    if gid == 0 or (sys.platform == "darwin" and gid == 80):  # admin
        return True
    try:
        group = grp.getgrgid(gid)
        own = {pwd.getpwuid(uid).pw_name for uid in (0, os.geteuid())}
    except KeyError:
        return False
    primary = {user.pw_name for user in pwd.getpwall() if user.pw_gid == gid}
    return primary | set(group.gr_mem) <= own
