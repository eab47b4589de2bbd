"""A pull request's comments: found again by marker and author on every page."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from qe_action.github.answers import author, comment_ref, nothing
from qe_action.github.errors import Forbidden
from qe_action.github.line import Ask
from qe_action.github.model import CommentRef
from qe_action.github.repository import PAGE, PULLS, Repository
from qe_action.github.sender import again

JOB_LOGIN = "github-actions[bot]"


class Comments(Repository):
    """The comments of the repository's pull requests."""

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
