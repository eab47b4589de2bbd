"""A forked child that runs the project's code, watched from the worker.

A child that ends, or is silent for too long, costs what it was at and nothing else.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import contextmanager
from typing import Any

from . import isolation, tracing

MEMORY = 512 << 20
"""Bytes that a child may hold beyond what the worker has."""
SILENT_CPU = 0.25
"""CPU seconds for which a child may be silent."""
SILENT_WALL = 3.0
"""Seconds for which it may be silent."""
LONGEST = 1 << 20
"""Bytes of the longest line that is read."""


@contextmanager
def forked(become: Any, cpu: float = SILENT_CPU, wall: float = SILENT_WALL) -> Any:
    """A child that runs `become` with a descriptor to write lines to.

    When the block ends, the child and its group are gone.
    """
    reading, writing = os.pipe()
    pid = isolation.fork()
    if pid == 0:
        try:
            os.close(reading)
            os.setpgid(0, 0)
            become(writing)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        yield ForkedChild(reading, pid, cpu, wall)
    finally:
        os.close(reading)
        kill(pid)


class ForkedChild:
    """A child seen from the worker. `late`: it was silent too long; `ended`: it said it is done."""

    def __init__(
        self, reading: int, pid: int, cpu: float = SILENT_CPU, wall: float = SILENT_WALL
    ) -> None:
        self._reading, self._pid = reading, pid
        self._cpu, self._wall = cpu, wall
        self.late = self.ended = False

    def lines(self) -> Any:
        """Its answers until it ends, or is silent for too long."""
        buffer = b""
        since, cpu = time.monotonic(), _cpu(self._pid)
        while True:
            ready, _, _ = select.select([self._reading], [], [], 0.05)
            if not ready:
                used = _cpu(self._pid) - cpu
                if used > self._cpu or time.monotonic() - since > self._wall:
                    self.late = True
                    return
                continue
            data = os.read(self._reading, 1 << 16)
            if not data or len(buffer) > LONGEST:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                try:
                    answer = json.loads(line)
                except ValueError:
                    return
                if answer.get("end"):
                    self.ended = True
                    return
                yield answer
            since, cpu = time.monotonic(), _cpu(self._pid)


def _cpu(pid: int) -> float:
    """The CPU seconds of a child, by the kernel's clock for it: a sandbox may hide /proc."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, OverflowError):
        return 0.0


def kill(pid: int) -> None:
    """End a child and its group."""
    for end in (os.killpg, os.kill):
        try:
            end(pid, signal.SIGKILL)
        except OSError:
            continue
    try:
        os.waitpid(pid, 0)
    except OSError:
        return


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, however much the descriptor takes at once."""
    while data:
        data = data[os.write(descriptor, data) :]


def alarm() -> Any:
    """A second way to end a call: a signal by CPU time, for Python code outside the target."""

    def ring(signum: Any, frame: Any) -> None:
        raise tracing.Stop

    signal.signal(signal.SIGVTALRM, ring)

    def arm(seconds: float) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds and 0.1)

    return arm
