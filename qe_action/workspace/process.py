"""A child process with limits, which never outlives the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

from qe_action.errors import WorkspaceError

ERROR_LIMIT = 4096
"""Bytes of standard error that are kept."""


class _TooLongError(Exception):
    """The output is longer than its limit."""


async def run_program(
    program: Path,
    args: tuple[str, ...],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    limit: int,
    stdin: bytes = b"",
) -> tuple[int, bytes, bytes]:
    """Exit code, output and the head of standard error of a program, named by its whole path.

    `workspace.programs` says which may be run here. It has no input but `stdin` and no
    environment but `env`. Raises `WorkspaceError` where it can't be started, runs longer than
    `timeout` seconds, or gives more than `limit` bytes. A cancelled call, too, ends the program
    before it returns.
    """
    name = f"{program.name} {args[0]}" if args else program.name
    try:
        async with (
            asyncio.timeout(timeout),
            _process(program, args, env, cwd) as process,
        ):
            return await _outcome(process, limit, stdin)
    except TimeoutError as error:
        raise WorkspaceError(f"{name} took longer than {timeout:g} seconds.") from error
    except _TooLongError as error:
        raise WorkspaceError(f"{name} gave more than {limit} bytes.") from error
    except OSError as error:
        raise WorkspaceError(
            f"{program} can't be run: {error.strerror}.",
        ) from error


@asynccontextmanager
async def _process(
    program: Path, args: tuple[str, ...], env: Mapping[str, str], cwd: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    if not program.is_absolute():  # the system would look for it on a PATH that is not ours
        raise FileNotFoundError(2, "it is not named by its whole path")
    process = await asyncio.create_subprocess_exec(
        program,
        *args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        cwd=cwd,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        # Reads the pipes to their end as well, so that nothing stays open.
        await process.communicate()


async def _outcome(
    process: asyncio.subprocess.Process, limit: int, stdin: bytes
) -> tuple[int, bytes, bytes]:
    stdout = cast(asyncio.StreamReader, process.stdout)
    stderr = cast(asyncio.StreamReader, process.stderr)
    errors = asyncio.create_task(_head(stderr, ERROR_LIMIT))
    feeding = asyncio.create_task(_feed(cast(asyncio.StreamWriter, process.stdin), stdin))
    try:
        out = await _whole(stdout, limit)
        return await process.wait(), out, await errors
    finally:
        errors.cancel()
        feeding.cancel()
        await asyncio.gather(errors, feeding, return_exceptions=True)


async def _feed(stream: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(ConnectionError):
        stream.write(data)
        await stream.drain()
    stream.close()


async def _whole(stream: asyncio.StreamReader, limit: int) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk
        if len(kept) > limit:
            raise _TooLongError
    return bytes(kept)


async def _head(stream: asyncio.StreamReader, limit: int) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk[: limit - len(kept)]
    return bytes(kept)
