"""The MCP server over HTTP: on this machine alone, and for whoever has the token.

A page in a browser can send requests to this machine, too, and by a name of its own that it has
made to lead here. So each request, to whatever route, has to name this server as its host, come
from no foreign page, and hold the token.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from qe_action.errors import UsageError
from qe_action.servers.mcp_clients import LOOPBACK, PATH, address_of

NAMES = (LOOPBACK, "localhost")
LARGEST = 4 * 1024 * 1024
"""Bytes of a request."""
SESSIONS = 100
CONNECTIONS = 120
"""Open connections: some systems let a process have 256 files open, and the rest are a run's."""
BACKLOG = 16
"""Connections that wait: as many are taken at once, before one that is too many is ended."""
UNHEARD = 10.0
"""Seconds that a connection has for its first request."""
CLOSING = 1
"""Seconds that open answers have when the server ends."""


class Guard:
    """Lets through what names one of `hosts`, comes from no other page, and holds the token."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = frozenset(f"http://{host}" for host in hosts)
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")  # a WebSocket is refused by that
        refused = self._refusal(Headers(scope=scope))
        if refused is not None:
            refused.headers["Connection"] = "close"
        await (refused or self._app)(scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return PlainTextResponse("This server has another name.", 421)
        if any(origin not in self._origins for origin in origins):
            return PlainTextResponse("Pages of other servers may not ask.", 403)
        given = headers.getlist("authorization")
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), self._expected):
            need = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("The token is missing or wrong.", 401, headers=need)
        return None


class Bounded(H11Protocol):
    """A connection that ends at once where there are too many, or soon where it asks nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= CONNECTIONS:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        self.loop.call_later(UNHEARD, self._end_unheard)

    def _end_unheard(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def listening(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one.

    Raises `UsageError` where the port is taken or not ours to take.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise UsageError(
            f"Port {port} can't be listened on: {error.strerror}.",
            hint="Name another with --http, or 0 for a free one.",
            anchor="command-line",
        ) from None
    return made


def application(server: MCPServer[Any], port: int, token: str) -> ASGIApp:
    """The server's routes behind the guard."""
    hosts = [f"{name}:{port}" for name in NAMES]

    server.custom_route("/health", methods=["GET"])(_health)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=LARGEST,
        max_sessions=SESSIONS,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=[f"http://{host}" for host in hosts]
        ),
        host=LOOPBACK,
    )
    return Guard(app, hosts=frozenset(hosts), token=token)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def serve_http(
    server: MCPServer[Any], listener: socket.socket, token: str, started: Callable[[str], None]
) -> None:
    """Serve until the process is told to end; `started` is told the address."""
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        application(server, port, token),
        log_level="critical",  # what ends early as the server does is no error
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSING,
        ws="none",
        http=Bounded,
        backlog=BACKLOG,
    )
    started(address_of(port))
    await uvicorn.Server(config).serve(sockets=[listener])
