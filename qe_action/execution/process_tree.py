"""The processes that a command has started, also those that have left it behind.

They are found below it, and by a variable that they were all given: what turns itself into a daemon
keeps its environment.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
_ENVIRONMENT = 1 << 20
"""Bytes of an environment that are looked at."""
_ROUNDS = 20
"""How often it is looked for processes that were started while others were ended."""


class Process(NamedTuple):
    """A process, and when it began: a number may be given again."""

    number: int
    began: int


class ProcessTree:
    """All that began with the process `top`, or has `mark` in its first environment."""

    def __init__(self, top: int, mark: str) -> None:
        self._top = top
        self._mark = mark.encode()
        self._seen: set[Process] = set()

    def look(self) -> frozenset[Process]:
        """Those that run now; one that was seen before counts wherever it is by now."""
        parents: dict[Process, int] = dict(_running())
        below = {self._top}
        size = 0
        while size != len(below):
            size = len(below)
            below |= {each.number for each, parent in parents.items() if parent in below}
        own = os.getpid()
        found = {
            each
            for each in parents
            if each.number != own
            and (each.number in below or each in self._seen or self._is_marked(each.number))
        }
        self._seen |= found
        return frozenset(found)

    def signal(self, number: int) -> None:
        """Send a signal to each of them."""
        for process in self.look():
            with suppress(OSError):
                os.kill(process.number, number)

    def kill(self) -> None:
        """End them at once, and what they start meanwhile."""
        for _ in range(_ROUNDS):
            if not self.look():
                return
            self.signal(signal.SIGKILL)

    def _is_marked(self, number: int) -> bool:
        if not self._mark:
            return False
        try:
            with (PROC / str(number) / "environ").open("rb") as file:
                return self._mark in file.read(_ENVIRONMENT).split(b"\0")
        except OSError:
            return False


def _running() -> Iterator[tuple[Process, int]]:
    """Every process that runs, with its parent's number; nothing where the system has no list."""
    try:
        names = [name for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - only names
    except OSError:
        return
    for name in names:
        try:
            text = (PROC / name / "stat").read_bytes()
            state, parent, *more = text.rpartition(b")")[2].split()
            if state not in (b"Z", b"X"):
                yield Process(int(name), int(more[17])), int(parent)
        except (OSError, ValueError, IndexError):
            continue
