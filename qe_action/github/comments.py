"""A pull request's comments: found again by marker and author on every page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qe_action.github.connection import Ask
from qe_action.github.payloads import CommentRef
from qe_action.github.refusals import Forbidden, NotFound, Rejected
from qe_action.github.repository import PULLS, Repository, Send
from qe_action.github.responses import author, comment_ref, nothing
from qe_action.github.sender import again

JOB_LOGIN = "github-actions[bot]"
_REFUSED = (Forbidden, NotFound, Rejected)


class _WithheldError(Exception):
    """The edit is not wanted any more."""


class Comments(Repository):
    """The comments of the repository's pull requests."""

    async def find_comments(
        self, number: int, marker: str, *, settled: bool = False
    ) -> list[CommentRef]:
        """Our comments on a pull request whose body starts with `marker`, the oldest first.

        One that holds it further down is a comment that quotes ours. `settled` waits until the
        list can be taken to show what was written last.
        """
        if settled:
            await self._sender.listed()
        return await self._find_comments(number, marker, self._sender.send)

    async def own_login(self) -> str:
        """Who the token is, in lower case."""
        return await self._me(self._sender.send)

    async def create_comment(
        self, number: int, body: str, *, marker: str | None = None
    ) -> CommentRef:
        """Comment on a pull request.

        With the `marker` that `body` starts with, a creation whose answer was lost is found
        again instead of being repeated.
        """

        async def find() -> CommentRef | None:
            found = await self._find_comments(number, marker or body, self._sender.once)
            return found[0] if found else None

        ask = Ask(
            "comment on the pull request",
            PULLS,
            "POST",
            f"{self._repo}/issues/{number}/comments",
            self._created_comment,
            lambda: {"body": body},
        )
        return await self._sender.write(ask, find if marker is not None else None)

    async def update_comment(
        self, comment_id: int, body: str, *, unless: Callable[[str], bool] | None = None
    ) -> bool:
        """Replace a comment's body. False where `unless` holds for the body that is there.

        GitHub has no conditional writes: the body is read right before, also before a repeat.
        """

        async def look() -> None:
            if unless and unless((await self._sender.once(self._reading(comment_id))).body):
                raise _WithheldError

        ask = Ask(
            "edit the comment",
            PULLS,
            "PATCH",
            f"{self._repo}/issues/comments/{comment_id}",
            nothing,
            lambda: {"body": body},
        )
        try:
            await self._sender.write(ask, again, first=look if unless else None)
        except _WithheldError:
            return False
        return True

    async def delete_comment(self, comment_id: int) -> None:
        """Delete a comment; one that is gone already is none the worse."""
        path = f"{self._repo}/issues/comments/{comment_id}"
        ask = Ask("delete the duplicate comment", PULLS, "DELETE", path, nothing)
        try:
            await self._sender.write(ask, again)
        except NotFound:
            return

    def _created_comment(self, data: Mapping[str, Any]) -> CommentRef:
        self._login = author(data) or self._login  # its author is who we are
        return comment_ref(data)

    def _reading(self, comment_id: int) -> Ask[CommentRef]:
        path = f"{self._repo}/issues/comments/{comment_id}"
        return Ask("read the comment", PULLS, "GET", path, comment_ref)

    async def _find_comments(self, number: int, marker: str, send: Send) -> list[CommentRef]:
        listed = await self._pages(
            "list the pull request's comments",
            PULLS,
            f"{self._repo}/issues/{number}/comments",
            lambda data: [(author(item), comment_ref(item)) for item in data],
            send,
        )
        alike = [(login, found) for login, found in listed if found.body.startswith(marker)]
        if not alike:
            return []
        ours = await self._me(send)
        return sorted((found for login, found in alike if login == ours), key=lambda c: c.id)

    async def _me(self, send: Send) -> str:
        """Our login in lower case. A job's token may not ask REST for it, but GraphQL."""
        if self._login is None:
            self._login = await self._ask_login(send)
        return self._login

    async def _ask_login(self, send: Send) -> str:
        asked = "ask who the token is"
        if not self._is_installation:
            try:
                login = await send(Ask(asked, PULLS, "GET", "/user", lambda data: data["login"]))
                return str(login).lower()
            except _REFUSED:
                pass
        query = {"query": "query { viewer { login } }"}
        url = f"{self._api_url.removesuffix('/v3')}/graphql"
        try:
            login = await send(
                Ask(
                    asked,
                    PULLS,
                    "POST",
                    url,
                    lambda data: ((data.get("data") or {}).get("viewer") or {}).get("login"),
                    lambda: query,
                    asks=True,
                )
            )
        except _REFUSED:
            login = None
        return str(login or JOB_LOGIN).lower()
