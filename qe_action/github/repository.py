"""One repository on GitHub: what its endpoints, one file a topic, share.

Repeating a request that may have taken effect (a lost answer, a 5xx) is safe for reads and
for edits of text. The others are looked up first: a new check run by its `external_id`, a
new comment by its marker, appended annotations by their content. What can't be looked up is
not repeated.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from qe_action.errors import UsageError
from qe_action.github.connection import Ask
from qe_action.github.payloads import REPO_NAME
from qe_action.github.refusals import Unauthorized
from qe_action.github.retry_policy import Ports, RetryPolicy
from qe_action.github.sender import Sender

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
Send = Callable[[Ask[Any]], Awaitable[Any]]
"""How a request is made: `Sender.send`, or `once` while another is being recovered."""
PAGE = 100  # the most GitHub lists a page
CHECKS, PULLS, CONTENTS = "checks: write", "pull-requests: write", "contents: read"


class Repository:
    """One repository on GitHub.

    All methods raise the `DeliveryError`s of `qe_action.github.refusals`. Cancelling a method
    leaves its request to end by itself; the next one waits for that, unless hurried.
    """

    def __init__(
        self,
        *,
        token: SecretStr,
        repo: str,
        api_url: str,
        policy: RetryPolicy | None = None,
        ports: Ports | None = None,
    ) -> None:
        _validate(token, repo, api_url)
        self._repo = f"/repos/{repo}"
        self._api_url = api_url.rstrip("/")
        self._login: str | None = None
        # As GitHub marks such tokens; they may not ask who they are.
        self._is_installation = token.get_secret_value().startswith("ghs_")
        self._doubtful: set[int] = set()  # checks whose last annotations may have arrived
        policy, ports = policy or RetryPolicy(), ports or Ports()
        self._sender = Sender(token, self._api_url, policy, ports)
        # What the analysis reads must not stand in line behind what is shown of it.
        self._reader = Sender(token, self._api_url, policy, ports)

    @property
    def requests_made(self) -> int:
        """Requests sent so far, repeats included."""
        return self._sender.requests_made + self._reader.requests_made

    @property
    def remaining(self) -> int | None:
        """Requests left of the hour's quota, as the sinks' last answer said, or else another."""
        left = self._sender.remaining
        return self._reader.remaining if left is None else left

    def hurry(self) -> None:
        """From now on no pacing and no order: `Policy.last_word` seconds for everything.

        An edit asked for before gets `Policy.grace` seconds more if it is under way, else none:
        it ends with an error, and whoever has newer words says them. What is being created is
        waited for, and looked up meanwhile. Reads and later edits are repeated once.
        """
        self._sender.hurry()
        self._reader.hurry()

    async def aclose(self) -> None:
        """Wait for requests under way, as long as `hurry` would, and close the connections."""
        await asyncio.gather(self._sender.aclose(), self._reader.aclose())

    async def get(
        self,
        action: str,
        permission: str,
        path: str,
        read: Callable[[Any], T],
        parameters: Mapping[str, str | int],
    ) -> T:
        """What `read` makes of the answer at `path` below the repository; see `Ask`."""
        address = f"{self._repo}/{path}"
        return await self._reader.send(
            Ask(action, permission, "GET", address, read, parameters=parameters)
        )

    async def _pages(
        self,
        action: str,
        permission: str,
        path: str,
        read: Callable[[Any], list[T]],
        send: Send,
        parameters: Mapping[str, str | int] | None = None,
    ) -> list[T]:
        """The items of every page of a list."""
        found: list[T] = []
        for page in itertools.count(1):
            at = {**(parameters or {}), "per_page": PAGE, "page": page}
            items = await send(Ask(action, permission, "GET", path, read, parameters=at))
            found += items
            if len(items) < PAGE:
                break
        return found


def _validate(token: SecretStr, repo: str, api_url: str) -> None:
    secret = token.get_secret_value()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise Unauthorized("The token is empty or holds characters that no token has.")
    if not re.fullmatch(REPO_NAME, repo, re.ASCII):
        raise UsageError(f"{repo!r:.80} is not a repository's name.", hint="Give owner/name.")
    if not re.match(r"https?://[^\s/]+", api_url):
        raise UsageError(f"{api_url!r:.80} is not the address of GitHub's API.")
