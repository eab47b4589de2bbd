"""A stateful GitHub over real HTTP that refuses what GitHub refuses.

with FakeGitHub() as github:
    ...  # talk to github.url with github.token
    assert github.comments[1].body
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from fake_github import objects
from fake_github.git import NoSuchCommitError
from fake_github.rights import rights_headers
from fake_github.state import ROUTES, Comment, Json, Pull, State
from fake_github.wire import Fault, Recorded, RefusalError, Reply, Server

Level = Literal["read", "write"]
BOT = "github-actions[bot]"
SERVER_ERRORS = {500: "Server Error", 502: "Server Error", 503: "Service unavailable"}


@dataclass(frozen=True)
class Token:
    """Who a token speaks for and what it may; an installation's can't ask who it is."""

    login: str = BOT
    installation: bool = True
    scopes: str | None = None  # of a classic personal token
    permissions: Mapping[str, Level] = field(
        default_factory=lambda: {
            "checks": "write",
            "pull-requests": "write",
            "contents": "read",
            "actions": "read",
        }
    )


READ_ONLY = Token(
    permissions={"checks": "read", "pull-requests": "read", "contents": "read"},
)


class FakeGitHub(State):
    """One repository on a GitHub of its own. All state may be read and set by the test."""

    def __init__(
        self, repo: str = "octo/demo", *, git: Path | None = None, private: bool = False
    ) -> None:
        super().__init__(repo, git)
        self.private = private
        self.token = "ghs_writer"
        self.read_only_token = "ghs_reader"
        self.tokens = {self.token: Token(), self.read_only_token: READ_ONLY}
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.moved: int | None = None
        """Status with which requests are sent on, as where a repository has another name now."""
        self.limit = self.remaining = 1000
        self.reset = int(time.time()) + 3600
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: Server | None = None

    # Life

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; port 0 takes a free one."""
        self._server = Server((host, port), self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for the threads behind them."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
        self.store.stop()

    # What a test sets and asks

    def add_token(
        self,
        name: str,
        *,
        login: str = BOT,
        installation: bool = True,
        scopes: str | None = None,
        **permissions: Level,
    ) -> str:
        """A token that may what `permissions` say, `pull_requests="write"` for pull-requests."""
        allowed = {key.replace("_", "-"): level for key, level in permissions.items()}
        self.tokens[name] = Token(login, installation, scopes, allowed)
        return name

    def add_pull(self, number: int, head_sha: str, base_sha: str, **more: Any) -> Pull:
        """Open a pull request."""
        pull = Pull(number, head_sha, base_sha, more.pop("head_repo", self.repo), **more)
        self.pulls[number] = pull
        return pull

    def add_comment(self, number: int, body: str, login: str = "somebody") -> int:
        """A comment by anybody; its id."""
        with self._lock:
            self._ids += 1
            self.comments[self._ids] = Comment(number, login, body)
            return self._ids

    def fail(
        self,
        method: str,
        path_regex: str,
        kind: int | Literal["drop", "delay"],
        *,
        times: int = 1,
        skip: int = 0,
        headers: Mapping[str, str] | None = None,
        message: str = "",
        seconds: float = 0.0,
        after_effect: bool = False,
    ) -> Fault:
        """Script a fault: a status, a dropped connection, or a delay of `seconds`.

        `after_effect` lets the request take effect first, so that only its answer is lost.
        """
        fault = Fault(
            method,
            re.compile(path_regex),
            kind,
            times,
            skip,
            headers or {},
            message,
            seconds,
            after_effect,
        )
        self.faults.append(fault)
        return fault

    def sent(self, method: str, path_regex: str = "") -> list[Recorded]:
        """The requests so far with this method whose path matches."""
        return [r for r in self.requests if r.method == method and re.search(path_regex, r.path)]

    @property
    def writes(self) -> list[Recorded]:
        return [r for r in self.requests if r.method != "GET"]

    def state(self) -> Json:
        """Everything, as JSON."""
        return {
            "checks": [{**c.data, "annotations": c.annotations} for c in self.checks.values()],
            "comments": [{"id": i, **vars(c)} for i, c in self.comments.items()],
            "review_comments": [{"id": i, **vars(c)} for i, c in self.review_comments.items()],
            "requests": [
                {"method": r.method, "path": r.path, "status": r.status, "time": r.time}
                for r in self.requests
            ],
        }

    # One request

    def serve(self, request: Recorded) -> bool:
        """Answer into `request`; False: hang up instead."""
        with self._lock:
            self.requests.append(request)
            fault = next((f for f in self.faults if f.strikes(request)), None)
            if fault is not None:
                fault.hits += 1
                request.scripted = True
        if fault is None:
            self._answer(request)
            return True
        if fault.after_effect:
            self._answer(request)
        answered, request.status = request.status, 0
        self._stopping.wait(fault.seconds)
        if fault.kind == "drop":
            return False
        if fault.kind == "delay":
            request.status = answered
            if not fault.after_effect:
                self._answer(request)
            return True
        self._finish(request, RefusalError(fault.kind, fault.message or _message(fault.kind)))
        request.headers.update({name.lower(): value for name, value in fault.headers.items()})
        return True

    def _answer(self, request: Recorded) -> None:
        with self._lock:
            try:
                result: Reply | RefusalError = self._route(request)
            except RefusalError as refusal:
                result = refusal
            except NoSuchCommitError:
                result = RefusalError(404, "Not Found")
            self._finish(request, result)

    def _finish(self, request: Recorded, result: Reply | RefusalError) -> None:
        request.content_type = "application/json; charset=utf-8"
        request.headers = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.limit - self.remaining),
            "x-ratelimit-reset": str(self.reset),
            "x-ratelimit-resource": "core",
        }
        request.headers |= request.rights
        if isinstance(result, RefusalError):
            request.answer = json.dumps(result.body).encode()
        elif result.text_type is not None:
            request.content_type = f"{result.text_type}; charset=utf-8"
            request.answer = result.data.encode()
        elif result.location:
            request.headers["location"] = result.location
        else:
            request.answer = b"" if result.status == 204 else json.dumps(result.data).encode()
        if isinstance(result, Reply) and result.link:
            request.headers["link"] = result.link
        request.status = result.status

    def _route(self, request: Recorded) -> Reply:
        token = self._authenticate(request)
        if request.path == "/rate_limit":
            return Reply(self._rate_limit())
        if not self.remaining:
            raise RefusalError(403, "API rate limit exceeded for installation ID 1.")
        self.remaining -= 1
        if request.path == "/user":
            if token.installation:
                raise RefusalError(403, "Resource not accessible by integration")
            return Reply(objects.me(self.url, token.login))
        if (request.method, request.path) == ("POST", "/graphql"):
            return _viewer(request.body, token.login)
        prefix = f"/repos/{self.repo}/"
        if self.moved is not None:
            where = f"{self.url}/repositories/1/{request.path.removeprefix(prefix)}"
            query = urllib.parse.urlencode(request.query)
            if request.path.startswith(prefix):
                return Reply(None, self.moved, location=f"{where}?{query}")
            prefix = "/repositories/1/"
        if not request.path.startswith(prefix):
            raise RefusalError(404, "Not Found")
        rest = request.path.removeprefix(prefix)
        for method, pattern, permission, endpoint in ROUTES:
            found = pattern.fullmatch(rest)
            if method == request.method and found:
                request.rights = rights_headers(permission, method, token.scopes)
                self._authorize(token, permission, method)
                return endpoint(self, request, token.login, *found.groups())
        raise RefusalError(404, "Not Found")

    def _authenticate(self, request: Recorded) -> Token:
        scheme, _, secret = request.authorization.partition(" ")
        if not scheme:
            raise RefusalError(401, "Requires authentication")
        token = self.tokens.get(secret) if scheme.lower() in ("token", "bearer") else None
        if token is None:
            raise RefusalError(401, "Bad credentials")
        return token

    def _authorize(self, token: Token, permission: str, method: str) -> None:
        if method != "GET" and permission == "checks" and not token.installation:
            raise RefusalError(403, "You must authenticate via a GitHub App.")
        names = (permission, "issues") if permission == "pull-requests" else (permission,)
        levels = {token.permissions.get(name) for name in names}
        # These are not for everybody, in a public repository either.
        guarded = self.private or permission in ("actions", "administration")
        readable = permission == "metadata" or not guarded or levels & {"read", "write"}
        if not ("write" in levels if method != "GET" else readable):
            owner = "integration" if token.installation else "personal access token"
            raise RefusalError(403, f"Resource not accessible by {owner}")

    def _rate_limit(self) -> Json:
        used = self.limit - self.remaining
        core = {
            "limit": self.limit,
            "remaining": self.remaining,
            "reset": self.reset,
            "used": used,
        }
        return {"resources": {"core": core, "search": core}, "rate": core}


def _viewer(body: Any, login: str) -> Reply:
    """GraphQL's answer to the one query that is asked here."""
    if not isinstance(body, dict) or "viewer { login }" not in str(body.get("query")):
        return Reply({"errors": [{"message": "A query attribute must be specified."}]})
    return Reply({"data": {"viewer": {"login": login}}})


def _message(status: int) -> str:
    if status in (403, 429):
        return (
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try"
            " again."
        )
    return SERVER_ERRORS.get(status, "Not Found" if status == 404 else "An error")
