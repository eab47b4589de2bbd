"""The worst gaps of the diff as review comments, one review a push.

Comments of earlier pushes are found again and stay while their gap does. GitHub's tokens for
jobs can't resolve a thread, so what is done is deleted, unless somebody answered: a talk is
left alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from qe_action.analysis.hunks import Hunks, hunks_of
from qe_action.errors import DeliveryError
from qe_action.events import AnalysisComplete, Event
from qe_action.github.client import GitHub
from qe_action.github.payloads import LineComment, ReviewComment
from qe_action.github.refusals import Forbidden, NotFound, Rejected
from qe_action.github.repository import PULLS
from qe_action.render.review import (
    Marker,
    beginning,
    owner_of,
    read_marker,
    review_body,
    review_comment,
    without_marker,
)
from qe_action.render.state import RunState
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import RESERVE, persist
from qe_action.sinks.review_plan import Plan, Wanted, key_of, make_plan, may_go, wanted
from qe_action.sinks.stream_parts import up_to_result
from qe_action.text import plural

LIMIT = 10
"""How many gaps, the worst, get a comment of a review: a reader's patience."""
CHANGES = 30
"""How many earlier comments are edited or deleted in a run; the next one goes on."""

SPARED = "Few of the hour's requests are left, so the review comments were left to the next run."
STALE = "A newer run has written the review comments, so this run left them alone."
HIDDEN = "in lines that GitHub does not show in the pull request's diff."


@dataclass(frozen=True, slots=True)
class ReviewOf:
    """What is reviewed, by whom: `run` is the id of the workflow's run and its attempt."""

    number: int
    head_sha: str
    check_name: str
    run: tuple[int, int]


class ReviewSink:
    """Says at the end of a run which changed lines lack tests, on these lines."""

    name = "review"

    def __init__(self, github: GitHub, delivery: Delivery, review: ReviewOf) -> None:
        self._github = github
        self._delivery = delivery
        self._review = review
        self._owner = owner_of(review.check_name)
        self._state = RunState()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        async for event in up_to_result(events, "coverage-analyzer"):
            self._state.fold(event)
        result = self._state.result
        if result is None or result.conclusion != "finished" or result.tests_failed:
            return
        try:
            # All of it: what is there by then is found again.
            await persist(partial(self._deliver, result), lambda: self._delivery.hurried)
        except DeliveryError as error:
            told = isinstance(error, Forbidden) and self._refused
            if not (told or self._delivery.hurried):
                self._delivery.failed(error)

    async def _deliver(self, result: AnalysisComplete) -> None:
        if self._refused or self._delivery.hurried:
            return
        if self._github.remaining is not None and self._github.remaining < RESERVE:
            self._delivery.note(SPARED)
            return
        comments = await self._comments()
        if not (comments or self._state.in_diff):
            return
        if self._is_stale(comments):
            self._delivery.note(STALE)
            return
        hunks = hunks_of(await self._github.pull_files(self._review.number))
        gaps, outside = wanted(self._state.in_diff, hunks)
        plan = make_plan(gaps, comments)
        worst = {one.gap.id for one in gaps[:LIMIT]}
        new = [one for one in plan.new if one.gap.id in worst]
        edits = [pair for pair in plan.kept if self._differs(*pair)]
        gone = self._gone(plan, result, hunks)
        if outside:
            self._delivery.note(f"Without review comment: {plural(outside, 'gap')} {HIDDEN}")
        # Asked last, so that what was read before is of this head as well.
        if (new or edits or gone) and await self._is_current():
            await self._create(new, outside)
            await self._drop_doubles(new, gaps)
            await self._change(edits[:CHANGES], gone[: max(0, CHANGES - len(edits))])

    async def _comments(self) -> list[ReviewComment]:
        marker = beginning(self._owner)
        return await self._github.own_review_comments(self._review.number, marker)

    async def _is_current(self) -> bool:
        """A newer push has a run of its own, and of a closed one nobody wants to hear."""
        current = await self._github.is_current(self._review.number, self._review.head_sha)
        return current and not self._delivery.hurried

    def _is_stale(self, comments: Sequence[ReviewComment]) -> bool:
        """A newer run has written already."""
        return any(
            marker.run > self._review.run
            for comment in comments
            if (marker := read_marker(comment.body)) is not None
        )

    def _differs(self, one: Wanted, comment: ReviewComment) -> bool:
        """Its text is no longer true; one that was answered keeps what the answer is about."""
        same = without_marker(comment.body) == review_comment(one.gap)
        return not comment.answered and not (same and key_of(comment) == one.key)

    def _gone(self, plan: Plan, result: AnalysisComplete, hunks: Hunks) -> list[ReviewComment]:
        all_gaps = len(self._state.in_diff) == self._state.in_diff_count
        return [
            comment for comment in plan.gone if may_go(comment, result, hunks, all_gaps=all_gaps)
        ]

    async def _create(self, new: Sequence[Wanted], outside: int) -> None:
        """One review; where GitHub refuses it, each comment by itself, as it does not say which."""
        if not new:
            return
        review = self._review
        lines = [
            LineComment(one.place.path, one.place.start, one.place.end, self._body(one))
            for one in new
        ]
        body = review_body(
            review.check_name,
            in_diff=self._state.in_diff_count,
            shown=len(new),
            outside=outside,
        )
        try:
            await self._github.create_review(review.number, review.head_sha, body, lines)
        except Rejected as error:
            if len(lines) > 1:
                await self._create_each(lines, error)
            else:
                self._lost(1, error)
        else:
            self._delivery.writes += 1

    async def _create_each(self, lines: Sequence[LineComment], refusal: Rejected) -> None:
        review, refused = self._review, 0
        for comment in lines:
            if self._delivery.hurried:
                return
            try:
                await self._github.create_review_comment(review.number, review.head_sha, comment)
            except Rejected as error:
                refusal = error
                refused += 1
            else:
                self._delivery.writes += 1
        if refused:
            self._lost(refused, refusal)

    async def _drop_doubles(self, new: Sequence[Wanted], gaps: Sequence[Wanted]) -> None:
        """Of two comments on one gap that two runs made at once the older one stays.

        Who created last sees both, as he looks after that.
        """
        if not new or self._delivery.hurried:
            return
        made = {one.key for one in new}
        comments = [c for c in await self._comments() if key_of(c) in made]
        plan = make_plan([one for one in gaps if one.key in made], comments)
        await self._change((), [comment for comment in plan.gone if not comment.answered])

    async def _change(
        self, edits: Sequence[tuple[Wanted, ReviewComment]], gone: Sequence[ReviewComment]
    ) -> None:
        """Delete and edit; one that is refused, or has gone meanwhile, costs the others nothing."""
        refusals: list[Rejected] = []
        deletions = [partial(self._github.delete_review_comment, one.id) for one in gone]
        updates = [
            partial(self._github.update_review_comment, comment.id, self._body(one))
            for one, comment in edits
        ]
        for write in (*deletions, *updates):
            if self._delivery.hurried:
                return
            try:
                await write()
            except NotFound:
                continue
            except Rejected as error:
                refusals.append(error)
            else:
                self._delivery.writes += 1
        if refusals:
            self._lost(len(refusals), refusals[-1])

    def _body(self, one: Wanted) -> str:
        marker = Marker(self._owner, one.key, self._review.run)
        return f"{marker.line()}\n{review_comment(one.gap)}"

    def _lost(self, count: int, error: DeliveryError) -> None:
        what = plural(count, "review comment")
        message = f"{what} could not be delivered: {error.message}"
        self._delivery.failed(DeliveryError(message, hint=error.hint, anchor=error.anchor))

    @property
    def _refused(self) -> bool:
        """The pull request's comment was refused, so that a review would be as well."""
        return any(
            isinstance(error, Forbidden) and error.read_only and error.permission == PULLS
            for error in self._delivery.problems
        )
