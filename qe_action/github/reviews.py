"""A pull request's review comments: made together, found again by marker and author."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qe_action.github.comments import Comments
from qe_action.github.connection import Ask
from qe_action.github.payloads import LineComment, ReviewComment
from qe_action.github.refusals import NotFound
from qe_action.github.repository import PULLS, Send
from qe_action.github.responses import author, nothing, review_comment
from qe_action.github.sender import again


class Reviews(Comments):
    """The review comments of the repository's pull requests."""

    async def own_review_comments(self, number: int, marker: str) -> list[ReviewComment]:
        """Our comments whose body starts with `marker`, the oldest first."""
        return await self._own(number, marker, self._sender.send)

    async def is_current(self, number: int, sha: str) -> bool:
        """Whether a pull request is open and `sha` still its head."""
        ask = Ask(
            "read the pull request",
            "pull-requests: read",
            "GET",
            f"{self._repo}/pulls/{number}",
            lambda data: data["state"] == "open" and data["head"]["sha"] == sha,
        )
        return bool(await self._sender.send(ask))

    async def create_review(
        self, number: int, sha: str, body: str, comments: Sequence[LineComment]
    ) -> None:
        """Comment on lines of the head `sha`, all in one review.

        GitHub makes it whole or not at all, so one whose answer was lost is found again by
        the first line of any of its comments.
        """
        payload = {
            "commit_id": sha,
            "event": "COMMENT",
            "body": body,
            "comments": [comment.wire() for comment in comments],
        }
        await self._create(number, "review the pull request", "reviews", payload, comments)

    async def create_review_comment(self, number: int, sha: str, comment: LineComment) -> None:
        """Comment on lines of the head `sha`; one whose answer was lost is found again."""
        payload = {"commit_id": sha, **comment.wire()}
        await self._create(number, "comment on the diff", "comments", payload, [comment])

    async def update_review_comment(self, comment_id: int, body: str) -> None:
        """Replace a review comment's body."""
        ask = Ask(
            "edit the review comment",
            PULLS,
            "PATCH",
            f"{self._repo}/pulls/comments/{comment_id}",
            nothing,
            lambda: {"body": body},
        )
        await self._sender.write(ask, again)

    async def delete_review_comment(self, comment_id: int) -> None:
        """Delete a review comment, also where it is gone already."""
        ask = Ask(
            "delete the review comment",
            PULLS,
            "DELETE",
            f"{self._repo}/pulls/comments/{comment_id}",
            nothing,
        )
        try:
            await self._sender.write(ask, again)
        except NotFound:
            return

    async def _create(
        self,
        number: int,
        action: str,
        what: str,
        payload: dict[str, Any],
        comments: Sequence[LineComment],
    ) -> None:
        async def find() -> bool | None:
            markers = tuple(comment.body.partition("\n")[0] for comment in comments)
            return bool(await self._own(number, markers, self._sender.once)) or None

        ask = Ask(
            action,
            PULLS,
            "POST",
            f"{self._repo}/pulls/{number}/{what}",
            self._made,
            lambda: payload,
        )
        await self._sender.write(ask, find)

    def _made(self, data: Mapping[str, Any]) -> bool:
        self._login = author(data) or self._login  # its author is who we are
        return data["id"] is not None

    async def _own(
        self, number: int, marker: str | tuple[str, ...], send: Send
    ) -> list[ReviewComment]:
        listed = await self._pages(
            "list the review comments",
            PULLS,
            f"{self._repo}/pulls/{number}/comments",
            lambda data: [
                (author(item), item.get("in_reply_to_id"), review_comment(item)) for item in data
            ],
            send,
        )
        answered = {replied_to for _, replied_to, _ in listed if replied_to is not None}
        alike = [
            (login, replace(comment, answered=comment.id in answered))
            for login, replied_to, comment in listed
            if replied_to is None and comment.body.startswith(marker)
        ]
        if not alike:
            return []
        ours = await self._me(send)
        return sorted((comment for login, comment in alike if login == ours), key=lambda c: c.id)
