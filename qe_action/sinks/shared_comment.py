"""One comment among many writers: found, guarded, merged, and looked after when it is written.

GitHub's comments have no conditional writes, so that two runs can always write at once:

- A comment is read right before it is edited; a newer run's words are left alone.
- Who creates one looks again afterwards, and once more at the end, as lists may lag behind. Of
  several the oldest stays, with the words of the newest run; the others are deleted.
- Every run completes its check run before its last words, and looks afterwards whether there
  are better ones, which the check runs tell. So whoever writes last has seen them all: a newer
  run whose check run is not complete yet has its last words still to come.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from qe_action.errors import DeliveryError
from qe_action.github.client import GitHub
from qe_action.github.payloads import CommentRef
from qe_action.github.refusals import NotFound
from qe_action.render.marker import Marker, read_marker

Newer = Callable[[Marker, Marker], bool]
LOOKS = 100
"""How often last words are replaced at most: others have to end meanwhile each time."""


class Words(Protocol):
    """What a comment is to say."""

    async def body(self, *, done: bool) -> str:
        """The body as of now, its marker in line one."""

    async def better(self) -> str | None:
        """The body that should be there in place of the one told last; None where none is."""


class SharedComment:
    """The comment of one place on a pull request. Bodies begin with a line of its marker.

    `newer` tells of two markers whether the second's words are to be left alone by the first's
    run. `url` is empty until it is found.
    """

    def __init__(
        self,
        github: GitHub,
        number: int,
        mine: Marker,
        *,
        newer: Newer,
        hurried: Callable[[], bool],
    ) -> None:
        self._github = github
        self._number = number
        self._mine = mine
        self._is_newer = newer
        self._hurried = hurried
        self._id: int | None = None
        self._extra: list[int] = []
        self._made = False
        self._body = ""
        self._looked = False
        self.url = ""
        self.newer: Marker | None = None
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
        if self.newer is not None:
            return False
        self._body = body
        if self._id is None:
            await self._create(body)
        elif not await self._edit(self._id, body):
            return False
        await self._drop_extra()
        return self.newer is None

    async def settle(self, words: Words) -> None:
        """After the last words: replace them as long as there are better ones."""
        if self._made and self.newer is None:
            await self._merge(await self._others())
            await self._drop_extra()
        if self.newer is not None:
            return
        for _ in range(LOOKS):
            if self._id is None:
                return
            body = await words.better()
            if body is None:
                return
            marker = read_marker(body)
            if marker is not None and self._is_newer(self._mine, marker):
                self.newer = marker
            await self._replace(self._id, body)

    async def _replace(self, comment_id: int, body: str) -> None:
        """Last words again; where another part took the comment for a double, in the one left."""
        outdated = partial(self._is_outdated, body)
        try:
            await self._github.update_comment(comment_id, body, unless=outdated)
        except NotFound:
            await self.look(again=True)
            if self._id is not None:
                await self._github.update_comment(self._id, body, unless=outdated)

    def _adopt(self, found: list[CommentRef]) -> None:
        for comment in found:
            self._meet(comment.body)
        if not found:
            self._id = None
            return
        self._id, self.url = found[0].id, found[0].url
        # A newer run merges them itself: it saw ours, or will find it when it looks again.
        self._extra = [] if self.newer else [comment.id for comment in found[1:]]

    def _meet(self, body: str) -> bool:
        """Take note of whose words these are; True where they are to be left alone."""
        marker = read_marker(body)
        if marker is None or marker.same_run(self._mine):
            return False
        if self._is_newer(self._mine, marker):
            self.newer = marker
            return True
        return False

    def _is_outdated(self, body: str, there: str) -> bool:
        mine, theirs = read_marker(body), read_marker(there)
        return mine is not None and theirs is not None and self._is_newer(mine, theirs)

    async def _edit(self, comment_id: int, body: str) -> bool:
        try:
            return await self._github.update_comment(comment_id, body, unless=self._meet)
        except NotFound:
            await self.look(again=True)
            if self.newer is not None:
                return False
            if self._id is None:
                await self._create(body)
                return self.newer is None
            return await self._github.update_comment(self._id, body, unless=self._meet)

    async def _create(self, body: str) -> None:
        line = body.partition("\n")[0]
        made = await self._github.create_comment(self._number, body, marker=line)
        self._id, self.url, self._made = made.id, made.url, True

    async def _merge(self, found: list[CommentRef]) -> None:
        """Of several that were made at once the oldest stays; ours need not be that."""
        own = self._id
        others = [comment for comment in found if comment.id != own]
        if own is None or not others:
            return
        self._adopt(sorted(found, key=lambda comment: comment.id))
        if own == self._id:
            return
        if self.newer is not None:
            await self._github.delete_comment(own)
        elif self._id is not None:
            await self._github.update_comment(self._id, self._body, unless=self._meet)

    async def _others(self) -> list[CommentRef]:
        """All of this place; in a hurry none where that can't be told in time."""
        find = self._github.find_comments
        try:
            return await find(self._number, self._mine.prefix, settled=True)
        except DeliveryError:
            if self._hurried():
                return []
            raise

    async def _drop_extra(self) -> None:
        extra, self._extra = self._extra, []
        if self.newer is None:
            for comment_id in extra:
                await self._github.delete_comment(comment_id)
