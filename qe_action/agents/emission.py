"""The one way up: work emits events wherever it is, and whoever reads the stream gets them."""

from __future__ import annotations

import asyncio
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
    queue: asyncio.Queue[EventT | None] = asyncio.Queue()
    task = asyncio.create_task(work(queue.put_nowait))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (event := await queue.get()) is not None:
            yield event
        await task
    except asyncio.CancelledError:
        await _ended(task)
        while not queue.empty():
            if (last := queue.get_nowait()) is not None:
                yield last
        raise
    finally:
        await _ended(task)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
