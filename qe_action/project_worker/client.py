"""The port through which agents talk to a worker in the project's interpreter.

What comes back is hostile: lines and their number are bounded, each is one JSON object that
belongs to the request, and whoever asks checks the fields. A worker that hangs, dies or talks
nonsense is killed, and the next request starts another.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qe_action.workspace.folders import scratch

WORKER = Path(__file__).parents[1] / "worker" / "__main__.py"
LINE = 8 << 20
"""Bytes of the longest answer."""
ANSWERS = 200_000
"""Answers to one request."""
SAID = 64 << 20
"""Bytes of all of them: whoever asks may keep what they say."""


class WorkerLost(Exception):  # noqa: N818 - what happened, not what went wrong here
    """The worker ended, hung or said something that is no answer."""


class Worker(Protocol):
    """A process in the project's interpreter that answers requests one after the other."""

    def ask(
        self, request: Mapping[str, Any], timeout: float = 60, within: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The answers to a request, the last one with `done`. Raises `WorkerLost`.

        `timeout` is how many seconds each answer may take, `within` all of them together. Closed
        early, it ends the worker.
        """
        ...


class ProjectInterpreter(Protocol):
    """Where workers come from.

    `folder` is what a worker may write to, one of its own where None; `readable` is what it may
    read beside the interpreter.
    """

    def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AbstractAsyncContextManager[Worker]: ...


class Channel(Protocol):
    """A running worker: bytes in, lines out, and an end that leaves nothing running.

    `kill` says why it had ended before, where that is known.
    """

    async def write(self, data: bytes) -> None: ...

    async def read_line(self) -> bytes: ...

    async def kill(self) -> str: ...


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    op: str
    done: bool = False
    error: str | None = Field(default=None, max_length=1000)


class ChannelWorker:
    """A worker behind any channel; `start` opens one, again after one was lost."""

    def __init__(self, start: Callable[[], Awaitable[Channel]]) -> None:
        self._start = start
        self._channel: Channel | None = None
        self._said = 0

    async def ask(
        self, request: Mapping[str, Any], timeout: float = 60, within: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        finished = False
        clock = asyncio.get_running_loop().time
        ends = clock() + (math.inf if within is None else within)
        self._said = 0
        try:
            for number in range(ANSWERS):
                async with asyncio.timeout(min(timeout, ends - clock())):
                    if number == 0:
                        await self._send(request)
                    answer = await self._receive(request["op"])
                finished = answer.done
                yield answer.model_dump(exclude={"error"})
                if finished:
                    return
            raise WorkerLost("it answers without end")
        except (TimeoutError, OSError, ValueError) as error:
            raise WorkerLost(str(error) or "it took too long") from error
        finally:
            if not finished:
                await self.kill()

    async def _send(self, request: Mapping[str, Any]) -> None:
        if self._channel is None:
            self._channel = await self._start()
        await self._channel.write(json.dumps(request).encode() + b"\n")

    async def _receive(self, op: str) -> _Answer:
        assert self._channel is not None
        line = await self._channel.read_line()
        if not line.endswith(b"\n"):
            raise WorkerLost(await self.kill() or "its process ended")
        self._said += len(line)
        if len(line) > LINE or self._said > SAID:
            raise WorkerLost("its answer is too long")
        try:
            answer = _Answer.model_validate_json(line)
        except ValidationError:
            raise WorkerLost("it answers in no known form") from None
        if answer.op != op:
            raise WorkerLost("it answers what was not asked")
        if answer.error is not None:
            detail = str((answer.model_extra or {}).get("detail", ""))[:500]
            raise WorkerLost(f"{answer.error}: {detail}")
        return answer

    async def kill(self) -> str:
        """End the worker, if one runs; why it had ended before, where that is known."""
        channel, self._channel = self._channel, None
        if channel is None:
            return ""
        return await asyncio.shield(asyncio.ensure_future(_killed(channel)))


async def _killed(channel: Channel) -> str:
    return await channel.kill()


def variables(folder: Path, overlay: Path | None) -> dict[str, str]:
    """A worker's environment beside PATH; makes the folders for home and temporary files."""
    found = {
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
    for name, variable in (("home", "HOME"), ("tmp", "TMPDIR")):
        (folder / name).mkdir(exist_ok=True)
        found[variable] = str(folder / name)
    if overlay is not None:
        found["PYTHONPATH"] = str(overlay)
    return found


class PlainInterpreter:
    """Workers without a sandbox, for a machine of one's own.

    `env` gives PATH; nothing else of it is passed on. `overlay` is a folder with pytest and
    coverage for interpreters that have none.
    """

    def __init__(
        self, python: str, env: Mapping[str, str] | None = None, overlay: Path | None = None
    ) -> None:
        self.python = python
        self._env = {"PATH": (env or {}).get("PATH", os.defpath)}
        self._overlay = overlay

    @asynccontextmanager
    async def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AsyncGenerator[ChannelWorker, None]:
        async with AsyncExitStack() as stack:
            if folder is None:
                place = Path(tempfile.gettempdir())
                folder = await stack.enter_async_context(scratch(place))
            worker = ChannelWorker(partial(self._open, folder))
            stack.push_async_callback(worker.kill)
            yield worker

    async def _open(self, folder: Path) -> Channel:
        env = {**self._env, **variables(folder, self._overlay)}
        process = await asyncio.create_subprocess_exec(
            self.python,
            str(WORKER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=env,
            cwd=folder,
            limit=LINE,
            start_new_session=True,
        )
        return PlainChannel(process)


class PlainChannel:
    """A plain child process. Killing it ends its session; who left that is out of reach."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def write(self, data: bytes) -> None:
        stdin = cast(asyncio.StreamWriter, self._process.stdin)
        stdin.write(data)
        with suppress(ConnectionError):  # it has ended: what it said before can be read
            await stdin.drain()

    async def read_line(self) -> bytes:
        return await cast(asyncio.StreamReader, self._process.stdout).readline()

    async def kill(self) -> str:
        for pid in (*_session(self._process.pid), self._process.pid):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        cast(asyncio.StreamWriter, self._process.stdin).close()
        await self._process.wait()
        return ""


def _session(leader: int) -> list[int]:
    """The processes of a session, as far as /proc tells."""
    found = []
    with suppress(OSError):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == leader:
                        found.append(int(entry.name))
    return found
