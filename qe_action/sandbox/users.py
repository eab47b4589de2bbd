"""Users of their own for sandboxes that run beside each other.

As root every run gets one of the uids 60000 to 60007 while it lasts (and, as the real user of
the supervisor's helpers, the uid 100 above it). A name of the kernel's, held by us and by the
supervisor, keeps another qe-action on the machine off it: killing by uid would end its run.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from qe_action.errors import SandboxUnavailable

UIDS = range(60000, 60008)
GUARD = 100
_LOOK_AGAIN = 0.2  # seconds, since nobody says when another program gives a user back


@dataclass(frozen=True)
class User:
    """A user for one run, or several; `uid` is None where they have ours.

    `before` are the bytes that its writable folders held before their first run.
    """

    uid: int | None = None
    held: socket.socket | None = None
    before: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def guard(self) -> int | None:
        return None if self.uid is None else self.uid + GUARD


class Users:
    """Hands out the uids, each to one run at a time.

    Who gets none waits for one of ours, and `patience` seconds for one that others hold.
    """

    def __init__(self, uids: Iterable[int] = UIDS, *, patience: float = 20.0) -> None:
        self._patience = patience
        self._uids = tuple(uids)
        self._taken: set[int] = set()
        self._freed = asyncio.Condition()

    async def take(self) -> User:
        """A free slot. Raises `SandboxUnavailable` where others hold them all."""
        clock = asyncio.get_running_loop().time
        given_up = clock() + self._patience
        async with self._freed:
            while True:
                for uid in self._uids:
                    if uid not in self._taken and (held := _hold(uid)):
                        self._taken.add(uid)
                        return User(uid, held)
                if not self._taken and clock() >= given_up:
                    raise SandboxUnavailable(
                        f"All of the users {self._uids[0]} to {self._uids[-1]} are in use.",
                        hint="Is another qe-action running on this machine?",
                    )
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN):
                        await self._freed.wait()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[User]:
        """A slot for the time of a block."""
        slot = await self.take()
        try:
            yield slot
        finally:
            await self.give_back(slot)

    async def give_back(self, slot: User) -> None:
        """Free a slot whose run is over; once, though asked twice."""
        if slot.held is None or slot.uid is None or slot.held.fileno() < 0:
            return
        slot.held.close()
        async with self._freed:
            self._taken.discard(slot.uid)
            self._freed.notify()


def _hold(uid: int) -> socket.socket | None:
    """The name that stands for a uid; None where somebody has it, or it is a real user's."""
    if _known(uid) or _known(uid + GUARD):
        return None
    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind(f"\0qe-action-sandbox-{uid}")
    except OSError:
        held.close()
        return None
    return held


def _known(uid: int) -> bool:
    import pwd  # Windows has none

    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
