"""How much of the disk the sandboxed processes have taken. Standard library only.

Counted in blocks, not in lengths: a file may be long and empty, or short and large.
"""

from __future__ import annotations

import itertools
import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qe_action.sandbox.processes import (
    PROC,
    as_user,
    descriptors,
    pages,
    sends_descriptors,
    threads,
)

_PAUSE = 0.3  # seconds between two looks
_SLICE = 0.005  # seconds of one that are spent at a time
_SUSPECT = 3  # looks one after the other that something was hidden from


@dataclass
class Walk:
    """A look through folders of at most so many entries. `blind`: it could not look everywhere."""

    most: int
    used: int = 0
    entries: int = 0
    blind: bool = False
    _linked: set[tuple[int, int]] = field(default_factory=set)

    def through(self, folders: list[str]) -> Iterator[None]:
        """Counts bytes and entries; stops for a moment again and again."""
        waiting = list(folders)
        yield
        while waiting:
            for entry in self._listed(waiting.pop()):
                self.entries += 1
                try:
                    self._count(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                except FileNotFoundError:
                    continue
                except OSError:
                    self.blind = True
                if self.entries % 100 == 0:
                    yield
            yield

    def _listed(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as listing:
                return list(itertools.islice(listing, self.most + 1))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError:  # its path is too long, or nobody may read it
            self.blind = True
            return []

    def _count(self, about: os.stat_result) -> None:
        if about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode):
            if (about.st_dev, about.st_ino) in self._linked:
                return
            self._linked.add((about.st_dev, about.st_ino))
        self.used += about.st_blocks * 512


class Disk:
    """What has been written, against a limit.

    `before` are the bytes of each folder at the beginning: of its first run, where there were
    several, so that what one leaves is not free for the next.
    """

    def __init__(self, plan: dict[str, Any], processes: Callable[[], list[int]]) -> None:
        self._plan = plan
        self._folders: list[str] = plan["writable"]
        self._most: int = plan["disk"]
        self._entries: int = plan["entries"]
        self._processes = processes
        known = plan["before"]
        self.before: dict[str, int] = {
            folder: known[folder] if folder in known else size(folder, self._entries)
            for folder in self._folders
        }
        self._free = [free_space(folder) for folder in self._folders]
        self._sum = sum(self.before.values())
        self._suspected = 0
        self._begin()

    def too_much(self) -> bool:
        """Goes on with the look at the folders for a moment, so that memory is not left alone.

        Does not wait for the next one where the disk has lost more than the limit since the last.
        """
        began = time.monotonic()
        if began < self._next and max(self._lost(self._free_then), default=0) <= self._most // 2:
            return False
        for _ in self._steps:
            if self._walk.used - self._sum > self._most or self._walk.entries > self._walk.most:
                return True
            if time.monotonic() - began > _SLICE:
                return False
        hides = self._hides_too_much(self._walk)
        self._begin(time.monotonic() + _PAUSE)
        return hides

    def _begin(self, at: float = 0.0) -> None:
        self._walk = Walk(self._entries)
        self._steps = self._walk.through(self._folders)
        self._next = at
        self._free_then = [free_space(folder) for folder in self._folders]

    def _lost(self, before: list[int]) -> list[int]:
        return [a - free_space(b) for a, b in zip(before, self._folders)]  # noqa: B905

    def _hides_too_much(self, walk: Walk) -> bool:
        """Whether what no look through the folders finds takes too much.

        Looks at open files where space is going; what stays out of sight is then too much. For a
        moment anything may be: a file just sent, a program just started.
        """
        lost = self._lost(self._free)
        if max(lost, default=0) <= self._most:
            return False
        processes = self._processes()
        said = as_user(self._plan, lambda: json.dumps(unlinked(processes)).encode())
        hidden, more = json.loads(said or b"[0, true]")
        # Whatever is not found in spite of all this: half of the space stays free.
        halved = any(2 * gone > free for gone, free in zip(lost, self._free))  # noqa: B905
        used = walk.used - self._sum + hidden
        self._suspected = self._suspected + 1 if walk.blind or more else 0
        return bool(used > self._most or self._suspected >= _SUSPECT or halved)


def size(folder: str, entries: int) -> int:
    """Bytes of a folder; of one with more entries those of some."""
    walk = Walk(entries)
    for _ in walk.through([folder]):
        if walk.entries > entries:
            break
    return walk.used


def unlinked(processes: list[int]) -> tuple[int, bool]:
    """Bytes of the open files without a name, each once; and whether others may be held."""
    found: dict[tuple[int, int], int] = {}
    more = False
    for task in (task for process in processes for task in threads(process)):
        try:
            opened = descriptors(task)
            with open(f"{PROC}/{task}/maps", "rb") as listing:  # noqa: PTH123 - as short as can be
                more = more or any(map(_hides_a_file, listing))
        except PermissionError:  # it made itself unreadable, or has ended
            more = more or pages(task) > 0
            continue
        except OSError:
            continue
        for number, target in opened.items():
            if target.startswith("socket:"):
                more = more or sends_descriptors(task, number)
                continue
            try:
                about = os.stat(f"{PROC}/{task}/fd/{number}")  # noqa: PTH116 - likewise
            except OSError:
                continue
            if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                found[about.st_dev, about.st_ino] = about.st_blocks * 512
    return sum(found.values()), more


def _hides_a_file(mapping: bytes) -> bool:
    """Whether a line of `maps` is of a file without a name, on a disk."""
    return mapping.endswith(b" (deleted)\n") and b" /dev/zero (" not in mapping


def free_space(folder: str) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
