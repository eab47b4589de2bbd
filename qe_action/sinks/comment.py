"""The pull request's one comment: found again by its marker, edited as results come."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Literal

from qe_action.errors import DeliveryError
from qe_action.events import Event
from qe_action.github.client import GitHub
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import Sleep, edit_while_streaming, last_edit

When = Literal["always", "on-gap", "never"]


def marker(name: str) -> str:
    """The invisible first line of the comment of the check `name`.

    The name is hashed, so that no name can end the HTML comment or look like another's.
    """
    return f"<!-- qe-action comment {hashlib.sha256(name.encode()).hexdigest()[:16]} -->"


class CommentSink:
    """Shows the stream as one comment on a pull request.

    `on-gap` creates the comment only for a gap in changed lines or a failed gate; one that
    is there from an earlier push is edited all the same.
    """

    name = "comment"

    def __init__(
        self,
        github: GitHub,
        links: Links,
        delivery: Delivery,
        *,
        number: int,
        check_name: str,
        when: When,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._github = github
        self._links = links
        self._delivery = delivery
        self._number = number
        self._heading = Heading(check_name, marker(check_name))
        self._when = when
        self._sleep = sleep
        self._state = RunState()
        self._comment_id: int | None = None
        self._looked = False

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        try:
            await edit_while_streaming(events, self._state.fold, self._edit, sleep=self._sleep)
            await last_edit(self._write, lambda: self._delivery.hurried)
        except DeliveryError as error:
            self._delivery.failed(error)

    async def _edit(self) -> None:
        """One edit on the way. A passing failure is no reason to stop: the last one says all."""
        try:
            await self._look()
            if not self._delivery.hurried:
                await self._write()
        except DeliveryError:
            return

    async def _look(self) -> None:
        if self._looked:
            return
        found = await self._github.find_comment(self._number, self._heading.marker)
        self._looked = True
        if found:
            self._comment_id = found.id
            self._delivery.comment_url = found.url

    async def _write(self) -> None:
        await self._look()
        body = comment(self._state, self._links, self._heading)
        if self._comment_id is not None:
            await self._github.update_comment(self._comment_id, body)
        elif self._worth_creating():
            made = await self._github.create_comment(
                self._number, body, marker=self._heading.marker
            )
            self._comment_id = made.id
            self._delivery.comment_url = made.url
        else:
            return
        self._delivery.writes += 1

    def _worth_creating(self) -> bool:
        if self._when == "always":
            return True
        failed = conclude(self._state).conclusion == "failure"
        return failed or self._state.in_diff_count > 0
