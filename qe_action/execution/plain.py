"""Runs a suite's command as it would run without us: a child with our streams and environment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

from qe_action.execution.started_suite import StartedSuite
from qe_action.execution.suite_port import Ended, Message, Run
from qe_action.execution.suite_watch import GRACE, SuiteWatch
from qe_action.held_signals import ending_signals, release


class PlainRunner:
    """Runs commands one after the other, unprotected.

    `environment` is theirs and has no secrets. `started` is a run that was begun before this was
    made, and the first one that is asked for. One that is told to end has `grace` seconds for that.
    `code` is how the first one ended.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        started: StartedSuite | None = None,
        grace: float = GRACE,
    ) -> None:
        self._grace = grace
        self._environment = environment
        self._started = started
        self.code: int | None = None

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        """What is heard of the command, until it has ended; see `SuiteRunner`."""
        suite, self._started = self._started, None
        suite = suite or StartedSuite.start(run, self._environment)
        try:
            with Signals() as signals:
                terminal = signals.came_from_terminal
                watch = SuiteWatch(suite, run.test_timeout, terminal, grace=self._grace)
                release()
                try:
                    async for message in watch.messages():
                        yield message
                finally:
                    await watch.end()
            suite.close()
            lost = suite.channel.dropped
            yield Ended(watch.code, watch.why, hung=watch.hung, stack=watch.stack, lost=lost)
        finally:
            self.code = suite.code if self.code is None else self.code
            suite.close()


class Signals:
    """Knows whether Ctrl-C was pressed at the terminal that the command shares with us."""

    def __init__(self) -> None:
        self._last = 0
        self._before: dict[int, Any] = {}

    def came_from_terminal(self) -> bool:
        return self._last == signal.SIGINT and _in_foreground()

    def __enter__(self) -> Signals:
        for number in ending_signals():
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
