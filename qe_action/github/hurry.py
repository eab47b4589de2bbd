"""The hurry at a run's end: from then on nobody waits for a turn, a pause or a late answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any


class Hurry:
    """What one waits for at most until it begins. `sleep` waits for some seconds."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    def begin(self) -> None:
        self._begun.set()

    @asynccontextmanager
    async def turn(self, lock: asyncio.Lock) -> AsyncGenerator[None, None]:
        """Hold `lock`; in the hurry go on without it."""
        taking = asyncio.ensure_future(lock.acquire())
        try:
            await self.unless_begun(taking)
            yield
        finally:
            if taking.done() and not taking.cancelled():
                lock.release()
            else:
                taking.cancel()

    async def pause(self, seconds: float) -> None:
        """Sleep, but not in the hurry."""
        if seconds <= 0 or self.begun:
            return
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await self.unless_begun(sleeping)
        finally:
            sleeping.cancel()

    async def unless_begun(
        self, waited_for: asyncio.Future[Any], *, timeout: float | None = None
    ) -> None:
        """Wait for it at most until the hurry begins, or `timeout` seconds."""
        begins = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait(
                {waited_for, begins}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            begins.cancel()
