"""Edits at growing intervals: their number grows with the logarithm of a run's length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from qe_action.events import Event
from qe_action.github.refusals import Unauthorized, Unreachable

FIRST_INTERVAL = 1.0
"""Seconds before the first edit; each later interval is a multiple of the one before."""

SCARCE, RESERVE = 300, 100
"""Requests left of the hour's 1,000, which all jobs of a repository share. Below the first, edits
on the way come four times less often; below the second there are none but the last."""

Sleep = Callable[[float], Awaitable[None]]


async def edit_while_streaming(
    events: AsyncIterator[Event],
    take: Callable[[Event], None],
    edit: Callable[[], Awaitable[None]],
    *,
    sleep: Sleep = asyncio.sleep,
    interval: float = FIRST_INTERVAL,
    growth: int = 2,
    remaining: Callable[[], int | None] = lambda: None,
) -> None:
    """`take` every event as it comes, and `edit` at intervals that grow, if there was any.

    The last edit is the caller's, after this returns. An edit under way is waited for, not
    torn off, since nobody could tell whether it had happened. An edit's exception ends the
    edits and is raised when the stream has ended. `remaining` tells how many requests are
    left, None where that is unknown.
    """
    news = asyncio.Event()
    ended = asyncio.Event()
    edits = _Edits(news, ended, edit, sleep, growth, remaining)

    def taken(event: Event) -> None:
        take(event)
        news.set()

    def end() -> None:
        ended.set()
        news.set()

    await stream_beside(events, taken, edits.run(interval), end)


async def stream_beside(
    events: AsyncIterator[Event],
    take: Callable[[Event], None],
    edits: Coroutine[Any, Any, None],
    end: Callable[[], None],
) -> None:
    """`take` every event beside the `edits`, and `end` them where the stream does."""
    editing = asyncio.create_task(edits)
    try:
        async for event in events:
            take(event)
    except BaseException:
        editing.cancel()
        raise
    end()
    await editing


async def last_edit(edit: Callable[[], Awaitable[None]], hurried: Callable[[], bool]) -> None:
    """`edit`, and once more where a hurry cut it short: the last word must not stay unsaid."""
    unhurried = not hurried()
    try:
        await edit()
    except Unreachable:
        if not (unhurried and hurried()):
            raise
        await edit()


async def persist(write: Callable[[], Awaitable[None]], hurried: Callable[[], bool]) -> None:
    """`last_edit` of what may be written twice, and once more: what failed may have passed.

    Each request of it has been repeated by then, so this is for what lasts longer than that.
    """
    try:
        await last_edit(write, hurried)
    except (Unauthorized, Unreachable):
        if hurried():
            raise
        await write()


class _Edits(NamedTuple):
    """The edits on the way."""

    news: asyncio.Event
    ended: asyncio.Event
    edit: Callable[[], Awaitable[None]]
    sleep: Sleep
    growth: int
    remaining: Callable[[], int | None]

    async def run(self, interval: float) -> None:
        """Edit where there is news, each time after a longer wait."""
        while not self.ended.is_set():
            left = self.remaining()
            scarce = left is not None and left < SCARCE
            await either(self.sleep(interval * (4 if scarce else 1)), self.ended.wait())
            await self.news.wait()
            if self.ended.is_set():
                return
            left = self.remaining()
            if left is None or left >= RESERVE:
                self.news.clear()
                await self.edit()
            interval *= self.growth


async def either(*waits: Awaitable[object]) -> None:
    """Return when the first of `waits` is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
