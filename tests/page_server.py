"""A server of the page that says what a test tells it to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from qe_action.page import assets

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BATCH = 500


class PageServer:
    """Serves the page's files and the events that `push` was given, from any number on."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})
        self.files = assets.scripts() | {"style.css": assets.style(), "": assets.index()}
        self.run = "first"
        self.events: list[dict[str, Any]] = []
        self.ended = False
        self.asked: list[str] = []
        self.changed = threading.Condition()
        self.generation = 0
        self.server = serve(self._talk, "127.0.0.1", 0, process_request=self._answer)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def push(self, events: list[dict[str, Any]]) -> None:
        with self.changed:
            self.events += events
            self.changed.notify_all()

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def drop(self) -> None:
        """Ends every connection there is."""
        with self.changed:
            self.generation += 1
            self.changed.notify_all()

    def anew(self, run: str) -> None:
        """Begins another run."""
        with self.changed:
            self.run, self.events, self.ended = run, [], False
            self.generation += 1
            self.changed.notify_all()

    def close(self) -> None:
        self.drop()
        self.server.shutdown()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        self.asked.append(request.path)
        if url.path == "/ws":
            return None
        text = self._text(url.path[1:], parse_qs(url.query))
        kind = {"": "text/html", "style.css": "text/css"}.get(url.path[1:], "text/javascript")
        if url.path == "/source":
            kind = "text/plain"
        body = (text or "").encode()
        headers = Headers(
            {
                "Content-Type": f"{kind}; charset=utf-8",
                "Content-Length": str(len(body)),
                "Content-Security-Policy": POLICY,
                "X-Content-Type-Options": "nosniff",
                "Connection": "close",
            }
        )
        status = HTTPStatus.OK if text is not None else HTTPStatus.NOT_FOUND
        return Response(status.value, status.phrase, headers, body)

    def _text(self, name: str, query: Mapping[str, list[str]]) -> str | None:
        if name == "source":
            return self.texts.get(query["path"][0])
        return self.files.get(name)

    def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        mine = self.generation
        knows = query.get("run") == [self.run]
        at = min(int(query["after"][0]), len(self.events)) if knows else 0
        hello = {"kind": "hello", "run": self.run, "title": "shop", "first": at, "live": True}
        try:
            connection.send(json.dumps(hello))
            self._follow(connection, at, mine)
        except ConnectionClosed:
            return

    def _follow(self, connection: ServerConnection, at: int, mine: int) -> None:
        while True:
            with self.changed:
                while self.generation == mine and not self.ended and len(self.events) <= at:
                    self.changed.wait()
                batch = self.events[at : at + BATCH]
            if self.generation != mine:
                return
            if not batch:
                connection.send(json.dumps({"kind": "end"}))
                return
            connection.send(json.dumps({"kind": "events", "first": at, "events": batch}))
            at += len(batch)
