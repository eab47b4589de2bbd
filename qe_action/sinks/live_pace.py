"""Edits while a suite runs: soon after a failure, as long as the budget of edits allows it.

A failure is on its way within a second, unless the budget is spent. The budget is what may be spent
by a given moment of the run: some edits at once, one more after each of a row of ever longer waits.
So the first failures of a run are shown at once, and so are those that come after a quiet time.
Where they keep coming one by one, each waits for the next edit that the budget allows, up to
`Allowance.longest` seconds, and all that have come meanwhile are shown together. Where few requests
are left to the whole repository all of these waits are four times as long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.events import Event, TestFinished
from qe_action.sinks.pace import (
    FIRST_INTERVAL,
    RESERVE,
    SCARCE,
    Sleep,
    edit_while_streaming,
    either,
    stream_beside,
)

Clock = Callable[[], float]
SCARCITY = 4
"""How many times longer the waits are where few requests are left."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many edits a run may have made by when; all times are in seconds.

    `first` edits are free; each of the others comes a wait after the one before it. The first wait
    is `period`, each later one `growth` times as long, and none is longer than `longest`. The last
    `kept` of what is allowed are for failures alone. A failure is sent `gather` after it happened,
    with those that came meanwhile, and at least `gap` after the edit before; other news at least
    `quiet` after it.
    """

    first: int
    period: float
    growth: float
    longest: float
    kept: int
    gather: float
    gap: float = 1.0
    quiet: float = 4.0

    def when(self, count: int) -> float:
        """After how much of a run `count` edits are allowed."""
        total, wait = 0.0, self.period
        for _ in range(count - self.first):
            total += wait
            wait = min(wait * self.growth, self.longest)
        return total

    def times(self, factor: float) -> Allowance:
        """The same with all times longer, or shorter."""
        return Allowance(
            self.first,
            self.period * factor,
            self.growth,
            self.longest * factor,
            self.kept,
            self.gather * factor,
            self.gap * factor,
            self.quiet * factor,
        )


CHECK_EDITS = Allowance(first=5, period=8, growth=1.6, longest=100, kept=4, gather=0.3)
"""Of a check run, one request each: 14 in ten minutes."""
COMMENT_EDITS = Allowance(first=2, period=10, growth=8, longest=600, kept=1, gather=1.0)
"""Of a comment, two requests each: 4 in ten minutes, the first of them its creation."""


@dataclass(slots=True)
class EditPlan:
    """When the next edit is due in a run that began at `start`."""

    allowance: Allowance
    start: float
    done: int = 0
    last: float | None = None

    def due(self, failure: float | None, *, scarce: bool = False) -> float:
        """When the news may be sent; `failure` is when the first unsent failure happened."""
        allowance = self.allowance.times(SCARCITY) if scarce else self.allowance
        allowed = self.done + 1
        last = self.start if self.last is None else self.last
        quiet = allowance.gap if self.last is None else allowance.quiet
        plain = max(last + quiet, self.start + allowance.when(allowed + allowance.kept))
        if failure is None:
            return plain
        gap = failure if self.last is None else self.last + allowance.gap
        soon = max(failure + allowance.gather, gap, self.start + allowance.when(allowed))
        return min(soon, plain)

    def edited(self, now: float) -> None:
        """Take note of an edit, or of one that was left out."""
        self.done += 1
        self.last = now


def is_failure(event: Event) -> bool:
    """Whether people wait for it."""
    return isinstance(event, TestFinished) and event.bad


async def edit_live(
    events: AsyncIterator[Event],
    take: Callable[[Event], None],
    edit: Callable[[], Awaitable[None]],
    *,
    allowance: Allowance,
    sleep: Sleep = asyncio.sleep,
    clock: Clock | None = None,
    remaining: Callable[[], int | None] = lambda: None,
) -> None:
    """`take` every event as it comes, and `edit` as the allowance has it, if there was any.

    As with `edit_while_streaming` the last edit is the caller's, an edit under way is waited for,
    and an edit's exception ends the edits and is raised when the stream has ended.
    """
    now = clock or asyncio.get_running_loop().time
    edits = _LiveEdits(edit, EditPlan(allowance, now()), sleep, now, remaining)

    def taken(event: Event) -> None:
        take(event)
        edits.hear(event)

    await stream_beside(events, taken, edits.run(), edits.end)


class Pace(NamedTuple):
    """When something is edited: at growing intervals, or as an `allowance` has it.

    `interval` is the first wait in seconds; the times of an allowance are as many times longer as
    it is than usual.
    """

    interval: float = FIRST_INTERVAL
    sleep: Sleep = asyncio.sleep
    allowance: Allowance | None = None
    clock: Clock | None = None

    def with_no_failures(self) -> Pace:
        """The same at growing intervals."""
        return self._replace(allowance=None)

    async def follow(
        self,
        events: AsyncIterator[Event],
        take: Callable[[Event], None],
        edit: Callable[[], Awaitable[None]],
        *,
        growth: int = 2,
        remaining: Callable[[], int | None],
    ) -> None:
        """`take` and `edit` at this pace; without an allowance intervals grow by `growth`."""
        if self.allowance is None:
            await edit_while_streaming(
                events,
                take,
                edit,
                sleep=self.sleep,
                interval=self.interval,
                growth=growth,
                remaining=remaining,
            )
            return
        await edit_live(
            events,
            take,
            edit,
            allowance=self.allowance.times(self.interval / FIRST_INTERVAL),
            sleep=self.sleep,
            clock=self.clock,
            remaining=remaining,
        )


USUAL = Pace()


@dataclass(slots=True)
class _LiveEdits:
    """The edits on the way."""

    edit: Callable[[], Awaitable[None]]
    plan: EditPlan
    sleep: Sleep
    clock: Clock
    remaining: Callable[[], int | None]
    failure: float | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        self.news.set()
        if is_failure(event) and self.failure is None:
            self.failure = self.clock()
            self.failed.set()

    def end(self) -> None:
        self.ended.set()
        self.news.set()

    async def run(self) -> None:
        """Edit where there is news, when it is due."""
        while True:
            await self.news.wait()
            if self.ended.is_set():
                return
            left = self.remaining()
            wait = self.plan.due(self.failure, scarce=left is not None and left < SCARCE)
            wait -= self.clock()
            if wait > 0:
                await self._wait(wait)
                continue
            if left is None or left >= RESERVE:
                self.news.clear()
                self.failed.clear()
                self.failure = None
                await self.edit()
            self.plan.edited(self.clock())

    async def _wait(self, seconds: float) -> None:
        """Until then, or until a failure comes first, or the end."""
        sooner = [self.failed.wait()] if self.failure is None else []
        await either(self.sleep(seconds), self.ended.wait(), *sooner)
