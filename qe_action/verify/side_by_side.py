"""Pieces of work that go on side by side, and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(*work: Coroutine[Any, Any, T]) -> list[T]:
    """The results of all. Where one fails or this is cancelled, the others are ended first.

    `asyncio.gather` alone goes on as soon as the first has ended, while others still clean up.
    """
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            if not task.cancelling():  # a second time would cut its cleaning up off
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
