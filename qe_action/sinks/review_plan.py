"""Which review comment stands for which gap, from one push to the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.analysis.hunks import Hunks, Place
from qe_action.events import AnalysisComplete, Gap
from qe_action.github.payloads import ReviewComment
from qe_action.render.review import fingerprint, read_marker


class Wanted(NamedTuple):
    """A gap that can carry a comment: where, and what makes it the same one after a push."""

    gap: Gap
    place: Place
    key: str


@dataclass(slots=True)
class Plan:
    """`kept` have their comment already, `new` have none; `gone` are comments without a gap."""

    kept: list[tuple[Wanted, ReviewComment]] = field(default_factory=list)
    new: list[Wanted] = field(default_factory=list)
    gone: list[ReviewComment] = field(default_factory=list)


def wanted(gaps: Sequence[Gap], hunks: Hunks) -> tuple[list[Wanted], int]:
    """The gaps that lie in the diff as GitHub shows it, in their order; how many do not."""
    found = [_wanted(gap, hunks) for gap in gaps]
    placed = [one for one in found if one is not None]
    return placed, len(found) - len(placed)


def _wanted(gap: Gap, hunks: Hunks) -> Wanted | None:
    if gap.anchor is None:
        return None
    place = hunks.place(gap.anchor.path, gap.anchor.line_start, gap.anchor.line_end)
    if place is None:
        return None
    return Wanted(gap, place, fingerprint(gap, place.path, place.text))


def make_plan(gaps: Iterable[Wanted], comments: Iterable[ReviewComment]) -> Plan:
    """Match gaps with comments, the oldest of them first.

    First by fingerprint, those on the same lines before others; then a gap whose text changed
    by the lines, which GitHub moves along with the pushes. So the newer of two comments on one
    gap is `gone`, in every run that looks.
    """
    plan = Plan()
    free = {comment: key_of(comment) for comment in sorted(comments, key=lambda one: one.id)}
    left = list(gaps)
    for same_text, same_lines in ((True, True), (True, False), (False, True)):
        unmatched: list[Wanted] = []
        for one in left:
            fitting = (
                comment
                for comment, key in free.items()
                if (key == one.key or not same_text)
                and (not same_lines or _overlap(one.place, comment))
            )
            found = next(fitting, None)
            if found is None:
                unmatched.append(one)
            else:
                del free[found]
                plan.kept.append((one, found))
        left = unmatched
    plan.new, plan.gone = left, list(free)
    return plan


def key_of(comment: ReviewComment) -> str:
    """The fingerprint of the gap that a comment was made on."""
    marker = read_marker(comment.body)
    return marker.gap if marker else ""


def _overlap(place: Place, comment: ReviewComment) -> bool:
    if comment.span is None or comment.path != place.path:
        return False
    start, end = comment.span
    return start <= place.end and place.start <= end


def may_go(
    comment: ReviewComment, result: AnalysisComplete, hunks: Hunks, *, all_gaps: bool
) -> bool:
    """Whether a comment without a gap is about one that the tests now reach, or that is gone.

    Where the report lacks the file, GitHub its lines or the run the change, nobody knows.
    """
    if comment.answered or not all_gaps or result.patch is None or hunks.unknown(comment.path):
        return False
    return comment.path not in hunks.files or comment.path in _measured(result)


def _measured(result: AnalysisComplete) -> Collection[str]:
    return {file.path for file in result.files if file.patch is not None}
