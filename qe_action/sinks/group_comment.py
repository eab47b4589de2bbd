"""The comment that several check runs of a commit share: made anew from all of them each time.

Each part's check run is the truth. A part completes its own before it writes the comment, and
looks afterwards whether the comment holds every part that has ended by then; so whoever writes
last has seen them all.
"""

from __future__ import annotations

from dataclasses import replace

from qe_action.github.identity import group_hash
from qe_action.github.payloads import CheckSeen
from qe_action.render.check_group import Part, group_comment
from qe_action.render.marker import Marker
from qe_action.render.state import RunState
from qe_action.sinks.comment import CommentSink, Place, comment_sink
from qe_action.sinks.step_checks import StepChecks, steps_of


class GroupWords:
    """The words of a group's comment, out of the check runs of `sha`."""

    def __init__(self, place: Place, group: str, expected: int | None) -> None:
        self._github = place.github
        self._number = place.number
        self._group = group
        self._expected = expected
        self._marker = place.marker
        self._sha = place.links.sha
        self._told: tuple[str, frozenset[tuple[int, str]]] = ("", frozenset())

    async def body(self, *, done: bool) -> str:
        return self._body(self._sha, await self._parts(self._sha), done=done)

    async def better(self) -> str | None:
        """The words with what parts have said meanwhile, or those of the newer head."""
        head = await self._github.pull_head(self._number)
        parts = await self._parts(head)
        sha = head if parts else self._sha
        parts = parts or await self._parts(sha)
        if (sha, _said(parts)) == self._told:
            return None
        return self._body(sha, parts, done=True)

    async def _parts(self, sha: str) -> list[Part]:
        return parts_of(await self._github.list_checks(sha), self._group)

    def _body(self, sha: str, parts: list[Part], *, done: bool) -> str:
        self._told = (sha, _said(parts))
        newest = max((part.key for part in parts), default=None)
        marker = self._marker.ended(done, tuple(sorted(_ended(parts))))
        if newest is not None and sha != self._sha:
            marker = replace(marker, run=newest[0], attempt=newest[1], sha=sha)
        return group_comment(parts, self._group, marker.line, self._expected)


def _ended(parts: list[Part]) -> frozenset[int]:
    return frozenset(part.check_id for part in parts if part.conclusion is not None)


def _said(parts: list[Part]) -> frozenset[tuple[int, str]]:
    """What those that have ended say: tests that are made for a part come after its end."""
    return frozenset((part.check_id, part.summary) for part in parts if part.conclusion)


def parts_of(checks: list[CheckSeen], group: str) -> list[Part]:
    """The group's parts by name, each as its newest run has it; a part may have two check runs."""
    steps = steps_of(checks, group_hash(group))
    return [_part(step) for step in sorted(steps, key=lambda step: step.last.name)]


def _part(step: StepChecks) -> Part:
    return Part(
        check_id=step.last.ref.id,
        key=step.key,
        name=step.last.name,
        title=step.title,
        url=step.last.ref.html_url,
        conclusion=step.conclusion,
        summary=step.summary,
    )


def group_comment_sink(place: Place, group: str, expected: int | None) -> CommentSink:
    """The sink of a comment that several names share."""
    return comment_sink(place, RunState(), GroupWords(place, group, expected), _newer)


def _newer(mine: Marker, theirs: Marker) -> bool:
    """Of the same commit any part may write, as the words are always all parts'."""
    return theirs.sha != mine.sha and mine.is_older_than(theirs)
