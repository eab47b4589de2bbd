"""The check run: created at once, annotated in steps, always completed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Literal, NamedTuple

from qe_action.errors import DeliveryError
from qe_action.events import Event, Gap, GapFound
from qe_action.github.client import GitHub
from qe_action.github.errors import Forbidden, NotFound, Rejected, Unauthorized
from qe_action.github.model import Annotation, CheckDraft, CheckUpdate
from qe_action.render.annotations import annotation
from qe_action.render.compared import kept_baseline
from qe_action.render.links import Links
from qe_action.render.markdown import check_summary
from qe_action.render.state import RunState
from qe_action.render.text import clip, plural
from qe_action.render.verdict import Verdict, conclude, running_title
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import Sleep, edit_while_streaming, last_edit

STEP = 50
"""Annotations that the checks API takes in one request."""
TITLE_LIMIT = 255
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
        check_name: str,
        external_id: str,
        selection: Selection,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._github = github
        self._links = links
        self._delivery = delivery
        self._name = check_name
        self._external_id = external_id
        self._which, self._left = selection
        self._sleep = sleep
        self._state = RunState()
        self._waiting: deque[Gap] = deque()
        self._check_id = 0

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        try:
            try:
                await self._create()
            finally:
                self._delivery.check_settled.set()
            await edit_while_streaming(events, self._take, self._edit, sleep=self._sleep)
            await self._complete()
        except DeliveryError as error:
            self._delivery.failed(error)

    async def _create(self) -> None:
        check = await self._github.create_check(
            CheckDraft(
                name=self._name,
                head_sha=self._links.sha,
                external_id=self._external_id,
                title=running_title(self._state),
                summary=check_summary(self._state, self._links),
            )
        )
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
            self._waiting.append(gap)
            self._left -= 1

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
        except REFUSALS as error:
            await self._conclude(verdict, [])
            self._lost(len(step), error)

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
        title: str,
        step: list[Gap],
        *,
        conclusion: Literal["success", "failure", "neutral", "cancelled"] | None = None,
    ) -> CheckUpdate:
        return CheckUpdate(
            title=clip(title, TITLE_LIMIT),
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
