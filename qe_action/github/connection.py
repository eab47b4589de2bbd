"""One connection to GitHub's API and the thread that waits on it.

PyGithub blocks, so each request runs on a thread of the line's own. The threads are daemons:
a request that hangs can be left behind and holds up neither the loop nor the process's end.
PyGithub is imported by the first request, on that thread.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qe_action.errors import DeliveryError
from qe_action.github.download import download
from qe_action.github.failures import failure, foreign, unreachable, untrusted
from qe_action.github.outgoing import outgoing
from qe_action.github.redirects import HOPS, MOVED, connect, new_address
from qe_action.github.refusals import Unreachable, Untrusted, from_answer

if TYPE_CHECKING:
    from github import Github
    from pydantic import SecretStr

    from qe_action.github.redirects import Connection

T = TypeVar("T")
JSON_TYPE = "application/vnd.github+json"
USER_AGENT = "qe-action"
STORED = (302, 303, 307)
"""The statuses of answers that lead to a file, which lies elsewhere."""
_IMPORTING = threading.Lock()


@dataclass(frozen=True)
class Ask(Generic[T]):
    """One request: what it is for, what it needs, and how its answer is read.

    `action` completes "GitHub refused to …". `read` gets the decoded JSON, or the text where
    `accept` asks for another media type; where it stumbles the answer is none of GitHub's.
    `asks` says of a POST that it only asks.
    With a `file_limit` the answer is the way to a file of at most so many bytes, which `read`
    gets.
    """

    action: str
    permission: str
    method: str
    path: str
    read: Callable[[Any], T]
    payload: Callable[[], Mapping[str, Any]] | None = None
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    accept: str = JSON_TYPE
    asks: bool = False
    file_limit: int = 0

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.asks

    @property
    def creates(self) -> bool:
        return self.method == "POST" and not self.asks

    @property
    def edits(self) -> bool:
        return self.method == "PATCH"


class ApiConnection:
    """A connection that serves one request at a time.

    `authorities` is a file or folder of the certificates to trust; without it those in
    REQUESTS_CA_BUNDLE, or else the public ones, as `requests` finds them.
    """

    def __init__(
        self,
        token: SecretStr,
        api_url: str,
        timeout: float,
        clock: Callable[[], float],
        authorities: str | None = None,
    ) -> None:
        self.timeout = timeout
        self.remaining: int | None = None
        self.headers: Mapping[str, str] = {}  # of the last answer, names in lower case
        self._token = token
        self._api_url = api_url
        self._clock = clock
        self._authorities = authorities
        self._client: Github | None = None
        self._connection: Connection | None = None
        self._guard = threading.Lock()
        self._busy = False
        self._retired = False

    def submit(self, ask: Ask[T]) -> Future[T]:
        """Start the request; the future ends with what was read, or with a DeliveryError."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        self._busy = True
        threading.Thread(
            target=self._run, args=(ask, future), name="qe-action-github", daemon=True
        ).start()
        return future

    def retire(self) -> None:
        """Use it no more; the connection closes now, or when its last request ends."""
        with self._guard:
            self._retired = True
            if not self._busy:
                self._close()

    def _run(self, ask: Ask[T], future: Future[T]) -> None:
        try:
            result = self._exchange(ask)
        except BaseException as error:  # noqa: BLE001 - handed to the one who awaits it
            self._end()
            future.set_exception(error)
        else:
            self._end()
            future.set_result(result)

    def _end(self) -> None:
        with self._guard:
            self._busy = False
            if self._retired:
                self._close()

    def _close(self) -> None:
        if self._client is not None and self._connection is not None:
            self._connection.close()
            self._client = self._connection = None

    def _exchange(self, ask: Ask[T]) -> T:
        client = self._client = self._client or self._connect()
        path, parameters = ask.path, dict(ask.parameters)
        payload = None if ask.payload is None else outgoing(ask.payload())
        for _ in range(HOPS + 1):
            status, headers, text = self._request(client, ask, path, parameters, payload)
            if status not in MOVED or (ask.file_limit and status in STORED):
                return self._read(client, ask, status, headers, text)
            location = new_address(self._api_url, str(headers.get("location", "")))
            if location is None:
                break
            path, parameters = location, {}  # the address has them, where they are needed
        raise Unreachable(
            f"GitHub sends us elsewhere to {ask.action}; check the API's address", unsure=False
        )

    def _request(
        self,
        client: Github,
        ask: Ask[T],
        path: str,
        parameters: dict[str, str | int],
        payload: dict[str, Any] | None,
    ) -> tuple[int, Mapping[str, str], str]:
        from requests import RequestException
        from requests.exceptions import SSLError

        try:
            return client.requester.requestJson(
                ask.method, path, parameters, {"Accept": ask.accept}, payload, self._connection
            )
        except SSLError as error:
            raise untrusted(ask.action, error, self._api_url) from None
        except RequestException as error:
            raise unreachable(ask.action, error) from None
        except (ValueError, OverflowError):  # of headers that can't be read
            raise foreign(ask.action) from None
        except OSError as error:  # a file of certificates that is not there
            raise Untrusted(f"The file of trusted certificates can't be read: {error}") from None

    def _read(
        self, client: Github, ask: Ask[T], status: int, headers: Mapping[str, str], text: str
    ) -> T:
        self.headers = headers
        left = client.requester.rate_limiting[0]
        self.remaining = left if left >= 0 else None
        if ask.file_limit and status in STORED:
            return ask.read(self._fetch(ask, str(headers.get("location", ""))))
        if status >= 300:
            raise self._refusal(ask, status, headers, text)
        try:
            if headers.get("content-type", "").startswith("text/html"):
                raise ValueError("a page for people")  # noqa: TRY301
            if ask.accept == JSON_TYPE:
                return ask.read(json.loads(text) if status != 204 else None)
            return ask.read(text)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise foreign(ask.action, f" ({status})") from None

    def _fetch(self, ask: Ask[Any], url: str) -> bytes:
        """The file that GitHub sends us to."""
        from requests import RequestException

        try:
            return download(
                ask.action,
                url,
                limit=ask.file_limit,
                timeout=self.timeout,
                plain=self._api_url.startswith("http:"),
                authorities=self._authorities,
            )
        except RequestException as error:
            reason, *_ = failure(error)
            raise Unreachable(
                f"GitHub's store could not be reached to {ask.action}: {reason}", unsure=False
            ) from None

    def _refusal(
        self, ask: Ask[T], status: int, headers: Mapping[str, str], text: str
    ) -> DeliveryError:
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        return from_answer(
            ask.action,
            status,
            data,
            headers,
            permission=ask.permission,
            now=self._clock(),
        )

    def _connect(self) -> Github:
        """PyGithub without its own pacing, retries and log handler: those are ours."""
        with _IMPORTING:
            logger = logging.getLogger("github")
            handlers = [*logger.handlers]
            from github import Auth, Github

            logger.handlers[:] = handlers
        timeout = max(1, math.ceil(self.timeout))
        self._connection = connect(self._api_url, timeout, self._authorities)
        return Github(
            auth=Auth.Token(self._token.get_secret_value()),
            base_url=self._api_url,
            timeout=timeout,
            user_agent=USER_AGENT,
            verify=self._authorities or True,
            retry=0,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )
