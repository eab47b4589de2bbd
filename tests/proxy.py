"""A forwarding proxy as companies run one: whole addresses for HTTP, CONNECT for HTTPS."""

from __future__ import annotations

import base64
import http.client
import selectors
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_HOP_BY_HOP = ("proxy-authorization", "proxy-connection", "connection", "transfer-encoding")


class Proxy:
    """Forwards whatever host is named to the one server at `port`.

    `asked` are the requests as they came: method and target. With `account` ("name:password")
    nothing is forwarded without it.
    """

    def __init__(self, port: int, *, account: str = "") -> None:
        self.target = port
        self.account = base64.b64encode(account.encode()).decode()
        self.asked: list[tuple[str, str]] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _welcome(self) -> bool:
        proxy = self.server.proxy
        proxy.asked.append((self.command, self.path))
        given = self.headers.get("proxy-authorization", "")
        if not proxy.account or given == f"Basic {proxy.account}":
            return True
        self.send_response(407)
        self.send_header("proxy-authenticate", 'Basic realm="proxy"')
        self.send_header("content-length", "0")
        self.end_headers()
        return False

    def _forward(self) -> None:
        if not self._welcome():
            return
        where = urllib.parse.urlsplit(self.path)
        assert where.netloc, f"a proxy is asked for whole addresses, not for {self.path}"
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
        onward = http.client.HTTPConnection("127.0.0.1", self.server.proxy.target)
        target = urllib.parse.urlunsplit(("", "", where.path, where.query, ""))
        onward.request(self.command, target, body, headers)
        answer = onward.getresponse()
        data = answer.read()
        onward.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward  # noqa: N815 - looked up by name

    def do_CONNECT(self) -> None:
        if not self._welcome():
            return
        with socket.create_connection(("127.0.0.1", self.server.proxy.target)) as onward:
            self.send_response(200)
            self.end_headers()
            _pump(self.connection, onward)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        return


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    with selectors.DefaultSelector() as ready:
        for here, there in ((one, other), (other, one)):
            ready.register(here, selectors.EVENT_READ, there)
        while True:
            for key, _ in ready.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                try:
                    data = source.recv(65_536)
                    key.data.sendall(data)
                except OSError:
                    return
                if not data:
                    return
