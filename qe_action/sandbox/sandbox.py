"""Starts commands in the sandbox: the way in for all code of a pull request."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from qe_action.errors import SandboxUnavailable, WorkspaceError
from qe_action.sandbox.command_run import CommandRun, Outcome, Relay
from qe_action.sandbox.machine import Layers, Machine, layers
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.run_plan import make_plan
from qe_action.sandbox.users import User, Users

_HERE = Path(__file__).parent
_SUPERVISOR = str(_HERE / "supervisor.py")
_LINE = 65536


@dataclass(frozen=True)
class Finished:
    """A whole run: how it ended and what it wrote to standard output."""

    outcome: Outcome
    stdout: bytes


class Sandbox:
    """Runs commands that may be hostile; as root at most eight at the same time, others wait.

    `off` is the user's word that no layer but the limits is wanted. Nothing of a folder in
    `closed`, such as the checkout, is open to a run only because of the folder that it lies in.
    """

    def __init__(
        self,
        *,
        machine: Machine | None = None,
        slots: Users | None = None,
        off: bool = False,
        closed: Iterable[Path] = (),
    ) -> None:
        self._closed = frozenset(path.resolve() for path in closed)
        self._machine = machine or Machine.here()
        self._slots = slots or Users()
        self._off = off

    def layers(self, policy: Policy | None = None) -> Layers:
        """What a run would be protected by. Raises `SandboxUnavailable` if that is too little."""
        return layers(self._machine, policy or Policy(), off=self._off)

    async def run(
        self,
        command: Sequence[str],
        policy: Policy,
        *,
        stdin: bytes = b"",
        slot: User | None = None,
    ) -> Finished:
        """Run a command to its end; `start` says what it raises."""
        async with await self.start(command, policy, slot=slot) as running:
            feeding = asyncio.create_task(_feed(running, stdin))
            try:
                stdout = await running.read_all()
                return Finished(await running.outcome(), stdout)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[User]:
        """A user for several runs, one after the other, whose files stay between them."""
        if self.layers().user:
            async with self._slots.held() as slot:
                yield slot
        else:
            yield User()

    async def start(
        self,
        command: Sequence[str],
        policy: Policy,
        *,
        slot: User | None = None,
        relay: Relay | None = None,
    ) -> CommandRun:
        """Start a command; it runs when this returns, behind all layers.

        As root its writable folders are given to the slot's user first (a slot of its own if
        none is named). `relay` takes what it writes. Raises `SandboxUnavailable` where a layer is
        missing or does not hold, and `WorkspaceError` where the command can't be run.
        """
        held = self.layers(policy)
        if held.user and slot is not None and slot.uid is None:
            raise SandboxUnavailable("As root a run needs a user of its own.")
        for path in (*policy.readable, *policy.writable):
            if path.resolve() != path:  # the kernel would open what it leads to
                raise WorkspaceError(f"{path} can't be opened to the sandbox: it leads elsewhere.")
        taken = slot or (await self._slots.take() if held.user else User())
        try:
            if taken.uid is not None:
                for folder in policy.writable:
                    await asyncio.to_thread(give, folder, taken.uid)
            ours = slot is None
            return await self._launch(tuple(command), policy, held, taken, relay, ours=ours)
        except BaseException:
            if slot is None:
                await self._slots.give_back(taken)
            raise

    async def _launch(
        self,
        command: tuple[str, ...],
        policy: Policy,
        held: Layers,
        slot: User,
        relay: Relay | None,
        *,
        ours: bool,
    ) -> CommandRun:
        started = await _supervisor(slot)

        async def release(report: Mapping[str, Any]) -> None:
            started.report_transport.close()
            slot.before.update(report.get("before", {}))
            if not report and slot.uid is not None:
                await _sweep(slot)
            if ours:
                await self._slots.give_back(slot)

        running = CommandRun(
            *(started.process, started.transport, started.control, started.report),
            policy=policy,
            layers=held,
            release=release,
            relay=relay,
        )
        try:
            shielded = (os.getpid(), started.process.pid)
            started.tell(
                make_plan(
                    command, policy, held, slot, shielded, self._machine.processor, self._closed
                )
            )
            said = await started.report.readline()
            _raise_unless_it_runs(json.loads(said or b"{}"), command[0])
        except BaseException:
            await running.kill()
            raise
        return running


@dataclass(frozen=True)
class _Supervisor:
    """The supervisor, waiting for its plan: the way to it and the way back."""

    process: asyncio.subprocess.Process
    transport: asyncio.SubprocessTransport
    control: FileIO
    report: asyncio.StreamReader
    report_transport: asyncio.ReadTransport

    def tell(self, plan: dict[str, Any]) -> None:
        left = memoryview(json.dumps(plan).encode() + b"\n")
        with suppress(BrokenPipeError):
            while left:
                left = left[self.control.write(left) :]


async def _supervisor(slot: User) -> _Supervisor:
    loop = asyncio.get_running_loop()
    control_source, control_target = os.pipe()
    report_source, report_target = os.pipe()
    names = (control_source, report_target)
    try:
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=_LINE, loop=loop),
            *(sys.executable, "-I", "-S", _SUPERVISOR, *map(str, names)),
            pass_fds=(*names, *(() if slot.held is None else (slot.held.fileno(),))),
            env={},
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        os.close(control_target)
        os.close(report_source)
        raise
    finally:
        os.close(control_source)
        os.close(report_target)
    report = asyncio.StreamReader()
    report_transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(report), FileIO(report_source, "rb")
    )
    process = asyncio.subprocess.Process(transport, protocol, loop)
    return _Supervisor(process, transport, FileIO(control_target, "wb"), report, report_transport)


def _raise_unless_it_runs(said: dict[str, Any], program: str) -> None:
    if "runs" in said:
        return
    if "exec" in said:
        raise WorkspaceError(
            f"{program} can't be run in the sandbox: {said['exec']}.",
            hint="Its folder has to be readable for every user.",
        )
    reason = said.get("layer") or "the supervisor ended early"
    raise SandboxUnavailable(f"The sandbox could not be set up: {reason}.")


async def _feed(running: CommandRun, data: bytes) -> None:
    await running.write(data)
    running.close_input()


async def _sweep(slot: User) -> None:
    """End what a supervisor that was killed has left behind."""
    started = await _supervisor(slot)
    started.tell({"sweep": True, "uid": slot.uid, "guard": slot.guard})
    started.control.close()
    await started.process.communicate()
    started.report_transport.close()


def give(folder: Path, uid: int) -> None:
    """Make a folder and all in it a user's own, for nobody else to enter."""
    try:
        os.chown(folder, uid, uid, follow_symlinks=False)
        folder.chmod(0o700)
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(parent, name), uid, uid, follow_symlinks=False)
    except (OSError, RecursionError) as error:
        raise WorkspaceError(f"{folder} can't be given to the sandbox: {error}.") from error
