"""The event log, and the broadcast that lets every consumer read it at its own pace."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import IO, Protocol

from qe_action.events import (
    EVENT,
    AnalysisComplete,
    AnalyzerError,
    Conclusion,
    Event,
    GenerationComplete,
    GeneratorError,
    without_figures,
    without_tests,
)
from qe_action.journal import encode

WINDOW = 1000
"""How many of the latest events stay in memory; older ones are read back from the spool."""


class Sink(Protocol):
    """A consumer of the stream. It sees every event from the first on, whenever it starts."""

    name: str

    async def consume(self, events: AsyncIterator[Event]) -> None: ...


class EventLog:
    """An append-only log of events; long runs lie in `spool`, a file open for read and write."""

    def __init__(self, spool: IO[bytes], *, window: int = WINDOW) -> None:
        self._spool = spool
        self._recent: deque[Event] = deque(maxlen=window)
        self._offsets = array("Q")
        self._end = 0
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
        """Write a line to the spool; where its disk is full, memory takes all that comes."""
        self._offsets.append(self._end)
        try:
            self._spool.seek(self._end)
            self._spool.write(line)
            self._spool.flush()
        except OSError:
            if self._recent.maxlen is not None:
                self._recent = deque(self._recent)
        else:
            self._end += len(line)

    def close(self) -> None:
        """No more events: readers end once they have read what is there."""
        self._closed = True
        self._wake()

    async def follow(self) -> AsyncGenerator[Event, None]:
        """Every event from the first to the last, waiting for those to come."""
        index = 0
        while True:
            while index < len(self._offsets):
                yield self[index]
                index += 1
            if self._closed:
                return
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


async def analysis_of(events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """The events up to the analysis' result; what follows can be read on from `events`."""
    async for event in events:
        yield event
        if isinstance(event, AnalysisComplete):
            return


Ending = Callable[[Conclusion, str], tuple[Event, ...]]
"""The last events of a producer that can't say them itself."""


def analysis_ended(conclusion: Conclusion, message: str) -> tuple[Event, ...]:
    """An analysis that ended without a result."""
    return (
        AnalyzerError(message=message),
        without_figures(conclusion, notes=(message,)),
    )


def generation_ended(conclusion: Conclusion, message: str) -> tuple[Event, ...]:
    """A generation that ended without a result."""
    return (
        GeneratorError(message=message),
        without_tests(conclusion, (message,)),
    )


class Broadcast:
    """One producer's events to many sinks: none waits for another, none can stop another.

    `on_failure(sink, error)` hears of a sink that failed or was cut off. A producer's
    exception becomes an `error` and a `complete` event: the analysis', or the generation's where
    the analysis has ended or `ending` says so.
    """

    def __init__(
        self,
        log: EventLog,
        sinks: Sequence[Sink],
        *,
        grace: float,
        on_failure: Callable[[Sink, BaseException], None],
        ending: Ending = analysis_ended,
    ) -> None:
        self._ending = ending
        self._log = log
        self._sinks = sinks
        self._grace = grace
        self._on_failure = on_failure
        self._pump: asyncio.Task[None] | None = None
        self._interrupted = asyncio.Event()
        self.failure: BaseException | None = None
        self.failed = ""

    async def run(self, source: AsyncIterator[Event]) -> None:
        """Pump `source` into the log until it ends, then give the sinks `grace` seconds."""
        tasks = {asyncio.create_task(self._consume(sink)): sink for sink in self._sinks}
        self._pump = asyncio.create_task(self._produce(source))
        if self._interrupted.is_set():
            self._pump.cancel()
        await asyncio.wait({self._pump})
        if self._pump.cancelled():  # before its first step, where it can't say so itself
            self._finish("cancelled", "The run was cancelled.")
        self._log.close()
        late = await self._drain(set(tasks))
        for task in late:
            task.cancel()
            self._on_failure(tasks[task], TimeoutError(f"cut off after {self._grace:g} s"))
        if late:
            await asyncio.wait(late, timeout=1)

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
        while tasks and (left := deadline - loop.time()) > 0:
            done, _ = await asyncio.wait(
                tasks | watched, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            tasks = tasks - done
            if watched & done:
                watched = set()
                deadline = min(deadline, loop.time() + self._grace)
        interrupted.cancel()
        return tasks

    async def _wait_for_interrupt(self) -> None:
        await self._interrupted.wait()

    async def _produce(self, source: AsyncIterator[Event]) -> None:
        try:
            async for event in source:
                self._log.append(event)
                if isinstance(event, AnalysisComplete):
                    self._ending = generation_ended
        except asyncio.CancelledError:
            self._finish("cancelled", "The run was cancelled.")
        except Exception as error:  # noqa: BLE001 - the run ends here, with what it has
            self.failure = error
            what = "generation of tests" if self._ending is generation_ended else "analysis"
            self.failed = f"The {what} failed"
            self._finish("failed", f"{self.failed}: {type(error).__name__}.")

    def _finish(self, conclusion: Conclusion, message: str) -> None:
        last = self._log[len(self._log) - 1] if len(self._log) else None
        if isinstance(last, AnalysisComplete | GenerationComplete):
            return
        for event in self._ending(conclusion, message):
            self._log.append(event)

    async def _consume(self, sink: Sink) -> None:
        try:
            async with aclosing(self._log.follow()) as events:
                await sink.consume(events)
        except Exception as error:  # noqa: BLE001 - one sink's failure is its own
            self._on_failure(sink, error)
