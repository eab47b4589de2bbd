"""Runs a suite's command as it would run without us: a child with our streams and environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

from qe_action.execution.started_suite import StartedSuite
from qe_action.execution.suite_port import Ended, Finished, Message, Over, Run, Started

GRACE = 2.0
"""Seconds that a command may take to end once it is told to; GitHub leaves us ten for all."""
PATIENCE = 10.0
"""The same at a terminal, where somebody can press Ctrl-C again."""
DUMPED = 1.0
"""Seconds for writing down where a test hangs."""


class PlainRunner:
    """Runs commands one after the other, unprotected.

    `environment` is theirs and has no secrets. `started` is a run that was begun before this was
    made, and the first one that is asked for. `code` is how the first one ended.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        started: StartedSuite | None = None,
    ) -> None:
        self._environment = environment
        self._started = started
        self.code: int | None = None

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        """What is heard of the command, until it has ended; see `SuiteRunner`."""
        suite, self._started = self._started, None
        suite = suite or StartedSuite.start(run, self._environment)
        try:
            with Signals() as signals:
                watch = _Watch(suite, run.test_timeout, signals)
                try:
                    async for message in watch.messages():
                        yield message
                finally:
                    await watch.end()
            suite.close()
            yield Ended(watch.code, watch.why, hung=watch.hung, stack=watch.stack)
        finally:
            self.code = suite.code if self.code is None else self.code
            suite.close()


class _Watch:
    """A command that runs: what it says, and how it is ended."""

    def __init__(self, suite: StartedSuite, limit: float | None, signals: Signals) -> None:
        self._suite = suite
        self._limit = limit
        self._signals = signals
        self._running: dict[tuple[str, str], float] = {}
        self.code = 0
        self.why: Any = ""
        self.hung = ""
        self.stack = ""

    async def messages(self) -> AsyncGenerator[Message, None]:
        """All that is heard, until the command has ended."""
        ended = asyncio.create_task(self._wait())
        tasks: list[asyncio.Task[Any]] = [ended]
        if self._limit is not None:
            tasks.append(asyncio.create_task(self._watch_time(self._limit)))
        try:
            async for message in self._suite.channel.messages():
                self._note(message)
                yield message
            self.code = await ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self) -> int:
        code = await self._suite.wait()
        self._suite.channel.end()
        return code

    def _note(self, message: Message) -> None:
        """Keep which tests run, and since when."""
        match message:
            case Started(key=key, id=name):
                self._running[key, name] = asyncio.get_running_loop().time()
            case Finished(key=key, id=name) if message.phase != "collect":
                self._running.pop((key, name), None)
            case Over(key=key):
                for each in [each for each in self._running if each[0] == key]:
                    del self._running[each]

    async def _watch_time(self, limit: float) -> None:
        """End the command once a test runs longer than it may, and note where it was."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            late = [each for each, since in self._running.items() if now - since >= limit]
            if late:
                break
            await asyncio.sleep(_until(self._running.values(), now, limit))
        self.why, self.hung = "hung", late[0][1]
        self.stack = await self._dumped()
        await self._told_to_end(GRACE)
        self._suite.kill()

    async def _dumped(self) -> str:
        """Where the suite's processes are."""
        if sys.platform != "linux":
            return ""
        channel, watched = self._suite.channel, self._suite.channel.watched()
        for process in self._suite.tree.look():
            if process.number in watched:
                with suppress(OSError):
                    os.kill(process.number, channel.stack_signal)
        await asyncio.sleep(DUMPED)
        return channel.stack()

    async def _told_to_end(self, grace: float) -> None:
        """Interrupt the command as Ctrl-C does, and give it some time."""
        self._suite.tree.signal(signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._suite.wait(), grace)

    async def end(self) -> None:
        """Leave nothing running, where the command has not ended by itself."""
        if self._suite.code is not None:
            return
        if self._signals.from_terminal:  # the command has heard that key itself
            with suppress(TimeoutError):
                await asyncio.wait_for(self._suite.wait(), PATIENCE)
        else:
            await self._told_to_end(GRACE)
        self._suite.kill()


def _until(since: Any, now: float, limit: float) -> float:
    """Seconds until the next look: when the first test would be late, half a second at most."""
    return float(max(0.02, min([0.5, *(limit - (now - began) for began in since)])))


class Signals:
    """Knows whether Ctrl-C was pressed at the terminal that the command shares with us."""

    def __init__(self) -> None:
        self._last = 0
        self._before: dict[int, Any] = {}

    @property
    def from_terminal(self) -> bool:
        return self._last == signal.SIGINT and _in_foreground()

    def __enter__(self) -> Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):  # in another thread there are no signals
                self._before[number] = signal.signal(number, self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            if signal.getsignal(number) == self._seen:
                signal.signal(number, before)

    def _seen(self, number: int, frame: FrameType | None) -> None:
        self._last = number
        before = self._before.get(number)
        if callable(before):
            before(number, frame)


def _in_foreground() -> bool:
    """Whether a terminal sends its keys' signals to our process group."""
    if sys.platform == "win32":
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
