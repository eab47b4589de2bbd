"""How requests reach GitHub: one at a time, paced, retried, and finished in time.

Until the hurry requests of one sender never overlap, and writes keep their order even when one
of them is being retried. From then on none waits for another.
Retries are here and not in PyGithub's GithubRetry because that one sleeps on its thread, so
that it can't be hurried, and knows no total budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from qe_action.errors import DeliveryError
from qe_action.github.connection import ApiConnection, Ask
from qe_action.github.hurry import Hurry
from qe_action.github.last_word import LastWord
from qe_action.github.refusals import RateLimited, Unauthorized, Unreachable
from qe_action.github.retry_policy import Ports, RetryPolicy

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
Recover = Callable[[], Awaitable[T | None]]
First = Callable[[], Awaitable[None]]

LAG = 2
"""How many gaps between writes GitHub's lists may lag behind."""
DENIED = 2
"""How often a request is asked again that was answered 401: one may come between good answers."""


@dataclass(slots=True)
class _Tries:
    """What a request has cost so far."""

    repeats: int = 0
    denied: int = 0
    waited: float = 0.0


async def again() -> None:
    """Recover from nothing: the request replaces a text, so that a repeat changes nothing."""


class Sender:
    """Sends requests over one `ApiConnection` at a time. `requests_made` counts repeats too."""

    def __init__(self, token: SecretStr, api_url: str, policy: RetryPolicy, ports: Ports) -> None:
        self.requests_made = 0
        self.remaining: int | None = None
        self._token, self._api_url = token, api_url
        self._policy, self._ports = policy, ports
        self._line = self._new_connection(policy.timeout)
        self._pending: asyncio.Future[Any] | None = None
        self._wire = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._hurry = Hurry(ports.sleep)
        self._last_word: LastWord | None = None
        self._last_write: float | None = None
        self._waited = 0.0
        self._locked_out = False  # the last request was denied for good

    def hurry(self) -> None:
        """From now on no pacing, no turns and few repeats, all of it until a deadline."""
        if self._last_word is None:
            self._last_word = LastWord(
                self._submit_apart, grace=self._policy.grace, budget=self._policy.last_word
            )
        self._hurry.begin()

    async def aclose(self) -> None:
        """Wait for a request under way, as long as `hurry` would, and close the connection."""
        self.hurry()
        assert self._last_word is not None
        pending, self._pending = self._pending, None
        if pending is not None:
            limit = min(self._policy.grace, self._last_word.left)
            await asyncio.wait({pending}, timeout=limit)
            pending.cancel()
        self._line.retire()

    async def write(
        self,
        ask: Ask[T],
        recover: Recover[T] | None,
        *,
        doubtful: bool = False,
        first: First | None = None,
    ) -> T:
        """`send`, after the writes that were asked for before."""
        early = self._last_word is None
        async with self._hurry.turn(self._writing):
            if early and self._last_word is not None and ask.edits:
                return await self._last_word.superseded(ask, None)
            return await self.send(ask, recover, doubtful=doubtful, first=first)

    async def send(
        self,
        ask: Ask[T],
        recover: Recover[T] | None = None,
        *,
        doubtful: bool = False,
        first: First | None = None,
    ) -> T:
        """Make the request until it is answered, or patience ends.

        `recover` comes before a write is repeated that may have taken effect (`doubtful`: it
        was so from the start): it returns what that made, or None to go on. Without it such a
        write is not repeated. `first` comes right before each try, when its turn and time have
        come; what it raises ends them.
        """
        tries = _Tries()
        while True:
            try:
                if doubtful and recover and (made := await self._recover(recover)) is not None:
                    return made
                doubtful = False
                if first is not None:
                    await self._pace()
                    await first()
                return await self.once(ask, recover)
            except (RateLimited, Unauthorized, Unreachable) as error:
                if ask.writes and isinstance(error, Unreachable) and error.unsure:
                    doubtful = True
                wait = self._patience(error, tries)
                if wait is None or (doubtful and recover is None):
                    raise
                tries.waited += wait
                self._waited += wait
                await self._hurry.pause(wait)
                if self._hurry.begun:
                    if ask.creates and doubtful and recover and (made := await recover()):
                        return made
                    raise

    async def _recover(self, recover: Recover[T]) -> T | None:
        if recover is not again:
            await self.listed()
        return await recover()

    def _patience(self, error: DeliveryError, tries: _Tries) -> float | None:
        """Seconds until the next attempt; None to give up."""
        policy = self._policy
        if self._hurry.begun:
            return None
        if isinstance(error, Unauthorized):
            self._locked_out |= tries.denied >= min(DENIED, policy.retry_total)
            if self._locked_out:  # by a token that is wrong each request would wait in vain
                return None
            tries.denied += 1
            wait = self._growing(tries.denied)
        elif tries.repeats >= policy.retry_total:
            return None
        else:
            tries.repeats += 1
            wait = self._growing(tries.repeats)
            if isinstance(error, RateLimited):
                wait = error.retry_after
        total = tries.waited + wait
        fits = total <= policy.max_wait and self._waited + wait <= policy.total_wait
        return wait if fits else None

    def _growing(self, repeats: int) -> float:
        factor: int = 2 ** (repeats - 1)
        return self._policy.backoff * factor * (0.5 + self._ports.jitter() / 2)

    async def once(self, ask: Ask[T], recover: Recover[T] | None = None) -> T:
        """Make the request once, when no other is under way; once hurried, as `LastWord` does."""
        early = self._last_word is None
        under_way: asyncio.Future[T] | None = None
        if ask.writes:
            await self._pace()
        async with self._hurry.turn(self._wire):
            await self._settle()
            if self._last_word is None:
                under_way = self._pending = self._submit(ask)
                answered = await self._settle()
                if ask.writes:
                    self._last_write = self._ports.clock()
                if self._line.remaining is not None:
                    self.remaining = self._line.remaining
                if answered:
                    result = under_way.result()
                    self._locked_out = False
                    return result
                if self._last_word is None:
                    raise Unreachable(f"GitHub gave no answer in time to {ask.action}", unsure=True)
                self._pending = None
        return await self._hasten(self._last_word, ask, recover, under_way, early=early)

    async def _hasten(
        self,
        last: LastWord,
        ask: Ask[T],
        recover: Recover[T] | None,
        under_way: asyncio.Future[T] | None,
        *,
        early: bool,
    ) -> T:
        if ask.creates and recover is not None:
            return await last.create(ask, under_way, recover)
        if ask.edits and early:
            return await last.superseded(ask, under_way)
        return await last.repeat(ask, under_way, 1 if not ask.writes or recover is again else 0)

    def _submit(self, ask: Ask[T]) -> asyncio.Future[T]:
        self.requests_made += 1
        answer = asyncio.wrap_future(self._line.submit(ask))
        answer.add_done_callback(_retrieved)
        return answer

    def _submit_apart(self, ask: Ask[T], seconds: float) -> asyncio.Future[T]:
        """On a connection of its own, which closes with the answer."""
        self.requests_made += 1
        line = self._new_connection(seconds)
        answer = asyncio.wrap_future(line.submit(ask))
        line.retire()
        answer.add_done_callback(_retrieved)
        return answer

    def _new_connection(self, timeout: float) -> ApiConnection:
        ports = self._ports
        return ApiConnection(self._token, self._api_url, timeout, ports.clock, ports.authorities)

    async def _settle(self) -> bool:
        """Wait for the request under way, but not once hurried; False: there is no answer."""
        pending = self._pending
        if pending is None:
            return True
        await self._hurry.unless_begun(pending, timeout=2 * self._policy.timeout)
        if pending.done():
            self._pending = None
            return True
        if not self._hurry.begun:
            self._leave(pending)
        return False

    def _leave(self, pending: asyncio.Future[Any]) -> None:
        """Leave a request behind with its connection."""
        pending.cancel()
        self._pending = None
        self._line.retire()
        self._line = self._new_connection(self._policy.timeout)

    async def listed(self) -> None:
        """Wait until GitHub's lists, which may lag behind, can be taken to show the last write."""
        await self._pause_after_write(LAG * self._policy.write_gap)

    async def _pace(self) -> None:
        await self._pause_after_write(self._policy.write_gap)

    async def _pause_after_write(self, gap: float) -> None:
        if self._last_write is not None:
            await self._hurry.pause(min(self._last_write + gap - self._ports.clock(), gap))


def _retrieved(future: asyncio.Future[Any]) -> None:
    """Take an error that nobody waits for any more, so that asyncio does not report it."""
    if not future.cancelled():
        future.exception()
