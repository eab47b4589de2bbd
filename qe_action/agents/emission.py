"""The one way up: work emits events wherever it is, and whoever reads the stream gets them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

EventT = TypeVar("EventT")

Emit = Callable[[EventT], None]
"""Takes an event from wherever it happens; it never waits for the reader."""


async def emitted(
    work: Callable[[Emit[EventT]], Coroutine[Any, Any, None]],
) -> AsyncGenerator[EventT, None]:
    """What `work` emits, while it goes on. Raises what ends it.

    Closed early, the stream cancels the work and waits for its end. A reader that is cancelled
    gets what the work says of that before the cancellation goes on.
    """
    events: deque[EventT] = deque()  # many come at once: a queue would cost more than their work
    news = asyncio.Event()

    def emit(event: EventT) -> None:
        events.append(event)
        news.set()

    task = asyncio.create_task(work(emit))
    task.add_done_callback(lambda _: news.set())
    try:
        while events or not task.done():
            while events:
                yield events.popleft()
            news.clear()
            if not task.done():
                await news.wait()
        await task
    except asyncio.CancelledError:
        await _ended(task)
        while events:
            yield events.popleft()
        raise
    finally:
        await _ended(task)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
