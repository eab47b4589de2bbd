"""Running a stream: the event loop, the log on disk, and the signals that end it early."""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from qe_action.held_signals import are_held, ending_signals
from qe_action.stream import Broadcast, EventLog, Sink, Stage

T = TypeVar("T")

GRACE = 300.0
"""Seconds the sinks may go on after the last event: paced writes of many annotations."""
LAST_WORD = 6.0
"""Seconds the sinks have after a signal; GitHub kills ten seconds after its first one."""

COLLECT_AFTER = 100_000
"""New objects after which the garbage collector looks for cycles. Syntax trees are many objects
that last a moment; with the default of 700 it costs a tenth of the run."""


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in an event loop of its own, which Ctrl-C ends by a cancellation.

    Raises `KeyboardInterrupt` then.
    """
    with asyncio.Runner() as runner:
        runner.get_loop()
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN and not are_held():
            signal.signal(signal.SIGINT, signal.default_int_handler)  # the loop takes it from here
        return runner.run(work())


async def stream_to(
    stages: Sequence[Stage],
    sinks: Sequence[Sink],
    *,
    on_failure: Callable[[Sink, BaseException], None],
    on_signal: Callable[[], None] = lambda: None,
) -> Broadcast:
    """Run the stages into `sinks` to the end, or until a signal ends them early."""
    gc.set_threshold(COLLECT_AFTER)
    spool = tempfile.TemporaryFile(prefix="qe-action-")  # noqa: SIM115 - closed below
    log = EventLog(spool)
    broadcast = Broadcast(log, sinks, grace=GRACE, on_failure=on_failure)
    restore = _on_signals(lambda: _interrupt(broadcast, on_signal))
    try:
        await asyncio.sleep(0)  # a signal until now has cancelled this before anything began
        await broadcast.run(stages)
    finally:
        restore()
        with suppress(OSError):  # a full disk is no reason to lose the result
            spool.close()
    return broadcast


async def until_signal() -> None:
    """Wait for the first signal that ends a run; what follows can't be ended by another."""
    told = asyncio.Event()
    restore = _on_signals(told.set)
    try:
        await told.wait()
    finally:
        restore()


def _interrupt(broadcast: Broadcast, on_signal: Callable[[], None]) -> None:
    on_signal()
    broadcast.interrupt(LAST_WORD)


def _on_signals(action: Callable[[], None]) -> Callable[[], None]:
    """Call `action` in the loop at the first signal; later ones change nothing.

    `signal.signal` rather than the loop's own handlers, since Windows has only that.
    """
    loop = asyncio.get_running_loop()
    seen = False

    def handler(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if not seen:
            seen = True
            loop.call_soon_threadsafe(action)

    before = {number: signal.signal(number, handler) for number in ending_signals()}

    def restore() -> None:
        for number, old in before.items():
            # Once told to end we are ending: a second signal must not tear the last words off.
            signal.signal(number, signal.SIG_IGN if seen else old)

    return restore
