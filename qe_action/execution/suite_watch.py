"""How a suite that runs is watched: which tests run, for how long, and how all is ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from qe_action.execution.event_channel import EventChannel
from qe_action.execution.process_tree import ProcessTree
from qe_action.execution.suite_port import Finished, Left, Message, Over, Session, Started

GRACE = 2.0
"""Seconds that a command may take to end once it is told to; GitHub leaves us ten for all."""
PATIENCE = 10.0
"""The same at a terminal, where somebody can press Ctrl-C again."""
RUNNING = 1000
"""Tests that are watched at once; a suite may say that more run than can."""
STOPPED = 2.0
"""Seconds without our turn that no busy machine explains."""
SLACK = 5.0
"""Seconds that a command may have run before it is watched."""
DUMPED = 1.0
"""Seconds for writing down where a test hangs."""


class RunningSuite(Protocol):
    """A command under way; `code` is how it ended, as a shell says it, and None until then."""

    channel: EventChannel
    tree: ProcessTree

    @property
    def code(self) -> int | None: ...

    async def wait(self) -> int:
        """Wait until it has ended."""
        ...

    def kill(self) -> None:
        """End it and all that it has started."""
        ...


class SuiteWatch:
    """Hears a command that runs, and ends it: for a test that hangs, or because nobody waits.

    `limit` is in seconds, for one test. `from_terminal` says whether the command has heard Ctrl-C
    itself. `grace` is how many seconds it has to end once it is told to.
    """

    def __init__(
        self,
        suite: RunningSuite,
        limit: float | None,
        from_terminal: Callable[[], bool] = lambda: False,
        *,
        grace: float = GRACE,
    ) -> None:
        self._grace = grace
        self._suite = suite
        self._limit = limit
        self._from_terminal = from_terminal
        self._running: dict[tuple[str, str], float] = {}
        self._one_by_one: set[str] = set()
        self.code = 0
        self.why: Any = ""
        self.hung = ""
        self.stack = ""

    async def messages(self) -> AsyncGenerator[Message, None]:
        """All that is heard, until the command has ended."""
        began = asyncio.get_running_loop().time() - SLACK
        ended = asyncio.create_task(self._wait())
        tasks: list[asyncio.Task[Any]] = [ended]
        if self._limit is not None:
            tasks.append(asyncio.create_task(self._watch_time(self._limit)))
        try:
            async for message in self._suite.channel.messages():
                self._note(message)
                yield _believable(message, asyncio.get_running_loop().time() - began)
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
            case Session(key=key, workers=1):
                self._one_by_one.add(key)
            case Started(key=key, id=name):
                if key in self._one_by_one:  # the one before is over, whatever was said of it
                    self._forget(key)
                if len(self._running) < RUNNING:
                    self._running[key, name] = asyncio.get_running_loop().time()
            case Left(key=key, id=name) | Finished(key=key, id=name, goes_on=False):
                self._running.pop((key, name), None)
            case Over(key=key):
                self._forget(key)

    def _forget(self, key: str) -> None:
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
            pause = _until(self._running.values(), now, limit)
            await asyncio.sleep(pause)
            self._left_out(loop.time() - now - pause)
        self.why, self.hung = "hung", late[0][1]
        self.stack = await self._dumped()
        await self._told_to_end(self._grace)
        self._suite.kill()

    def _left_out(self, gap: float) -> None:
        """Time in which we didn't run ourselves: stopped by Ctrl-Z, the tests were so too."""
        if gap > STOPPED:
            self._running = {each: since + gap for each, since in self._running.items()}

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
        if self._from_terminal():  # the command has heard that key itself
            with suppress(TimeoutError):
                await asyncio.wait_for(self._suite.wait(), PATIENCE)
        else:
            await self._told_to_end(self._grace)
        self._suite.kill()


def _believable(message: Message, most: float) -> Message:
    """No test took longer than all together: its clock may have been a test's own."""
    if isinstance(message, Finished) and message.seconds is not None and message.seconds > most:
        return replace(message, seconds=None)
    return message


def _until(since: Iterable[float], now: float, limit: float) -> float:
    """Seconds until the next look: when the first test would be late, half a second at most."""
    return float(max(0.02, min([0.5, *(limit - (now - began) for began in since)])))
