"""The comment that several check runs of a commit share: made anew from all of them each time.

Each part's check run is the truth. A part completes its own before it writes the comment, and
looks afterwards whether the comment holds every part that has ended by then; so whoever writes
last has seen them all.
"""

from __future__ import annotations

from typing import get_args

from qe_action.github.client import GitHub
from qe_action.github.identity import RunKey, group_hash, read_external_id
from qe_action.github.model import CheckSeen
from qe_action.render.group import Part, group_comment
from qe_action.render.links import Links
from qe_action.render.marker import Marker
from qe_action.render.state import RunState
from qe_action.render.verdict import CheckConclusion
from qe_action.sinks.comment import CommentSink, Place, comment_sink


class GroupWords:
    """The words of a group's comment, out of the check runs of `sha`."""

    looks = 100  # one for each part that may end meanwhile
    always_settles = True

    def __init__(
        self, github: GitHub, links: Links, group: str, expected: int | None, marker: Marker
    ) -> None:
        self._github = github
        self._sha = links.sha
        self._group = group
        self._expected = expected
        self._marker = marker
        self._ended: frozenset[int] = frozenset()

    async def body(self, *, done: bool) -> str:
        parts = parts_of(await self._github.list_checks(self._sha), self._group)
        ended = tuple(part.check_id for part in parts if part.conclusion is not None)
        self._ended = frozenset(ended)
        return group_comment(
            parts, self._group, self._marker.ended(done, ended).line, self._expected
        )

    def stands(self, marker: Marker) -> bool:
        return marker.sha == self._marker.sha and self._ended <= set(marker.parts)


def parts_of(checks: list[CheckSeen], group: str) -> list[Part]:
    """The newest check run of every name of the group, by name."""
    newest: dict[str, tuple[RunKey, int, CheckSeen]] = {}
    for check in checks:
        seen = read_external_id(check.external_id)
        if seen is None or seen.group != group_hash(group):
            continue
        entry = (seen.key, check.ref.id, check)
        if check.name not in newest or entry[:2] > newest[check.name][:2]:
            newest[check.name] = entry
    return [_part(check) for _, (_, _, check) in sorted(newest.items())]


def _part(check: CheckSeen) -> Part:
    known = check.conclusion if check.conclusion in get_args(CheckConclusion) else "neutral"
    conclusion = known if check.status == "completed" else None
    return Part(
        check_id=check.ref.id,
        name=check.name,
        title=check.title,
        url=check.ref.html_url,
        conclusion=conclusion,  # type: ignore[arg-type] # checked by get_args
        summary=check.summary,
    )


def group_comment_sink(place: Place, group: str, expected: int | None) -> CommentSink:
    """The sink of a comment that several names share."""
    marker = place.marker

    def newer(there: Marker) -> bool:
        """Of the same commit any part may write, as the words are always all parts'."""
        return there.sha != marker.sha and marker.is_older_than(there)

    words = GroupWords(place.github, place.links, group, expected, marker)
    return comment_sink(place, RunState(), words, newer)
