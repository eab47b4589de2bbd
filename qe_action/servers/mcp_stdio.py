"""Standard input and output as the wire of an MCP server, which a signal can end at any time.

The SDK's own reader waits for the next line in a thread that nothing ends but a line, so that the
process would outlive Ctrl-C. Standard output is taken over by the SDK: whatever else is written to
it goes to standard error.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    import anyio
    from mcp.server.lowlevel.server import Server

CHUNK = 64 * 1024
LONGEST = 16 * 1024 * 1024
"""Bytes of the longest message that is read; nothing more is heard of who sends a longer one."""
STUCK = 3.0
"""Seconds after which a server that is told to end does so although nobody reads what it says."""


async def serve_stdio(server: Server[Any]) -> None:
    """Serve the client at the other end until it is gone."""
    with _own_input() as descriptor:
        lines = cast("anyio.AsyncFile[str]", _lines(descriptor))
        try:
            async with stdio_server(stdin=lines) as (read, write):
                await server.run(read, write, server.create_initialization_options())
        except asyncio.CancelledError:
            _end_in_time()
            raise


@contextmanager
def _own_input() -> Iterator[int]:
    """Standard input under another number: what is started here reads nothing of the wire."""
    own = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    yield own  # left open: a thread may wait for it until the process ends


async def _lines(descriptor: int) -> AsyncIterator[str]:
    """The messages, one a line."""
    loop = asyncio.get_running_loop()
    found: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)

    def read() -> None:
        with suppress(RuntimeError, CancelledError):  # the loop is over
            while True:
                try:
                    data = os.read(descriptor, CHUNK)
                except OSError:
                    data = b""
                asyncio.run_coroutine_threadsafe(found.put(data), loop).result()
                if not data:
                    return

    threading.Thread(target=read, daemon=True).start()
    rest = bytearray()
    while data := await found.get():
        head, end, tail = data.rpartition(b"\n")
        rest += head if end else tail
        if end:
            for line in bytes(rest).split(b"\n"):
                yield line.decode("utf-8", "replace")
            rest = bytearray(tail)
        if len(rest) > LONGEST:
            return


def _end_in_time() -> None:
    timer = threading.Timer(STUCK, os._exit, (130,))
    timer.daemon = True
    timer.start()
