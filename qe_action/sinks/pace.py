"""Edits at growing intervals: their number grows with the logarithm of a run's length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from qe_action.events import Event
from qe_action.github.errors import Unreachable

FIRST_INTERVAL = 1.0
"""Seconds before the first edit; each later interval is twice as long as the one before."""

Sleep = Callable[[float], Awaitable[None]]


async def edit_while_streaming(
    events: AsyncIterator[Event],
    take: Callable[[Event], None],
    edit: Callable[[], Awaitable[None]],
    *,
    sleep: Sleep = asyncio.sleep,
    interval: float = FIRST_INTERVAL,
) -> None:
    """`take` every event as it comes, and `edit` at growing intervals if there was any.

    The last edit is the caller's, after this returns. An edit under way is waited for, not
    torn off, since nobody could tell whether it had happened. An edit's exception ends the
    edits and is raised when the stream has ended.
    """
    news = asyncio.Event()
    ended = asyncio.Event()
    editing = asyncio.create_task(_edits(news, ended, edit, sleep, interval))
    try:
        async for event in events:
            take(event)
            news.set()
    except BaseException:
        editing.cancel()
        raise
    ended.set()
    news.set()
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


async def _edits(
    news: asyncio.Event,
    ended: asyncio.Event,
    edit: Callable[[], Awaitable[None]],
    sleep: Sleep,
    interval: float,
) -> None:
    while not ended.is_set():
        await _either(sleep(interval), ended.wait())
        await news.wait()
        if ended.is_set():
            return
        news.clear()
        await edit()
        interval *= 2


async def _either(*waits: Awaitable[object]) -> None:
    """Return when the first of `waits` is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
