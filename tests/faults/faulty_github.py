"""The fake GitHub with a plan of what goes wrong with which request."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from fake_github import FakeGitHub
from fake_github.wire import Recorded, RefusalError, Server

_PATHS = (
    ("create check", "POST", r"/check-runs"),
    ("update check", "PATCH", r"/check-runs/\d+"),
    ("read check", "GET", r"/check-runs/\d+"),
    ("list annotations", "GET", r"/check-runs/\d+/annotations"),
    ("list checks", "GET", r"/commits/HEAD/check-runs"),
    ("read baseline", "GET", r"/commits/[^/]+/check-runs"),
    ("list history", "GET", r"/commits"),
    ("list comments", "GET", r"/issues/\d+/comments"),
    ("create comment", "POST", r"/issues/\d+/comments"),
    ("read comment", "GET", r"/issues/comments/\d+"),
    ("update comment", "PATCH", r"/issues/comments/\d+"),
    ("delete comment", "DELETE", r"/issues/comments/\d+"),
    ("compare", "GET", r"/compare/.+"),
    ("list files", "GET", r"/pulls/\d+/files"),
    ("read pull", "GET", r"/pulls/\d+"),
    ("list reviews", "GET", r"/pulls/\d+/reviews"),
    ("create review", "POST", r"/pulls/\d+/reviews"),
    ("list review comments", "GET", r"/pulls/\d+/comments"),
    ("update review comment", "PATCH", r"/pulls/comments/\d+"),
    ("delete review comment", "DELETE", r"/pulls/comments/\d+"),
    ("list pulls", "GET", r"/pulls"),
    ("open pull", "POST", r"/pulls"),
    ("edit pull", "PATCH", r"/pulls/\d+"),
    ("read label", "GET", r"/labels/[^/]+"),
    ("add label", "POST", r"/issues/\d+/labels"),
    ("read branch", "GET", r"/branches/.+"),
    ("read ref", "GET", r"/git/ref/.+"),
    ("make branch", "POST", r"/git/refs"),
    ("move branch", "PATCH", r"/git/refs/.+"),
    ("delete branch", "DELETE", r"/git/refs/.+"),
    ("read commit", "GET", r"/git/commits/\w+"),
    ("make commit", "POST", r"/git/commits"),
    ("read tree", "GET", r"/git/trees/\w+"),
    ("make tree", "POST", r"/git/trees"),
    ("read file", "GET", r"/git/blobs/\w+"),
    ("start workflow", "POST", r"/actions/workflows/[^/]+/dispatches"),
)


class Position(NamedTuple):
    """A request of a run: what it asks for, and the how manieth of its kind it is, from 1."""

    endpoint: str
    number: int

    def __str__(self) -> str:
        return f"{self.endpoint}#{self.number}"


Act = Callable[["FaultyGitHub", Recorded], bool]
"""What happens in place of an answer; False: the connection ends without one."""


class Plan(Protocol):
    """Decides about each request; None: nothing goes wrong. Called by one thread at a time."""

    def strike(self, position: Position) -> Act | None: ...


class FaultyGitHub(FakeGitHub):
    """A GitHub whose requests go wrong by `plan`; `head` is the pull request's commit."""

    def __init__(self, repo: str, *, git: Path, head: str) -> None:
        super().__init__(repo, git=git)
        self.plan: Plan | None = None
        self.positions: list[Position] = []
        self.struck: list[Position] = []
        self.kill: Callable[[], None] = lambda: None
        self.apart: dict[str, str] = {}
        """Tokens of runs whose requests are counted apart, under a name of their own."""
        self._head = head
        self._seen: Counter[str] = Counter()
        self._door = threading.Lock()
        self._closed: list[Server] = []

    def quiet(self) -> None:
        """From now on nothing goes wrong."""
        self.plan = None

    def serve(self, request: Recorded) -> bool:
        with self._lock:
            position = self._position(request)
            self.positions.append(position)
            act = self.plan.strike(position) if self.plan else None
            if act is not None:
                self.struck.append(position)
                self.requests.append(request)
                request.scripted = True
        return super().serve(request) if act is None else act(self, request)

    def _position(self, request: Recorded) -> Position:
        name = endpoint(request, self.repo, self._head)
        who = self.apart.get(request.authorization.rpartition(" ")[2])
        name = f"{who} {name}" if who else name
        self._seen[name] += 1
        return Position(name, self._seen[name])

    # What acts do

    def take_effect(self, request: Recorded) -> None:
        """Do what is asked, so that only its answer can be lost."""
        self._answer(request)

    def refuse(self, request: Recorded, status: int, message: str, **headers: str) -> bool:
        """Answer with an error."""
        self._finish(request, RefusalError(status, message))
        request.headers.update({k.replace("_", "-"): v for k, v in headers.items()})
        return True

    def hang(self, seconds: float) -> None:
        """Wait, at most until the end of the test."""
        self._stopping.wait(seconds)

    def close_door(self, seconds: float) -> None:
        """Refuse connections for so long."""
        with self._door:
            server = self._server
            if server is None or server in self._closed:
                return
            self._closed.append(server)
            server.shutdown()
            server.socket.close()
        threading.Thread(
            target=self._reopen, args=(server.server_port, seconds), daemon=True
        ).start()

    def _reopen(self, port: int, seconds: float) -> None:
        self._stopping.wait(seconds)
        with self._door:
            if not self._stopping.is_set():
                self.start(port)

    def stop(self) -> None:
        self._stopping.set()
        with self._door:
            if self._server in self._closed:
                self._server = None
            super().stop()
            for server in self._closed:
                server.hang_up()
                server.server_close()


def endpoint(request: Recorded, repo: str, head: str) -> str:
    """The name of what a request asks for."""
    if request.path in ("/user", "/graphql"):
        return "who am I"
    path = request.path.removeprefix(f"/repos/{repo}").replace(f"/{head}/", "/HEAD/")
    for name, method, pattern in _PATHS:
        if method == request.method and re.fullmatch(pattern, path):
            return name
    return f"{request.method} {path}"


def in_the_past() -> str:
    """A moment as rate-limit headers tell it."""
    return str(int(time.time()) - 1)
