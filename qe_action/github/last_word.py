"""Requests after `hurry`: side by side, each on a connection of its own, until a deadline.

A request that is slow is not given up for its repeat: both go on, and the first answer counts,
so that a slow GitHub costs no time and one that hangs costs `grace`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from qe_action.errors import DeliveryError
from qe_action.github.connection import Ask
from qe_action.github.refusals import Unauthorized, Unreachable

T = TypeVar("T")
Find = Callable[[], Awaitable[T | None]]
Start = Callable[[Ask[Any], float], asyncio.Future[Any]]


class LastWord:
    """Begins at the hurry and lasts `budget` seconds.

    `start` sends a request that nothing waits for, bounded by the seconds it is given; one
    unanswered after `grace` seconds is repeated, or what it makes is looked up.
    """

    def __init__(self, start: Start, *, grace: float, budget: float) -> None:
        self._start_for = start
        self._grace = grace
        self._end = time.monotonic() + budget

    @property
    def left(self) -> float:
        """Seconds until everything is over."""
        return max(self._end - time.monotonic(), 0.0)

    async def superseded(self, ask: Ask[T], under_way: asyncio.Future[T] | None) -> T:
        """An edit from before the hurry: its sender has newer words for the same place."""
        if under_way is None:
            raise Unreachable(f"There was no time left to {ask.action}", unsure=False)
        try:
            await asyncio.wait({under_way}, timeout=min(self._grace, self.left))
            return _answer(ask, under_way)
        finally:
            under_way.cancel()

    async def repeat(self, ask: Ask[T], under_way: asyncio.Future[T] | None, more: int) -> T:
        """A request that changes nothing when repeated: `more` times at most."""
        error: DeliveryError = _late(ask)
        tries = {under_way or self._start(ask)}
        running = set(tries)
        try:
            while running and self.left:
                wait = min(self._grace, self.left) if more else self.left
                done, running = await asyncio.wait(
                    running, timeout=wait, return_when=asyncio.FIRST_COMPLETED
                )
                for answer in done:
                    try:
                        return _answer(ask, answer)
                    except (Unauthorized, Unreachable) as failed:
                        error = failed
                if more and self.left:
                    more -= 1
                    again = self._start(ask)
                    tries.add(again)
                    running.add(again)
            raise error
        finally:
            for answer in tries:
                answer.cancel()

    async def create(self, ask: Ask[T], under_way: asyncio.Future[T] | None, find: Find[T]) -> T:
        """A creation, which `find` looks up when its answer is late or lost."""
        post = under_way or self._start(ask)
        search = asyncio.create_task(self._search(post, find))
        either: set[asyncio.Future[Any]] = {post, search}
        try:
            await asyncio.wait(either, timeout=self.left, return_when=asyncio.FIRST_COMPLETED)
            if post.done():
                try:
                    return _answer(ask, post)
                except Unreachable as error:
                    if not error.unsure:
                        raise
                await asyncio.wait({search}, timeout=self.left)
            if search.done() and (made := search.result()) is not None:
                return made
            return _answer(ask, post)
        finally:
            search.cancel()
            post.cancel()

    async def _search(self, post: asyncio.Future[Any], find: Find[T]) -> T | None:
        """Look until it is there; None: the creation failed, and it is not there."""
        while True:
            await asyncio.wait({post}, timeout=self._grace)
            over = post.done()
            try:
                made = await find()
            except DeliveryError:
                made = None
            if over or made is not None or not self.left:
                return made

    def _start(self, ask: Ask[T]) -> asyncio.Future[T]:
        if not self.left:
            raise Unreachable(f"There was no time left to {ask.action}", unsure=False)
        return self._start_for(ask, self.left)


def _answer(ask: Ask[T], answer: asyncio.Future[T]) -> T:
    """The result; raises its error, or `Unreachable` where there is none yet."""
    if answer.cancelled() or not answer.done():
        raise _late(ask)
    return answer.result()


def _late(ask: Ask[Any]) -> Unreachable:
    return Unreachable(f"GitHub gave no answer in time to {ask.action}", unsure=True)
