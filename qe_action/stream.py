"""The event log, its stages, and the broadcast that lets consumers read it at their own pace.

Nothing here touches the process: several broadcasts may run in one event loop.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import IO, Protocol

from qe_action.events import AGENTS, EVENT, AgentName, Conclusion, Event
from qe_action.journal import encode

WINDOW = 1000
"""How many of the latest events stay in memory; older ones are read back from the spool."""
WRITTEN_AT_ONCE = 100
"""How many of them are written to it together."""
CANCELLED = "The run was cancelled."


class Sink(Protocol):
    """A consumer of the stream. It sees every event from the first on, whenever it starts."""

    name: str

    async def consume(self, events: AsyncIterator[Event]) -> None: ...


class EventLog:
    """An append-only log of events; long runs lie in `spool`, a file open for read and write."""

    def __init__(
        self, spool: IO[bytes], *, window: int = WINDOW, at_once: int = WRITTEN_AT_ONCE
    ) -> None:
        self._spool = spool
        self._recent: deque[Event] = deque(maxlen=window)
        self._offsets = array("Q")
        self._end = 0
        self._unwritten = bytearray()
        self._at_once = max(1, min(at_once, window))
        self._closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int) -> Event:
        """The event at `index`, from memory if it is recent, else from the spool."""
        in_memory = index - (len(self._offsets) - len(self._recent))
        if in_memory >= 0:
            return self._recent[in_memory]
        self._spool.seek(self._offsets[index])
        return EVENT.validate_json(self._spool.readline())

    def append(self, event: Event) -> None:
        """Add an event and wake the readers. Raises `ValueError` once the log is closed."""
        if self._closed:
            raise ValueError("the event log is closed")
        self._spill(encode(event))
        self._recent.append(event)
        self._wake()

    def _spill(self, line: bytes) -> None:
        """Write it to the spool, with other recent ones; a full disk leaves all to memory."""
        self._offsets.append(self._end)
        if self._recent.maxlen is None:
            return
        self._end += len(line)
        self._unwritten += line
        if len(self._offsets) % self._at_once == 0:
            try:
                self._spool.seek(self._end - len(self._unwritten))
                self._spool.write(self._unwritten)
                self._spool.flush()
            except OSError:
                self._end -= len(self._unwritten)
                self._recent = deque(self._recent)
            self._unwritten.clear()

    def close(self) -> None:
        """No more events: readers end once they have read what is there."""
        self._closed = True
        self._wake()

    async def follow(self) -> AsyncGenerator[Event, None]:
        """Every event from the first to the last, waiting for those to come."""
        index = 0
        while await self.has(index):
            yield self[index]
            index += 1

    async def has(self, index: int) -> bool:
        """Whether there is an event at `index`, once that is known."""
        while index >= len(self._offsets):
            if self._closed:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)
        return True

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


async def at_once() -> bool:
    """The need of a stage that waits for nothing."""
    return True


@dataclass(frozen=True)
class Stage:
    """One agent's part of a run.

    Stages come one after the other. When its turn has come, a stage waits for `needs`, which
    returns when it may start, or False where it is left out; then its `source` is read to the
    end.
    """

    agent: AgentName
    source: AsyncGenerator[Event, None]
    needs: Callable[[], Awaitable[bool]] = at_once

    def is_result(self, event: Event) -> bool:
        """Whether nothing more of this stage follows."""
        return isinstance(event, AGENTS[self.agent].complete)

    def ending(self, conclusion: Conclusion, message: str) -> tuple[Event, ...]:
        """The last events of a stage that can't say them itself."""
        return AGENTS[self.agent].ending(conclusion, message)


class Replay:
    """A stream that was recorded, cut into the stages of which it was made."""

    def __init__(self, events: AsyncGenerator[Event, None]) -> None:
        self._events = events
        self._next: Event | None = None

    def stages(self) -> tuple[Stage, ...]:
        """One for each agent, left out where the recording has nothing of it at that place."""
        return tuple(
            Stage(agent, self._part(agent), partial(self._begins, agent)) for agent in AGENTS
        )

    async def _begins(self, agent: AgentName) -> bool:
        if self._next is None:
            self._next = await anext(self._events, None)
        return self._next is not None and self._next.agent == agent

    async def _part(self, agent: AgentName) -> AsyncGenerator[Event, None]:
        while await self._begins(agent):
            event, self._next = self._next, None
            assert event is not None
            yield event


class Broadcast:
    """The events of a run to many sinks: none waits for another, none can stop another.

    `on_failure(sink, error)` hears of a sink that failed or was cut off. A stage that fails or is
    cancelled, while it waits as well, is the last one; where it has not said how it ended, the
    stream says so for it. `failure` is the exception of a stage that failed, `failed` that in
    words.
    """

    def __init__(
        self,
        log: EventLog,
        sinks: Sequence[Sink],
        *,
        grace: float,
        on_failure: Callable[[Sink, BaseException], None],
    ) -> None:
        self._log = log
        self._sinks = sinks
        self._grace = grace
        self._on_failure = on_failure
        self._pump: asyncio.Task[None] | None = None
        self._interrupted = asyncio.Event()
        self._has_result = False
        self.failure: BaseException | None = None
        self.failed = ""

    async def run(self, stages: Sequence[Stage]) -> None:
        """Pump the stages into the log until they end, then give the sinks `grace` seconds.

        A run that is cancelled itself leaves nothing running.
        """
        tasks = {asyncio.create_task(self._consume(sink)): sink for sink in self._sinks}
        pump = self._pump = asyncio.create_task(self._produce(stages))
        if self._interrupted.is_set():
            pump.cancel()
        try:
            await asyncio.wait({pump})
            if pump.cancelled() and stages:  # before its first step, where it can't say so itself
                self._say_end(stages[0], "cancelled", CANCELLED)
            self._log.close()
            for task in await self._drain(set(tasks)):
                self._on_failure(tasks[task], TimeoutError(f"cut off after {self._grace:g} s"))
        finally:
            await _stop({pump})
            await _stop(set(tasks), within=1)

    def interrupt(self, grace: float) -> None:
        """End the production now; the sinks get `grace` seconds for their last word."""
        self._grace = grace
        self._interrupted.set()
        if self._pump is not None:
            self._pump.cancel()

    async def _drain(self, tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        """Wait for the sinks; those still at work when the grace is over are returned."""
        loop = asyncio.get_running_loop()
        interrupted = asyncio.create_task(self._wait_for_interrupt())
        deadline = loop.time() + self._grace
        watched = {interrupted}
        try:
            while tasks and (left := deadline - loop.time()) > 0:
                done, _ = await asyncio.wait(
                    tasks | watched, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                tasks = tasks - done
                if watched & done:
                    watched = set()
                    deadline = min(deadline, loop.time() + self._grace)
        finally:
            interrupted.cancel()
        return tasks

    async def _wait_for_interrupt(self) -> None:
        await self._interrupted.wait()

    async def _produce(self, stages: Sequence[Stage]) -> None:
        """The stages in turn. One that came to no result is the last: others build on it."""
        for stage in stages:
            self._has_result = False
            try:
                if await stage.needs():
                    await self._read(stage)
                    if not self._has_result or self._interrupted.is_set():
                        return
            except asyncio.CancelledError:
                self._say_end(stage, "cancelled", CANCELLED)
                return
            except Exception as error:  # noqa: BLE001 - the run ends here, with what it has
                self.failure = error
                self.failed = f"The {AGENTS[stage.agent].task} failed"
                self._say_end(stage, "failed", f"{self.failed}: {type(error).__name__}.")
                return

    async def _read(self, stage: Stage) -> None:
        async with aclosing(stage.source) as events:
            async for event in events:
                self._log.append(event)
                self._has_result = self._has_result or stage.is_result(event)

    def _say_end(self, stage: Stage, conclusion: Conclusion, message: str) -> None:
        if not self._has_result:
            for event in stage.ending(conclusion, message):
                self._log.append(event)

    async def _consume(self, sink: Sink) -> None:
        try:
            async with aclosing(self._log.follow()) as events:
                await sink.consume(events)
        except Exception as error:  # noqa: BLE001 - one sink's failure is its own
            self._on_failure(sink, error)


async def _stop(tasks: set[asyncio.Task[None]], *, within: float | None = None) -> None:
    """End what is still running, and wait for that for so many seconds."""
    running = {task for task in tasks if not task.done()}
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running, timeout=within)
