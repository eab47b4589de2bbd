"""The check run: created at once, annotated in steps, always completed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Literal, NamedTuple

from qe_action.errors import DeliveryError
from qe_action.events import Event, Gap, GapFound
from qe_action.github.answers import content
from qe_action.github.client import GitHub
from qe_action.github.errors import Forbidden, NotFound, Rejected, Unauthorized
from qe_action.github.identity import Identity, read_external_id
from qe_action.github.model import Annotation, CheckDraft, CheckRef, CheckSeen, CheckUpdate
from qe_action.render.annotations import annotation
from qe_action.render.compared import kept_baseline
from qe_action.render.links import Links
from qe_action.render.markdown import check_summary
from qe_action.render.state import RunState
from qe_action.render.text import plural, visible
from qe_action.render.verdict import Verdict, conclude, running_title
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import FIRST_INTERVAL, Sleep, edit_while_streaming, last_edit
from qe_action.stream import analysis_of

STEP = 50
"""Annotations that the checks API takes in one request."""
REFUSALS = (Forbidden, NotFound, Rejected, Unauthorized)

Which = Literal["changed", "all", "none"]


class Selection(NamedTuple):
    """Which gaps are annotated, and how many of them at most: the first are the worst."""

    which: Which
    limit: int


class CheckRunSink:
    """Shows the stream as a check run on `links.sha`, the gaps of `selection` annotated."""

    name = "check run"

    def __init__(
        self,
        github: GitHub,
        links: Links,
        delivery: Delivery,
        *,
        identify: Callable[[], Awaitable[Identity]],
        selection: Selection,
        interval: float = FIRST_INTERVAL,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._github = github
        self._links = links
        self._delivery = delivery
        self._identify = identify
        self._which, self._left = selection
        self._interval = interval
        self._sleep = sleep
        self._state = RunState()
        self._waiting: deque[Gap] = deque()
        self._check_id = 0
        self._delivered: frozenset[tuple[object, ...]] = frozenset()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        try:
            try:
                check = await self._begin()
            finally:
                self._delivery.check_settled.set()
            self._note(check)
            await edit_while_streaming(
                analysis_of(events),
                self._take,
                self._edit,
                sleep=self._sleep,
                interval=self._interval,
                remaining=lambda: self._github.remaining,
            )
            await self._complete()
            self._delivery.check_done.set()
            await self._add_tests(events)
        except DeliveryError as error:
            self._delivery.failed(error)
        finally:
            self._delivery.check_done.set()
            self._delivery.check_told.set()

    async def _begin(self) -> CheckRef:
        """This run's check run: what a run like this that died has left, else a new one."""
        identity = await self._identify()
        seen: list[CheckSeen] = []
        with suppress(Forbidden, NotFound, Rejected):  # where it may be written, but not read
            if not self._delivery.hurried:
                seen = await self._github.list_checks(identity.head_sha, identity.name)
        for check in seen:
            if check.external_id == identity.external_id:
                if check.annotations:
                    self._delivered = frozenset(await self._github.delivered(check.ref.id))
                return check.ref
        made = await self._github.create_check(
            CheckDraft(
                name=identity.name,
                head_sha=identity.head_sha,
                external_id=identity.external_id,
                title=running_title(self._state),
                summary=check_summary(self._state, self._links),
            )
        )
        self._note_namesakes(identity, seen)
        await self._supersede(identity, seen)
        return made

    def _note_namesakes(self, identity: Identity, seen: list[CheckSeen]) -> None:
        """Of two jobs with one name each would overwrite the other's comment."""
        for check in seen:
            theirs = read_external_id(check.external_id)
            if theirs is not None and theirs.key == identity.key:
                self._delivery.notes.append(
                    f"This run reports as {visible(identity.name)} a second time, with another "
                    "report: give each job a name of its own (with comment-group they share one "
                    "comment)."
                )
                return

    async def _supersede(self, identity: Identity, seen: list[CheckSeen]) -> None:
        """End what earlier attempts of this run have left open: they ended before this began."""
        own = read_external_id(identity.external_id)
        for check in seen:
            theirs = read_external_id(check.external_id)
            if own is None or theirs is None or check.status == "completed":
                continue
            same_place = (theirs.key.run_id, theirs.place) == (own.key.run_id, own.place)
            if same_place and theirs.key.attempt < own.key.attempt:
                title = f"Superseded by attempt {own.key.attempt}"
                over = CheckUpdate(
                    title=title,
                    summary=f"{title}: this one ended before it could say its result.\n",
                    status="completed",
                    conclusion="cancelled",
                )
                with suppress(DeliveryError):  # it has no part in this run's result
                    await self._github.update_check(check.ref.id, over)

    def _note(self, check: CheckRef) -> None:
        self._check_id = check.id
        self._delivery.check_url = check.html_url
        self._delivery.check_app = check.app_id
        self._delivery.writes += 1

    def _take(self, event: Event) -> None:
        self._state.fold(event)
        if not isinstance(event, GapFound) or not self._left:
            return
        gap = event.gap
        wanted = self._which == "all" or (self._which == "changed" and gap.in_diff)
        if wanted and gap.anchor is not None:
            self._left -= 1
            if content(_annotate(gap).wire()) in self._delivered:
                self._delivery.annotated += 1
            else:
                self._waiting.append(gap)

    async def _edit(self) -> None:
        """One edit on the way. A passing failure is no reason to stop: the next one says all."""
        if self._delivery.hurried:
            return
        step = self._next_step()
        try:
            await self._github.update_check(
                self._check_id, self._update(running_title(self._state), step)
            )
        except DeliveryError:
            self._waiting.extendleft(reversed(step))
        else:
            self._delivery.annotated += len(step)

    async def _complete(self) -> None:
        """The remaining annotations in steps, the conclusion with the last one.

        GitHub refuses a whole request for one annotation it does not like. That costs the
        annotations beside it, never the conclusion, which is then said without any.
        """
        verdict = conclude(self._state)
        await self._annotate_rest(verdict.title)
        step = self._next_step()
        try:
            await self._conclude(verdict, step)
        except DeliveryError as error:
            if not step:
                raise
            # A last try with less to carry: better without annotations than without an end.
            await self._conclude(verdict, [])
            self._lost(len(step), error)

    async def _add_tests(self, events: AsyncIterator[Event]) -> None:
        """What followed the analysis, once it has ended, below what the summary says already."""
        async for event in events:
            self._state.fold(event)
        verdict = conclude(self._state)
        if self._state.generation.result and not self._delivery.hurried:
            update = self._update(verdict.title, [], conclusion=verdict.conclusion)
            await self._github.update_check(self._check_id, update)

    async def _annotate_rest(self, title: str) -> None:
        """All steps but the last one."""
        while len(self._waiting) > STEP and not self._delivery.hurried:
            step = self._next_step()
            try:
                await self._github.update_check(self._check_id, self._update(title, step))
            except REFUSALS as error:
                self._lost(len(step), error)
            except DeliveryError as error:
                # Its patience is spent, and the conclusion needs some too.
                self._lost(len(step) + len(self._waiting), error)
                self._waiting.clear()
            else:
                self._delivery.annotated += len(step)

    async def _conclude(self, verdict: Verdict, step: list[Gap]) -> None:
        """The last update. Once hurried it carries no annotations, so that it may be repeated."""

        async def say() -> None:
            shown = [] if self._delivery.hurried else step
            update = self._update(verdict.title, shown, conclusion=verdict.conclusion)
            await self._github.update_check(self._check_id, update)
            self._delivery.annotated += len(shown)

        await last_edit(say, lambda: self._delivery.hurried)

    def _lost(self, count: int, error: DeliveryError) -> None:
        """Note annotations that were not delivered; a run that was cancelled promises none."""
        if not count or self._delivery.hurried:
            return
        message = f"{plural(count, 'annotation')} could not be delivered: {error.message}"
        self._delivery.failed(DeliveryError(message, hint=error.hint, anchor=error.anchor))

    def _next_step(self) -> list[Gap]:
        return [self._waiting.popleft() for _ in range(min(STEP, len(self._waiting)))]

    def _update(
        self,
        words: str,
        step: list[Gap],
        *,
        conclusion: Literal["success", "failure", "neutral", "cancelled"] | None = None,
    ) -> CheckUpdate:
        return CheckUpdate(
            title=words,
            summary=check_summary(self._state, self._links),
            text=kept_baseline(self._state, self._links) if conclusion else None,
            annotations=tuple(_annotate(gap) for gap in step),
            status="completed" if conclusion else "in_progress",
            conclusion=conclusion,
        )


def _annotate(gap: Gap) -> Annotation:
    assert gap.anchor is not None
    words = annotation(gap)
    return Annotation(
        path=gap.anchor.path,
        start_line=gap.anchor.line_start,
        end_line=gap.anchor.line_end,
        level=words.level,
        title=words.title,
        message=words.message,
    )
