"""The agents without `await`: for notebooks, scripts and the interactive interpreter."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from typing import Any, Generic, Protocol, TypeVar, cast, overload

from qe_action.events import Event
from qe_action.task import QETask

T = TypeVar("T")
E_co = TypeVar("E_co", bound=Event, covariant=True)


class StreamingAgent(Protocol[E_co]):
    """What all agents have in common."""

    name: str

    def execute_streaming(self, task: QETask) -> AsyncGenerator[E_co, None]: ...


class _Pump(Generic[T]):
    """Reads a stream in a thread with an event loop of its own, one event at a time.

    One task reads it from its first event to its last, as the stream may hold what belongs to a
    task. It goes on only when it is asked to.
    """

    def __init__(self, stream: AsyncIterator[T]) -> None:
        self._stream = stream
        self._answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._wanted = asyncio.Semaphore(0)
        self._task: asyncio.Task[None] | None = None
        self._over = self._cancelled = False
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="qe-action events", daemon=True
        )
        self._thread.start()

    def next(self) -> T:
        """The next event. Raises `StopIteration` at the end, and what the stream raises."""
        if self._over:
            raise StopIteration
        self._loop.call_soon_threadsafe(self._wanted.release)
        try:
            kind, value = self._answers.get()
        except BaseException:  # Ctrl-C: what is kept of the loop must not keep the work going
            self.close()
            raise
        if kind == "event":
            return cast(T, value)
        self._join()
        if kind == "failed":
            raise value
        raise StopIteration

    def close(self) -> None:
        """End the stream early, and wait until nothing of it is left."""
        if self._over:
            return
        with suppress(RuntimeError):  # the loop has just ended by itself
            self._loop.call_soon_threadsafe(self._cancel)
        self._join()

    def _join(self) -> None:
        self._over = True
        if threading.current_thread() is not self._thread:  # where garbage was collected in it
            self._thread.join()

    def _cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._read())

    async def _read(self) -> None:
        self._task = asyncio.current_task()
        try:
            if not self._cancelled:
                await self._hand_over()
        except asyncio.CancelledError:
            self._answers.put(("end", None))
        except BaseException as error:  # noqa: BLE001 - raised where the events are read
            self._answers.put(("failed", error))
        else:
            self._answers.put(("end", None))

    async def _hand_over(self) -> None:
        await self._wanted.acquire()
        async with _closing(self._stream) as events:
            async for event in events:
                self._answers.put(("event", event))
                await self._wanted.acquire()


def _closing(stream: AsyncIterator[T]) -> Any:
    """Closes a stream that can be closed."""
    return (
        aclosing(cast(AsyncGenerator[T, None], stream))
        if hasattr(stream, "aclose")
        else (nullcontext(stream))
    )


class Events(Iterator[T]):
    """Events one after the other, without `await`.

    A loop that is left early ends the work behind it, as `close` does, which waits for that.
    """

    def __init__(self, stream: AsyncIterator[T]) -> None:
        self._pump = _Pump(stream)
        self._finalizer = weakref.finalize(self, self._pump.close)

    def __next__(self) -> T:
        return self._pump.next()

    def close(self) -> None:
        """End the work early; nothing of it is left then."""
        self._finalizer()

    def __enter__(self) -> Events[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@overload
def sync(work: Coroutine[Any, Any, T]) -> T: ...


@overload
def sync(work: AsyncIterator[T]) -> Events[T]: ...


def sync(work: Coroutine[Any, Any, T] | AsyncIterator[T]) -> T | Events[T]:
    """The events of a stream to iterate over, or the result of what would be awaited.

    It works where an event loop is running already, as in a notebook.
    """
    if isinstance(work, AsyncIterator):
        return Events(work)
    with Events(_alone(work)) as results:
        return next(results)


async def _alone(work: Coroutine[Any, Any, T]) -> AsyncGenerator[T, None]:
    yield await work


def run(agent: StreamingAgent[Event], task: QETask, *, progress: bool | None = None) -> Event:
    """The result of a task: its last event. How far it is is shown meanwhile.

    With `progress` None that is so on a terminal and in a notebook.
    """
    result: Event | None = None
    with sync(agent.execute_streaming(task)) as events, _progress(agent.name, progress) as show:
        for event in events:
            show(event)
            if event.type == "complete":
                result = event
    assert result is not None, "every stream ends in a complete event"
    return result


def _progress(name: str, wanted: bool | None) -> AbstractContextManager[Callable[[Event], None]]:
    from rich.console import Console

    console = Console(
        file=None if _in_notebook() else sys.stderr, force_terminal=True if wanted else None
    )
    shown = console.is_terminal or console.is_jupyter if wanted is None else wanted
    return _Bar(name, console) if shown else nullcontext(lambda _event: None)


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules


class _Bar(AbstractContextManager[Callable[[Event], None]]):
    """A line that says how far an agent is and what it has found."""

    def __init__(self, name: str, console: Any) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[found]}", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(name, total=100, found="")
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Callable[[Event], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, event: Event) -> None:
        from qe_action.text import visible

        if event.type == "progress":
            percent = getattr(event, "percent", None)
            self._progress.update(
                self._task, completed=percent, description=visible(event["message"])
            )
        elif event.type in _COUNTED:
            self._counts[event.type] = self._counts.get(event.type, 0) + 1
            words = ", ".join(
                f"{number:,} {_COUNTED[kind]}" for kind, number in self._counts.items()
            )
            self._progress.update(self._task, found=words)


_COUNTED = {"gap": "gaps", "finished": "tests ended", "test": "tests shown"}
