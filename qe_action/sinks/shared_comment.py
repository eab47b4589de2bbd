"""One comment among many writers: found, claimed, guarded, merged and, where needed, read again.

GitHub's comments have no conditional writes, so that two runs can always write at once:

- A comment is read right before it is edited; a newer run's words are left alone.
- Who creates one looks again afterwards. Of several the oldest stays, with the words of the
  newest run; the others are deleted.
- A comment of another run is claimed at the start by an edit that says `open`. Who has seen a
  rival's open words reads the comment again after its own last words, until they stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from qe_action.github.client import GitHub
from qe_action.github.errors import NotFound
from qe_action.github.model import CommentRef
from qe_action.render.marker import Marker, read_marker


class Words(Protocol):
    """What a comment is to say. `looks` is how often it is read again after the last words.

    `always_settles` says that it is read again even where no rival was seen.
    """

    looks: int
    always_settles: bool

    async def body(self, *, done: bool) -> str:
        """The body as of now, its marker in line one."""

    def stands(self, marker: Marker) -> bool:
        """Whether a comment with this marker holds the last words, or newer ones."""


class SharedComment:
    """The comment of one place on a pull request. Bodies begin with a line of its marker.

    `newer` tells whether words there must be left alone. `url` is empty until it is found.
    """

    def __init__(
        self,
        github: GitHub,
        number: int,
        mine: Marker,
        *,
        newer: Callable[[Marker], bool],
        hurried: Callable[[], bool],
    ) -> None:
        self._github = github
        self._number = number
        self._mine = mine
        self._is_newer = newer
        self._hurried = hurried
        self._id: int | None = None
        self._extra: list[int] = []
        self._looked = False
        self._rivals = False
        self.url = ""
        self.left_to: Marker | None = None
        """The newer run whose words are there."""

    @property
    def exists(self) -> bool:
        return self._id is not None

    async def look(self, *, again: bool = False) -> None:
        """Find it, on every page; several are merged with the next write."""
        if self._looked and not again:
            return
        found = await self._github.find_comments(self._number, self._mine.prefix)
        self._looked = True
        self._adopt(found)

    async def write(self, body: str) -> bool:
        """Create or edit it; False where a newer run's words are there."""
        await self.look()
        if self.left_to is not None:
            return False
        if self._id is None:
            await self._create(body)
        elif not await self._edit(self._id, body):
            return False
        await self._drop_extra()
        return self.left_to is None

    async def settle(self, words: Words, pause: Callable[[], Awaitable[None]]) -> None:
        """See to it that the last words stay, where others write too."""
        if not (self._rivals or words.always_settles):
            return
        for _ in range(words.looks):
            if self._hurried() or self.left_to is not None or self._id is None:
                return
            if self._rivals:
                await pause()
            body = await words.body(done=True)
            now = read_marker((await self._github.read_comment(self._id)).body)
            if now is not None and words.stands(now):
                return
            await self.write(body)

    def _adopt(self, found: list[CommentRef]) -> None:
        for comment in found:
            self._meet(comment.body)
        if not found:
            self._id = None
            return
        self._id, self.url = found[0].id, found[0].url
        # A newer run merges them itself: it saw ours, or will find it when it looks again.
        self._extra = [] if self.left_to else [comment.id for comment in found[1:]]

    def _meet(self, body: str) -> bool:
        """Take note of whose words these are; True where they are to be left alone."""
        marker = read_marker(body)
        if marker is None or marker.same_run(self._mine):
            return False
        if self._is_newer(marker):
            self.left_to = marker
            return True
        self._rivals = self._rivals or (marker.run is not None and not marker.done)
        return False

    async def _edit(self, comment_id: int, body: str) -> bool:
        try:
            return await self._github.update_comment(comment_id, body, unless=self._meet)
        except NotFound:
            await self.look(again=True)
            if self.left_to is not None:
                return False
            if self._id is None:
                await self._create(body)
                return self.left_to is None
            return await self._github.update_comment(self._id, body, unless=self._meet)

    async def _create(self, body: str) -> None:
        line = body.partition("\n")[0]
        made = await self._github.create_comment(self._number, body, marker=line)
        self._id, self.url = made.id, made.url
        if self._hurried():
            return
        found = await self._github.find_comments(self._number, self._mine.prefix)
        if len(found) < 2:
            return
        self._rivals = True
        self._adopt(found)
        if made.id == self._id:
            return
        if self.left_to is not None:
            await self._github.delete_comment(made.id)
        elif self._id is not None:
            await self._github.update_comment(self._id, body, unless=self._meet)

    async def _drop_extra(self) -> None:
        extra, self._extra = self._extra, []
        if self.left_to is None and not self._hurried():
            for comment_id in extra:
                await self._github.delete_comment(comment_id)
