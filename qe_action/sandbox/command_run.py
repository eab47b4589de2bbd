"""A sandboxed command under way, and how it ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from typing import Any, Literal, Self, cast

from qe_action.sandbox.machine import Layers
from qe_action.sandbox.policy import Policy

ERROR_LIMIT = 64 * 1024
"""Bytes of standard error that are kept."""
PATIENCE = 10.0
"""Seconds in which the supervisor has to answer once it is told to kill."""
_CHUNK = 65536
_TICK = 0.001

How = Literal[
    "exit", "signal", "cpu", "wall", "memory", "processes", "disk", "output", "killed", "lost"
]
"""By itself, by a signal of its own, by a limit, by us; `lost` where the supervisor was killed."""
_BROKEN = ("wall", "memory", "processes", "disk", "killed")


Relay = Callable[[int, bytes], Awaitable[None]]
"""Takes what a command writes as it comes, with the number of its descriptor, 1 or 2."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `left` counts the processes that were still there and were killed."""

    how: How
    code: int | None
    signal: int | None
    seconds: float
    processor: float
    peak: int
    left: int
    layers: Layers
    stderr: bytes

    @property
    def ok(self) -> bool:
        return self.how == "exit" and self.code == 0


def kill_child(process: int) -> None:
    """Kill a child that still runs, and leave its exit status to the loop.

    asyncio's own `kill` may take the status of one that has just ended; then the loop finds
    none, makes one up and says so in the log.
    """
    with suppress(ChildProcessError):  # the loop has seen its end
        if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            os.kill(process, signal.SIGKILL)


class CommandRun:
    """One sandboxed command: lines in, lines out, and an end that leaves no process behind.

    Read its lines, or it stops at a full pipe until its time is over; with a `relay` there are
    none to read. Usable as an async context manager, which kills what still runs.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        transport: asyncio.SubprocessTransport,
        control: FileIO,
        report: asyncio.StreamReader,
        policy: Policy,
        layers: Layers,
        *,
        release: Callable[[Mapping[str, Any]], Awaitable[None]],
        relay: Relay | None = None,
    ) -> None:
        self.layers = layers
        self._process = process
        self._transport = transport
        self._control = control
        self._report = report
        self._policy = policy
        self._release = release
        self._stdout = cast(asyncio.StreamReader, process.stdout)
        self._buffer = bytearray()
        self._seen = 0
        self._errors = bytearray()
        self._too_much = False
        self._relay = relay
        self._reading = asyncio.create_task(self._read_errors())
        self._relaying = None if relay is None else asyncio.create_task(self._pass_on(relay))
        self._ending: asyncio.Task[Outcome] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    @property
    def pid(self) -> int:
        """Its supervisor's number: all its processes are below that one."""
        return self._process.pid

    async def write(self, data: bytes) -> None:
        """Send bytes to its standard input; nothing happens where it no longer reads."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(ConnectionError, RuntimeError):
            stdin.write(data)
            await stdin.drain()

    def close_input(self) -> None:
        """Let it see the end of its standard input."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.close()

    async def read_line(self, most: int | None = None) -> bytes:
        """The next line of its standard output with its end; empty when there is no more.

        A line of more than about `most` bytes is given in parts without an end.
        """
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if (most is not None and start > most) or not await self._read_more():
                end = len(self._buffer) - 1
                break
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    async def read_all(self) -> bytes:
        """The rest of its standard output, as far as it may go."""
        while await self._read_more():
            pass
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    async def _pass_on(self, relay: Relay) -> None:
        while chunk := await self._stdout.read(_CHUNK):
            self._count(len(chunk))
            await relay(1, chunk)

    async def outcome(self) -> Outcome:
        """Wait for its end and that of everything it started."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())
        return await asyncio.shield(self._ending)

    async def kill(self) -> Outcome:
        """End it with all it started, if it still runs; returns when nothing is left."""
        self.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await self.outcome()
        kill_child(self._process.pid)
        return await self.outcome()

    def stop(self) -> None:
        """Have it ended, and wait for nothing."""
        self._control.close()

    async def _read_more(self) -> bool:
        chunk = await self._stdout.read(_CHUNK)
        most = self._policy.output
        self._buffer += chunk if most is None else chunk[: max(0, most - self._seen)]
        self._count(len(chunk))
        return bool(chunk)

    async def _read_errors(self) -> None:
        stderr = cast(asyncio.StreamReader, self._process.stderr)
        while chunk := await stderr.read(_CHUNK):
            self._count(len(chunk))
            if self._relay is not None:
                await self._relay(2, chunk)
            else:
                self._errors += chunk[: ERROR_LIMIT - len(self._errors)]

    def _count(self, length: int) -> None:
        self._seen += length
        if self._policy.output is not None and self._seen > self._policy.output:
            self._too_much = True
            self.stop()

    async def _end(self) -> Outcome:
        report: dict[str, Any] = {}
        try:
            report = await self._last_line()
        finally:
            self.stop()
            kill_child(self._process.pid)  # it has said its last word, or never will
            await self._release(report)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                if self._relaying is None:
                    while await self._read_more():
                        pass
                else:
                    await self._relaying
                await self._reading
        for task in (self._reading, self._relaying):
            if task is not None:
                task.cancel()
        while self._process.returncode is None:  # closing would take it away from the loop
            await asyncio.sleep(_TICK)
        self._transport.close()  # who has outlived a killed supervisor may hold the pipes
        return self._outcome(report)

    async def _last_line(self) -> dict[str, Any]:
        """The supervisor's report; nothing where it died or stays silent."""
        limit = self._policy.wall + PATIENCE
        with suppress(TimeoutError, ValueError):
            async with asyncio.timeout(limit):
                return cast(dict[str, Any], json.loads(await self._report.readline()))
        return {}

    def _outcome(self, report: dict[str, Any]) -> Outcome:
        status = report.get("status")
        number = -status if status is not None and status < 0 else None
        return Outcome(
            how=self._how(report, number),
            code=status if number is None else None,
            signal=number,
            seconds=report.get("seconds", 0.0),
            processor=report.get("processor", 0.0),
            peak=report.get("peak", 0),
            left=report.get("left", 0),
            layers=self.layers,
            stderr=bytes(self._errors),
        )

    def _how(self, report: dict[str, Any], number: int | None) -> How:
        if self._too_much:
            return "output"
        if report.get("why") in _BROKEN:
            return cast(How, report["why"])
        if report.get("status") is None:
            return "lost"
        if number is None:
            return "exit"
        spent = report.get("processor", 0.0) >= self._policy.cpu
        return "cpu" if number == signal.SIGXCPU or spent else "signal"
