"""The server of the live page: `websockets` alone serves page and events, within bounds."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from qe_action.errors import UsageError
from qe_action.servers.live_access import Asked
from qe_action.servers.live_history import History, Shown, frame
from qe_action.servers.live_routes import SAFE, Answer, Routes

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

PORT = 8791
_INCOMING = 1024
"""Bytes of a message to us; none is expected."""
_LOG = logging.Logger("qe-action live", logging.CRITICAL + 1)
"""What a browser sends is no news to whoever has a suite running in that terminal."""


@dataclass(frozen=True)
class Limits:
    """How many browsers are told the events, how many connections there are in all, after how many
    seconds a browser that takes nothing is dropped, and for how many more events are gathered."""

    browsers: int = 200
    connections: int = 400
    slow: float = 20.0
    gather: float = 0.04
    close: float = 1.0
    backlog: int = 512
    """Connections that wait: as many are taken at once, before one that is too many is ended."""

    def within(self, files: int) -> Limits:
        """The same for a process that may have only so many files open."""
        return replace(
            self,
            connections=min(self.connections, files // 2),
            backlog=min(self.backlog, files // 8),
        )


class MissingExtra(UsageError):  # noqa: N818 - what is wrong, in two words
    """The library that serves the page is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "`qe-action live` needs the library websockets, which is not installed.",
            hint="`pip install 'qe-action[live] @ git+https://github.com/qe-action/qe-action'` "
            "brings it.",
            anchor="command-line",
        )


def check_installed() -> None:
    """Raises `MissingExtra` where the page can't be served."""
    try:
        import websockets.asyncio.server  # noqa: F401 - later uses are sure of it
    except ImportError:
        raise MissingExtra from None


def bound(host: str, port: int | None) -> tuple[socket.socket, str]:
    """A socket at the port, and what to say where it is another than the usual one.

    Raises `UsageError` where there is none to be had: only one that was named has to be that one.
    """
    wanted = PORT if port is None else port
    try:
        return _listening(host, wanted), ""
    except (OSError, UnicodeError) as error:  # the latter is of a name that can't be one
        if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"The page can't be served at {host}, port {wanted}: {why}.", anchor="command-line"
            ) from None
    if port is not None:
        raise UsageError(
            f"Port {port} is taken.",
            hint="Leave out --port, and one that is free is chosen.",
            anchor="command-line",
        )
    return _listening(host, 0), f"Port {wanted} is taken, so another one serves."


def _listening(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=512)


class LiveServer:
    """Serves what is shown to browsers that `routes` lets in, until it is left."""

    def __init__(self, routes: Routes, shown: Shown, limits: Limits = Limits()) -> None:
        self._routes = routes
        self._shown = shown
        self._limits = limits.within(_files())
        self._open: set[ServerConnection] = set()
        self._browsers: set[ServerConnection] = set()
        self._behind: set[ServerConnection] = set()

    @asynccontextmanager
    async def serving(self, place: socket.socket) -> AsyncIterator[None]:
        """Serve at a socket that listens."""
        from websockets.asyncio.server import serve

        server = await serve(
            self._browser,
            sock=place,
            compression=None,
            process_request=self._answer,
            server_header=None,
            max_size=_INCOMING,
            max_queue=1,
            write_limit=32 * 1024,
            close_timeout=self._limits.close,
            logger=_LOG,
            backlog=self._limits.backlog,
            create_connection=_counted(self._open, self._browsers, self._limits.connections),
        )
        try:
            yield
        finally:
            server.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * self._limits.close):
                    await server.wait_closed()
            for connection in list(self._open):  # those that take not even a farewell
                connection.transport.abort()
            await server.wait_closed()

    async def told_all(self, within: float) -> None:
        """Wait until every browser has been told the end, for so many seconds at most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while self._behind and loop.time() < deadline:
            await asyncio.sleep(0.02)

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if getattr(request, "method", "GET") != "GET":
            return _response(Answer(405, b"Nothing can be changed here.\n"))
        asked = Asked(request.path, request.headers.get_all)
        answer = self._routes.answer(asked)
        if answer is None and len(self._browsers) >= self._limits.browsers:
            text = f"{self._limits.browsers} browsers show this page already: close one first.\n"
            answer = Answer(503, text.encode())
        if answer is not None:
            return _response(answer)
        self._browsers.add(connection)
        return None

    async def _browser(self, connection: ServerConnection) -> None:
        """Tell a browser the run it asks for, until one of us ends that."""
        from websockets.exceptions import ConnectionClosed

        self._behind.add(connection)
        tasks = {asyncio.create_task(work(connection)) for work in (self._hear, self._tell)}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._behind.discard(connection)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, ConnectionClosed):
                    raise result

    async def _hear(self, connection: ServerConnection) -> None:
        """A browser has nothing to say."""
        await connection.recv()
        await connection.close(1008, "This page only listens.")

    async def _tell(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = Asked(connection.request.path, connection.request.headers.get_all).query
        run = self._shown.run
        first = run.begins_at(query.get("run", ""), query.get("after", ""))
        try:
            await self._send(connection, run.greeting(first))
            await self._tell_events(connection, run, first)
            self._behind.discard(connection)
        except TimeoutError:
            await self._drop(connection)
            return
        await run.replaced.wait()
        await connection.close(1012, "Another run is shown now.")

    async def _tell_events(self, connection: ServerConnection, run: History, first: int) -> None:
        index = first
        while await run.has(index):
            if index == len(run) - 1 and not run.is_over:
                await asyncio.sleep(self._limits.gather)
            if run.replaced.is_set():
                return
            data, index = run.frame(index)
            await self._send(connection, data)
        if not run.replaced.is_set():
            await self._send(connection, frame("end"))

    async def _send(self, connection: ServerConnection, data: bytes) -> None:
        """Send a frame once there is room for it. Raises `TimeoutError` where none comes."""
        async with asyncio.timeout(self._limits.slow):
            await connection.send(data, text=True)

    async def _drop(self, connection: ServerConnection) -> None:
        """Part from a browser that takes nothing: what waits for it is one frame at most.

        It hears why if it reads on by then; the library would wait for that without an end.
        """
        reason = f"It took nothing for {self._limits.slow:g} s."
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.close):
                await connection.send(frame("dropped", reason=reason), text=True)
                await connection.close(1013, reason)
        connection.transport.abort()


def _files() -> int:
    """How many files this process may have open, connections among them."""
    try:
        import resource
    except ImportError:  # Windows
        return 1024
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 65_536 if soft == resource.RLIM_INFINITY else soft


def _response(answer: Answer) -> Response:
    from websockets.datastructures import Headers
    from websockets.http11 import Response

    own = {
        "Content-Type": answer.kind,
        "Content-Length": str(len(answer.body)),
        "Connection": "close",
    }
    headers = Headers([*SAFE.items(), *own.items(), *answer.headers.items()])
    return Response(answer.status, HTTPStatus(answer.status).phrase, headers, answer.body)


class _Full(asyncio.Protocol):
    """A connection that is one too many: a plain word, and its end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        text = b"Too many connections: close some pages and try again.\n"
        head = f"Content-Type: text/plain\r\nContent-Length: {len(text)}\r\nConnection: close"
        transport.write(
            b"HTTP/1.1 503 Service Unavailable\r\n" + head.encode() + b"\r\n\r\n" + text
        )
        transport.close()


def _counted(open_now: set[ServerConnection], browsers: set[ServerConnection], most: int) -> Any:
    """What makes connections, and knows which there are."""
    from websockets.asyncio.server import ServerConnection

    class Counted(ServerConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            open_now.add(self)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            open_now.discard(self)
            browsers.discard(self)
            super().connection_lost(exc)

    def connection(*arguments: Any, **options: Any) -> asyncio.Protocol:
        return _Full() if len(open_now) >= most else Counted(*arguments, **options)

    return connection
