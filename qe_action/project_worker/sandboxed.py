"""Workers in the sandbox: where the code of a pull request runs."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from qe_action.project_worker.client import LINE, WORKER, ChannelWorker, variables
from qe_action.sandbox.command_run import CommandRun
from qe_action.sandbox.policy import MEBIBYTE, Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.sandbox.users import User
from qe_action.workspace.folders import clear, scratch

MEMORY = 2048 * MEBIBYTE
"""Bytes that a worker and all it has started may hold: the whole suite runs in it."""
PROCESSES = 128
LIFE = 86_400
"""Seconds that a worker may live; each answer has a time-out of its own."""
SAID = 1024 * MEBIBYTE
"""Bytes that a worker may say and print in its life; a line has a limit of its own."""
_ENDS = {
    "memory": "it took too much memory",
    "processes": "it started too many processes",
    "disk": "it wrote too much",
    "output": "it printed too much",
    "cpu": "it took too long",
    "wall": "it took too long",
}


class SandboxedInterpreter:
    """Workers behind all layers of the sandbox, each with a user of its own where we are root.

    `readable` is what the interpreter needs beside the system's folders; `overlay` a folder
    with pytest and coverage for an interpreter that has none; `built` one with files that the
    set-up made in the project, for copies of it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        python: Path,
        readable: Sequence[Path] = (),
        overlay: Path | None = None,
        built: Path | None = None,
    ) -> None:
        self.python = python
        self._sandbox = sandbox
        self._readable = tuple(readable)
        self.overlay = overlay
        self.built = built

    @asynccontextmanager
    async def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AsyncGenerator[ChannelWorker, None]:
        """A worker that may write to `folder`, or to one of its own, and read `readable`.

        Raises `SandboxUnavailable`, when it is first asked, where a layer is missing.
        """
        async with AsyncExitStack() as stack:
            place = Path(tempfile.gettempdir()).resolve()
            program = await stack.enter_async_context(scratch(place))
            await asyncio.to_thread(_lay_out, program)
            own = folder is None
            if folder is None:
                folder = await stack.enter_async_context(scratch(place))
            slot = await stack.enter_async_context(self._sandbox.slot())
            policy = self._policy(program, folder, tuple(readable))
            worker = ChannelWorker(lambda: self._open(program, policy, slot, own=own))
            stack.push_async_callback(worker.kill)
            yield worker

    def _policy(self, program: Path, folder: Path, readable: tuple[Path, ...]) -> Policy:
        overlay = () if self.overlay is None else (self.overlay,)
        return Policy(
            readable=tuple(dict.fromkeys((*self._readable, *overlay, program, *readable))),
            writable=(folder,),
            environment=variables(folder, self.overlay),
            memory=MEMORY,
            processes=PROCESSES,
            cpu=LIFE,
            wall=LIFE,
            output=SAID,
        )

    async def _open(
        self, program: Path, policy: Policy, slot: User, *, own: bool
    ) -> SandboxChannel:
        command = (str(self.python), str(program / "worker" / WORKER.name))
        if own:
            variables(policy.folder, self.overlay)  # the folders that they name may be gone
        running = await self._sandbox.start(command, policy, slot=slot)
        return SandboxChannel(running, policy.folder if own else None)


class SandboxChannel:
    """A sandboxed worker. Killing it ends all that it has started and empties its own folder."""

    def __init__(self, running: CommandRun, own: Path | None = None) -> None:
        self._running = running
        self._own = own

    async def write(self, data: bytes) -> None:
        await self._running.write(data)

    async def read_line(self) -> bytes:
        return await self._running.read_line(LINE)

    async def kill(self) -> str:
        outcome = await self._running.kill()
        if self._own is not None:
            with suppress(OSError):  # what can't be removed still counts for the next one
                await asyncio.to_thread(clear, self._own)
        return _ENDS.get(outcome.how, "")


def _lay_out(program: Path) -> None:
    """The worker's code where every user may read it: our own folder may be closed to them."""
    shutil.copytree(WORKER.parent, program / "worker", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (program, *program.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
