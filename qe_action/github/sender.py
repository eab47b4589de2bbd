"""How requests reach GitHub: one at a time, paced, retried, and finished in time.

Requests never overlap, and writes keep their order even when one of them is being retried.
Retries are here and not in PyGithub's GithubRetry because that one sleeps on its thread, so
that it can't be hurried, and knows no total budget.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from qe_action.errors import DeliveryError
from qe_action.github.errors import RateLimited, Unreachable
from qe_action.github.line import Ask, Line

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
Recover = Callable[[], Awaitable[T | None]]


@dataclass(frozen=True)
class Policy:
    """How patient to be. All in seconds, but `retry_total`.

    `write_gap` lies between two writes (GitHub asks for one second). A request is tried
    `retry_total` times more, waiting `backoff`, doubled each time, or what GitHub asks for,
    together at most `max_wait`. `timeout` bounds connecting and each wait for bytes; twice
    that bounds a request. After `hurry` a request under way gets `grace`, each later one
    `hurry_timeout`.
    """

    write_gap: float = 1.0
    retry_total: int = 5
    max_wait: float = 60.0
    backoff: float = 1.0
    timeout: float = 15.0
    grace: float = 1.5
    hurry_timeout: float = 2.0


@dataclass(frozen=True)
class Ports:
    """The world outside: seconds since 1970, sleeping, and a number in 0-1 to spread retries."""

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random


class Sender:
    """Sends requests over one `Line` at a time. `requests_made` counts repeats too."""

    def __init__(self, token: SecretStr, api_url: str, policy: Policy, ports: Ports) -> None:
        self.requests_made = 0
        self.remaining: int | None = None
        self._token, self._api_url = token, api_url
        self._policy, self._ports = policy, ports
        self._line = Line(token, api_url, policy.timeout, ports.clock)
        self._pending: asyncio.Future[Any] | None = None
        self._wire = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._hurried = asyncio.Event()
        self._last_write: float | None = None

    def hurry(self) -> None:
        """From now on no pacing and no retries, a new connection, and short time-outs."""
        self._hurried.set()

    async def aclose(self) -> None:
        """Wait for a request under way, as long as `hurry` would, and close the connection."""
        self.hurry()
        async with self._wire:
            await self._settle(self._policy.grace)
            self._line.retire()

    async def write(self, ask: Ask[T], recover: Recover[T] | None, *, doubtful: bool = False) -> T:
        """`send`, after the writes that were asked for before."""
        async with self._writing:
            return await self.send(ask, recover, doubtful=doubtful)

    async def send(
        self, ask: Ask[T], recover: Recover[T] | None = None, *, doubtful: bool = False
    ) -> T:
        """Make the request until it is answered, or patience ends.

        `recover` comes before a write is repeated that may have taken effect (`doubtful`: it
        was so from the start): it returns what that made, or None to go on. Without it such a
        write is not repeated.
        """
        waited = 0.0
        for attempt in itertools.count():
            try:
                if doubtful and recover is not None and (made := await recover()) is not None:
                    return made
                doubtful = False
                return await self.once(ask)
            except (RateLimited, Unreachable) as error:
                if ask.writes and isinstance(error, Unreachable) and error.unsure:
                    doubtful = True
                wait = self._patience(error, attempt, waited)
                if wait is None or (doubtful and recover is None):
                    raise
                waited += wait
                await self._pause(wait)
                if self._hurried.is_set():
                    raise
        raise AssertionError("unreachable")

    def _patience(self, error: DeliveryError, attempt: int, waited: float) -> float | None:
        """Seconds until the next attempt; None to give up."""
        policy = self._policy
        if attempt >= policy.retry_total or self._hurried.is_set():
            return None
        if isinstance(error, RateLimited):
            wait = error.retry_after
        else:
            wait = policy.backoff * 2**attempt * (0.5 + self._ports.jitter() / 2)
        return wait if waited + wait <= policy.max_wait else None

    async def once(self, ask: Ask[T]) -> T:
        """Make the request once, when no other is under way."""
        if ask.writes:
            await self._pace()
        async with self._wire:
            await self._settle(self._policy.grace)
            if self._hurried.is_set() and self._line.timeout > self._policy.hurry_timeout:
                self._renew()
            self.requests_made += 1
            line = self._line
            answer = asyncio.wrap_future(line.submit(ask))
            answer.add_done_callback(_retrieved)
            self._pending = answer
            in_time = await self._settle(self._policy.hurry_timeout)
            if ask.writes:
                self._last_write = self._ports.clock()
            if line.remaining is not None:
                self.remaining = line.remaining
            if not in_time:
                raise Unreachable(f"GitHub gave no answer in time to {ask.action}", unsure=True)
            return answer.result()

    async def _settle(self, hurried_limit: float) -> bool:
        """Wait for the request under way; False: it was left behind with its connection."""
        pending = self._pending
        if pending is None:
            return True
        if not self._hurried.is_set():
            hurried = asyncio.ensure_future(self._hurried.wait())
            try:
                await asyncio.wait(
                    {pending, hurried},
                    timeout=2 * self._policy.timeout,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                hurried_limit = self._policy.grace
            finally:
                hurried.cancel()
        if not pending.done() and self._hurried.is_set():
            await asyncio.wait({pending}, timeout=hurried_limit)
        self._pending = None
        if pending.done():
            return True
        pending.cancel()
        self._renew()
        return False

    def _renew(self) -> None:
        self._line.retire()
        policy = self._policy
        timeout = policy.hurry_timeout if self._hurried.is_set() else policy.timeout
        self._line = Line(self._token, self._api_url, timeout, self._ports.clock)

    async def _pace(self) -> None:
        if self._last_write is not None:
            gap = self._policy.write_gap
            await self._pause(min(self._last_write + gap - self._ports.clock(), gap))

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not once hurried."""
        if seconds <= 0 or self._hurried.is_set():
            return
        sleeping = asyncio.ensure_future(self._ports.sleep(seconds))
        hurried = asyncio.ensure_future(self._hurried.wait())
        try:
            await asyncio.wait({sleeping, hurried}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hurried.cancel()


def _retrieved(future: asyncio.Future[Any]) -> None:
    """Take an error that nobody waits for any more, so that asyncio does not report it."""
    if not future.cancelled():
        future.exception()
