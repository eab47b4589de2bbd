"""What we ask of GitHub: check runs, one comment, and what a pull request changes.

Repeating a request that may have taken effect (a lost answer, a 5xx) is safe for reads and
for edits of text. The others are looked up first: a new check run by its `external_id`, a
new comment by its marker, appended annotations by their content. What can't be looked up is
not repeated.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from qe_action.errors import UsageError
from qe_action.github.answers import (
    author,
    check_ref,
    comment_ref,
    content,
    nothing,
    pull_file,
)
from qe_action.github.errors import Forbidden, Rejected, Unauthorized
from qe_action.github.line import Ask
from qe_action.github.model import REPO_NAME, CheckDraft, CheckRef, CheckUpdate, CommentRef
from qe_action.github.sender import Policy, Ports, Sender, again
from qe_action.workspace.change import DiffTooLarge, PullFile

if TYPE_CHECKING:
    from pydantic import SecretStr

T = TypeVar("T")
JOB_LOGIN = "github-actions[bot]"
PAGE = 100  # the most GitHub lists a page
MAX_LISTED_FILES = 3000  # where GitHub cuts a pull request's list of files
CHECKS, PULLS, CONTENTS = "checks: write", "pull-requests: write", "contents: read"


class GitHub:
    """One repository on GitHub.

    All methods raise the `DeliveryError`s of `qe_action.github.errors`. Cancelling a method
    leaves its request to end by itself; the next one waits for that, unless hurried.
    """

    def __init__(
        self,
        *,
        token: SecretStr,
        repo: str,
        api_url: str,
        policy: Policy | None = None,
        ports: Ports | None = None,
    ) -> None:
        _validate(token, repo, api_url)
        self._repo = f"/repos/{repo}"
        self._login: str | None = None
        self._doubtful: set[int] = set()  # checks whose last annotations may have arrived
        self._sender = Sender(token, api_url.rstrip("/"), policy or Policy(), ports or Ports())

    @property
    def requests_made(self) -> int:
        """Requests sent so far, repeats included."""
        return self._sender.requests_made

    @property
    def remaining(self) -> int | None:
        """Requests left of the hour's quota, as the last answer said."""
        return self._sender.remaining

    def hurry(self) -> None:
        """From now on no pacing and no order: `Policy.last_word` seconds for everything.

        An edit asked for before gets `Policy.grace` seconds more if it is under way, else none:
        it ends with an error, and whoever has newer words says them. What is being created is
        waited for, and looked up meanwhile. Reads and later edits are repeated once.
        """
        self._sender.hurry()

    async def aclose(self) -> None:
        """Wait for a request under way, as long as `hurry` would, and close the connection."""
        await self._sender.aclose()

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
        return await self._sender.send(
            Ask(action, permission, "GET", address, read, parameters=parameters)
        )

    # Checks

    async def create_check(self, draft: CheckDraft) -> CheckRef:
        """Create a check run; needs `checks: write` and an App's token, as the job's is."""

        async def find() -> CheckRef | None:
            found = await self._sender.once(
                Ask(
                    "list check runs",
                    CHECKS,
                    "GET",
                    f"{self._repo}/commits/{draft.head_sha}/check-runs",
                    lambda data: [
                        check_ref(run)
                        for run in data["check_runs"]
                        if run["external_id"] == draft.external_id
                    ],
                    parameters={"check_name": draft.name, "filter": "all", "per_page": PAGE},
                )
            )
            return found[0] if found else None

        ask = Ask(
            "create the check run",
            CHECKS,
            "POST",
            f"{self._repo}/check-runs",
            check_ref,
            draft.wire,
        )
        return await self._sender.write(ask, find if draft.external_id else None)

    async def update_check(self, check_id: int, update: CheckUpdate) -> None:
        """Replace a check run's state and text, and append the update's annotations once.

        Once, also where an update that failed before is asked for again.
        """
        left = update

        async def drop_delivered() -> None:
            nonlocal left
            delivered = await self._delivered(check_id)
            rest = tuple(a for a in left.annotations if content(a.wire()) not in delivered)
            left = replace(left, annotations=rest)

        ask = Ask(
            "update the check run",
            CHECKS,
            "PATCH",
            f"{self._repo}/check-runs/{check_id}",
            nothing,
            lambda: left.wire(),  # noqa: PLW0108 - `left` shrinks
        )
        if not update.annotations:
            await self._sender.write(ask, again)
            return
        doubtful = check_id in self._doubtful
        self._doubtful.add(check_id)
        await self._sender.write(ask, drop_delivered, doubtful=doubtful)
        self._doubtful.discard(check_id)

    async def _delivered(self, check_id: int) -> set[tuple[Any, ...]]:
        found: set[tuple[Any, ...]] = set()
        for page in itertools.count(1):
            items = await self._sender.once(
                Ask(
                    "list annotations",
                    CHECKS,
                    "GET",
                    f"{self._repo}/check-runs/{check_id}/annotations",
                    lambda data: [content(item) for item in data],
                    parameters={"per_page": PAGE, "page": page},
                )
            )
            found.update(items)
            if len(items) < PAGE:
                break
        return found

    # Comments

    async def find_comment(self, number: int, marker: str) -> CommentRef | None:
        """Our oldest comment on a pull request whose body starts with `marker`, or None.

        One that holds it further down is a comment that quotes ours.
        """
        return await self._find_comment(number, marker, self._sender.send)

    async def create_comment(
        self, number: int, body: str, *, marker: str | None = None
    ) -> CommentRef:
        """Comment on a pull request.

        With the `marker` that `body` starts with, a creation whose answer was lost is found
        again instead of being repeated.
        """

        async def find() -> CommentRef | None:
            return await self._find_comment(number, marker or body, self._sender.once)

        ask = Ask(
            "comment on the pull request",
            PULLS,
            "POST",
            f"{self._repo}/issues/{number}/comments",
            comment_ref,
            lambda: {"body": body},
        )
        return await self._sender.write(ask, find if marker is not None else None)

    async def update_comment(self, comment_id: int, body: str) -> None:
        """Replace a comment's body."""
        ask = Ask(
            "edit the comment",
            PULLS,
            "PATCH",
            f"{self._repo}/issues/comments/{comment_id}",
            nothing,
            lambda: {"body": body},
        )
        await self._sender.write(ask, again)

    async def _find_comment(
        self,
        number: int,
        marker: str,
        send: Callable[[Ask[Any]], Awaitable[Any]],
    ) -> CommentRef | None:
        for page in itertools.count(1):
            comments: list[tuple[str, CommentRef]] = await send(
                Ask(
                    "list the pull request's comments",
                    PULLS,
                    "GET",
                    f"{self._repo}/issues/{number}/comments",
                    lambda data: [(author(item), comment_ref(item)) for item in data],
                    parameters={"per_page": PAGE, "page": page},
                )
            )
            for login, comment in comments:
                if comment.body.startswith(marker) and login == await self._me(send):
                    return comment
            if len(comments) < PAGE:
                break
        return None

    async def _me(self, send: Callable[[Ask[Any]], Awaitable[Any]]) -> str:
        """Our login in lower case; an installation's token may not ask, and is the job's."""
        if self._login is None:
            ask = Ask("ask who the token is", PULLS, "GET", "/user", lambda data: data["login"])
            try:
                self._login = str(await send(ask)).lower()
            except Forbidden:
                self._login = JOB_LOGIN
        return self._login

    # Changes

    async def compare_diff(self, base: str, head: str) -> str:
        """The diff from the merge base of `base` and `head` to `head`.

        Raises `DiffTooLarge` where GitHub refuses it (more than 300 files or 20,000 lines).
        """
        span = f"{quote(base, safe='')}...{quote(head, safe='')}"
        ask = Ask(
            f"compare {base[:12]} with {head[:12]}",
            CONTENTS,
            "GET",
            f"{self._repo}/compare/{span}",
            str,
            accept="application/vnd.github.diff",
        )
        try:
            return await self._sender.send(ask)
        except Rejected as error:
            if error.status != 406:
                raise
            raise DiffTooLarge("GitHub does not give a diff of this size.") from None

    async def pull_files(self, number: int) -> list[PullFile]:
        """A pull request's files, at most the 3,000 that GitHub lists."""
        found: list[PullFile] = []
        for page in range(1, MAX_LISTED_FILES // PAGE + 1):
            items = await self._sender.send(
                Ask(
                    "list the pull request's files",
                    "pull-requests: read",
                    "GET",
                    f"{self._repo}/pulls/{number}/files",
                    lambda data: [pull_file(item) for item in data],
                    parameters={"per_page": PAGE, "page": page},
                )
            )
            found += items
            if len(items) < PAGE:
                break
        return found

    async def pull_head(self, number: int) -> str:
        """The SHA of a pull request's head as it is now."""
        ask = Ask(
            "read the pull request",
            "pull-requests: read",
            "GET",
            f"{self._repo}/pulls/{number}",
            lambda data: data["head"]["sha"],
        )
        return str(await self._sender.send(ask))


def _validate(token: SecretStr, repo: str, api_url: str) -> None:
    secret = token.get_secret_value()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise Unauthorized("The token is empty or holds characters that no token has.")
    if not re.fullmatch(REPO_NAME, repo, re.ASCII):
        raise UsageError(f"{repo!r:.80} is not a repository's name.", hint="Give owner/name.")
    if not re.match(r"https?://[^\s/]+", api_url):
        raise UsageError(f"{api_url!r:.80} is not the address of GitHub's API.")
