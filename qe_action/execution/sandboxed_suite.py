"""Runs a suite's command in the sandbox, in a copy of the checkout and the project's environment.

What it prints is passed on as it comes. It is ended with all that it has started, and where it has
broken a limit the last message names it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qe_action.errors import UsageError
from qe_action.execution.event_channel import EventChannel
from qe_action.execution.process_tree import Process, ProcessTree
from qe_action.execution.stopped_commands import stop_commands
from qe_action.execution.suite_port import Ended, Message, Run
from qe_action.execution.suite_watch import GRACE, SuiteWatch
from qe_action.sandbox.command_run import CommandRun, How, Outcome, Relay
from qe_action.sandbox.policy import MEBIBYTE, Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.sandbox.users import User

GIBIBYTE = 1024 * MEBIBYTE
LEAST = 2 * GIBIBYTE
"""Bytes of memory that a suite may hold on the smallest machine; elsewhere it is most of all."""
PROCESSES = 2048
"""Processes and threads: a worker for each core, and what the tests start."""
DISK = 12 * GIBIBYTE
FILE = 4 * GIBIBYTE
ENTRIES = 1_000_000
OPEN_FILES = 4096
LIFE = 86_400
"""Seconds: the job has a time-out of its own, and each test one with `test-timeout`."""
LIMITS: tuple[How, ...] = ("memory", "processes", "disk", "cpu", "wall")
KILLED = 137
"""What a shell says of a command that was killed."""


@dataclass(frozen=True)
class SuitePlace:
    """Where a suite runs: with the user of `slot`, in a copy of the checkout.

    `readable` is what the environment needs, `copy` and `home` are the suite's own folders, `disk`
    is by how many bytes they may grow, and `variables` all that it knows of us.
    """

    sandbox: Sandbox
    slot: User
    readable: tuple[Path, ...]
    copy: Path
    home: Path
    variables: Mapping[str, str]
    network: bool = False
    disk: int = DISK


class SandboxedRunner:
    """Runs commands one after the other in one place; what they print is passed on.

    `environment` is our own, and says whether that is the log of a workflow. `relay` takes what
    they print in place of our streams. One that is told to end has `grace` seconds for that.
    """

    def __init__(
        self,
        place: SuitePlace,
        environment: Mapping[str, str],
        *,
        relay: Relay | None = None,
        grace: float = GRACE,
    ) -> None:
        self._grace = grace
        self._place = place
        self._environment = environment
        together = environment.get("GITHUB_ACTIONS") == "true"
        self._relay = relay or (relay_together if together else relay_apart)

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        """What is heard of the command, until it has ended; see `SuiteRunner`."""
        check_command(run, self._place.variables["PATH"])
        last: Ended | None = None
        go_on = stop_commands(self._environment)
        try:
            async with AsyncExitStack() as stack:
                channel = await stack.enter_async_context(EventChannel(shared=True))
                running = await self._start(run, channel)
                stack.push_async_callback(running.kill)
                suite = SandboxedSuite(channel, running)
                watch = SuiteWatch(suite, run.test_timeout, grace=self._grace)
                try:
                    async for message in watch.messages():
                        yield message
                    last = replace(ended(await running.outcome(), watch), lost=channel.dropped)
                finally:
                    await watch.end()
        finally:
            go_on()
        yield last

    async def _start(self, run: Run, channel: EventChannel) -> CommandRun:
        return await self._place.sandbox.start(
            run.command,
            self._policy(run, channel),
            slot=self._place.slot,
            relay=self._relay,
        )

    def _policy(self, run: Run, channel: EventChannel) -> Policy:
        given = {**self._place.variables, **channel.variables(run, self._place.variables)}
        own_user = self._place.slot.uid is not None
        places = (channel.folder,) if channel.is_open else ()
        written = tuple(place / name for place in places for name in ("stacks", "events"))
        return Policy(
            readable=(*self._place.readable, *places),
            writable=(self._place.copy, self._place.home, *written),
            start=run.folder,
            network=self._place.network,
            loopback=not self._place.network,
            shared_memory=own_user,
            modes=True,
            memory=most_memory(),
            cpu=LIFE,
            wall=LIFE,
            processes=PROCESSES,
            file_size=FILE,
            disk=self._place.disk,
            entries=ENTRIES,
            open_files=OPEN_FILES,
            output=None,
            environment=given,
        )


class SandboxedSuite:
    """A sandboxed command as it is watched."""

    def __init__(self, channel: EventChannel, running: CommandRun) -> None:
        self.channel = channel
        self.tree: ProcessTree = _Inside(running.pid)
        self.code: int | None = None
        self._running = running

    async def wait(self) -> int:
        """Wait until it has ended, and all it had started."""
        self.code = code_of(await self._running.outcome())
        return self.code

    def kill(self) -> None:
        """Have it ended."""
        self._running.stop()


class _Inside(ProcessTree):
    """The processes below a supervisor, which is none of theirs."""

    def __init__(self, supervisor: int) -> None:
        super().__init__(supervisor, "")
        self._supervisor = supervisor

    def look(self) -> frozenset[Process]:
        return frozenset(each for each in super().look() if each.number != self._supervisor)


def check_command(run: Run, path: str) -> None:
    """Raises `UsageError` where there is no such command."""
    name = run.command[0]
    place = str(run.folder / name) if "/" in name else name
    if not run.folder.is_dir():
        raise UsageError(f"There is no folder {run.folder.name} in the copy of the checkout.")
    if shutil.which(place, path=path) is None:
        raise UsageError(
            f"There is no command {name!r} in the project's environment.",
            hint="It is started without a shell, in an environment that is set up from the "
            "project's files: add what runs the tests to what its tests need, or say with "
            "setup-command what installs it.",
        )


def code_of(outcome: Outcome) -> int:
    """How a command ended, as a shell says it."""
    if outcome.code is not None and outcome.how == "exit":
        return outcome.code
    return KILLED if outcome.signal is None else 128 + outcome.signal


def ended(outcome: Outcome, watch: SuiteWatch) -> Ended:
    """The last message: what ended it, if it was not the command itself."""
    if watch.why:
        return Ended(code_of(outcome), watch.why, hung=watch.hung, stack=watch.stack)
    if outcome.how in LIMITS:
        return Ended(code_of(outcome), "limit", limit=outcome.how)
    return Ended(code_of(outcome))


def most_memory() -> int:
    """Three quarters of this machine's memory."""
    return max(LEAST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4)


async def relay_apart(descriptor: int, data: bytes) -> None:
    """Pass on to our own standard output, or error, what a suite has printed there."""
    await asyncio.to_thread(_written, descriptor, data)


async def relay_together(_descriptor: int, data: bytes) -> None:
    """Pass on everything to standard output.

    A workflow's log reads both streams for commands, and keeps no order between them: what is said
    on one before and after counts for that one alone.
    """
    await asyncio.to_thread(_written, 1, data)


def _written(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    with suppress(OSError):  # nobody reads it any more: the suite goes on
        while left:
            left = left[os.write(descriptor, left) :]
