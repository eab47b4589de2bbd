"""The port through which agents talk to a worker in the project's interpreter."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

WORKER = Path(__file__).parent / "worker" / "__main__.py"
LINE = 8 << 20
"""How long one answer may be."""
ANSWERS = 200_000


class WorkerLost(Exception):  # noqa: N818 - an event rather than a fault of ours
    """The worker ended, hung or said something that is no answer."""


class Worker(Protocol):
    def ask(self, request: Mapping[str, Any], timeout: float = 60) -> AsyncIterator[dict[str, Any]]:
        """The answers to a request, the last one with `done`. Raises `WorkerLost`."""
        ...


class Lab(Protocol):
    def worker(self) -> AbstractAsyncContextManager[Worker]: ...


class PlainWorker:
    """A worker in a plain child process."""

    def __init__(self, python: str, env: Mapping[str, str]) -> None:
        self._python, self._env = python, dict(env)
        self._process: asyncio.subprocess.Process | None = None

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                self._python,
                str(WORKER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._env,
                limit=LINE,
                start_new_session=True,
            )
        return self._process

    async def ask(
        self, request: Mapping[str, Any], timeout: float = 60
    ) -> AsyncGenerator[dict[str, Any], None]:
        process = await self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        finished = False
        try:
            async with asyncio.timeout(timeout):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                await process.stdin.drain()
            for _ in range(ANSWERS):
                async with asyncio.timeout(timeout):
                    line = await process.stdout.readline()
                answer = _answer(line, request["op"])
                finished = bool(answer.get("done"))
                yield answer
                if finished:
                    return
            raise WorkerLost("it answers without end")
        except (TimeoutError, OSError, ValueError) as error:
            raise WorkerLost(str(error) or type(error).__name__) from error
        finally:
            if not finished:
                await self.kill()

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            try:
                os.killpg(process.pid, 9)
            except OSError:
                process.kill()
            await process.wait()


def _answer(line: bytes, op: str) -> dict[str, Any]:
    if not line:
        raise WorkerLost("it ended")
    answer = json.loads(line)
    if not isinstance(answer, dict) or answer.get("op") not in (op, "?"):
        raise WorkerLost("it answers what was not asked")
    return answer


class PlainLab:
    """Workers without a sandbox, for a machine of one's own."""

    def __init__(self, python: str, env: Mapping[str, str] | None = None) -> None:
        self._python = python
        self._env = {"PATH": os.defpath, "PYTHONHASHSEED": "0", **(env or {})}

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[PlainWorker, None]:
        worker = PlainWorker(self._python, self._env)
        try:
            yield worker
        finally:
            await worker.kill()
