"""HTTP for the fake GitHub: requests as they are recorded, scripted faults, the server."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import sys
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol


@dataclass
class Recorded:
    """A request and its answer. `status` is 0 while it is unanswered, and where it was dropped.

    `ending` says how a connection ends: properly, reset instead of an answer, or with half of it.
    """

    method: str
    path: str
    query: dict[str, str]
    accept: str
    authorization: str = field(repr=False)
    content: bytes
    time: float
    status: int = 0
    answer: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    rights: dict[str, str] = field(default_factory=dict)
    scripted: bool = False
    ending: Literal["", "reset", "cut"] = ""

    @property
    def body(self) -> Any:
        """The request's JSON, None where it had none."""
        return json.loads(self.content) if self.content else None


@dataclass
class Fault:
    """What goes wrong the next `times` times, after `skip` requests that match went well."""

    method: str
    path: re.Pattern[str]
    kind: int | Literal["drop", "delay"]
    times: int
    skip: int
    headers: Mapping[str, str]
    message: str
    seconds: float
    after_effect: bool
    hits: int = 0

    def strikes(self, request: Recorded) -> bool:
        if request.method != self.method and self.method != "*":
            return False
        if not self.path.search(request.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        return self.hits < self.times


class RefusalError(Exception):
    """An error answer of GitHub."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
            **more,
        }


@dataclass(frozen=True)
class Reply:
    """What an endpoint answers: JSON, or text of the given type."""

    data: Any
    status: int = 200
    text_type: str | None = None
    link: str = ""
    location: str = ""


class Serves(Protocol):
    """What stands behind the server."""

    def serve(self, request: Recorded, /) -> bool: ...


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], fake: Serves) -> None:
        super().__init__(address, _Handler)
        self.fake = fake
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed is no error of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End kept-alive connections, so that their threads end."""
        for connection in tuple(self._open):
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was first


def _reset(connection: socket.socket) -> None:
    """Close without a goodbye: the other side reads "connection reset by peer"."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        where = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        request = Recorded(
            self.command,
            urllib.parse.unquote(where.path),
            dict(urllib.parse.parse_qsl(where.query, keep_blank_values=True)),
            self.headers.get("accept", ""),
            self.headers.get("authorization", ""),
            self.rfile.read(length),
            time.monotonic(),
        )
        answered = self.server.fake.serve(request)
        if answered:
            self._reply(request)
        if request.ending == "reset":
            self.close_connection = True
            _reset(self.connection)
        elif not answered or request.ending == "cut":
            self.close_connection = True
            _shut(self.connection)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - looked up by name

    def _reply(self, request: Recorded) -> None:
        lines = [f"HTTP/1.1 {request.status} {self.responses.get(request.status, ('',))[0]}"]
        headers = {
            **request.headers,
            "content-type": request.content_type,
            "content-length": str(len(request.answer)),
        }
        lines += [f"{name}: {value}" for name, value in headers.items()]
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1") + request.answer
        try:
            self.wfile.write(whole[: -len(request.answer) // 2] if request.ending else whole)
        except OSError:
            self.close_connection = True  # the client gave up waiting

    def log_message(self, format: str, *args: Any) -> None:
        return
