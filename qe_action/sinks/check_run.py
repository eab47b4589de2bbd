"""The check run: created at once, annotated in steps, always completed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress

from qe_action.errors import DeliveryError
from qe_action.events import AgentName, Event, GapFound, TestFinished
from qe_action.github.client import GitHub
from qe_action.github.identity import Identity
from qe_action.github.payloads import CheckRef
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.sinks.annotation_steps import AnnotationSteps, Selection
from qe_action.sinks.check_subjects import COVERAGE, CheckSubject
from qe_action.sinks.check_writer import PASSING, CheckWriter
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.live_pace import USUAL, Pace
from qe_action.sinks.predecessors import supersede
from qe_action.sinks.stream_parts import following, up_to_result

Identify = Callable[[], Awaitable[Identity]]


class CheckRunSink:
    """Shows its subject's part of the stream as a check run on `links.sha`.

    With `waits` there is none before the first event of that part, and none at all where that does
    not come.
    """

    name = "check run"

    def __init__(
        self,
        github: GitHub,
        links: Links,
        delivery: Delivery,
        *,
        identify: Identify,
        selection: Selection,
        subject: CheckSubject = COVERAGE,
        pace: Pace = USUAL,
        waits: bool = False,
    ) -> None:
        self._github = github
        self._delivery = delivery
        self._identify = identify
        self._subject = subject
        self._pace = pace
        self._waits = waits
        self._state = RunState()
        self._annotations = AnnotationSteps(selection)
        self._writer = CheckWriter(github, links, delivery, subject, self._state, self._annotations)
        delivery.expect_check(subject.agents)

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        part = _only(events, self._subject.agents)
        try:
            if not self._waits:
                await self._show(part)
            elif (first := await anext(part, None)) is not None:
                await self._show(following(first, part))
            else:
                await self._end_earlier()
        except DeliveryError as error:
            self._delivery.failed(error)
        finally:
            self._delivery.end_check(self._subject.agents)

    async def _show(self, events: AsyncIterator[Event]) -> None:
        await self._follow(up_to_result(events, self._subject.completed_by))
        lost = await self._writer.complete()
        for agent in self._completed():
            self._delivery.shown[agent].set()
        await self._writer.settle(lost)
        await self._add_stages(events)

    def _completed(self) -> frozenset[AgentName]:
        """The agents whose results a completed check run has."""
        return self._subject.agents - {"test-generator"}

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        """The check run, and edits on the way. What can't begin at once begins at the end."""
        try:
            self._note(await self._writer.begin(await self._identify()))
        except PASSING:
            self._delivery.check_settled.set()
            async for event in events:
                self._take(event)
            if self._delivery.hurried:  # no time to look whether it is there after all
                raise
            self._note(await self._writer.begin(await self._identify()))
            return
        finally:
            self._delivery.check_settled.set()
        await self._pace.follow(
            events, self._take, self._writer.edit, remaining=lambda: self._github.remaining
        )

    def _note(self, check: CheckRef) -> None:
        if self._subject.about == "tests":
            self._delivery.tests_check_url = check.html_url
        else:
            self._delivery.check_url = check.html_url
        self._delivery.check_app = check.app_id
        self._delivery.writes += 1

    def _take(self, event: Event) -> None:
        self._state.fold(event)
        if isinstance(event, GapFound):
            self._annotations.take(event.gap)
        elif isinstance(event, TestFinished) and event.bad:
            self._annotations.take_failure(event)

    async def _end_earlier(self) -> None:
        """Without a check run: still nothing that earlier attempts began stays in progress."""
        identity = await self._identify()
        if identity.key.attempt == 1 or self._delivery.hurried:
            return
        with suppress(DeliveryError):  # it has no part in this run's result
            seen = await self._github.list_checks(identity.head_sha, identity.name)
            await supersede(self._github, identity, seen)

    async def _add_stages(self, events: AsyncIterator[Event]) -> None:
        """The stages after that, each at its end, below what the summary says already."""
        async for event in events:
            self._state.fold(event)
            if event.type != "complete":
                continue
            self._state.proposal = await self._delivery.proposed()
            await self._writer.repeat()
            self._delivery.shown[event.agent].set()


async def _only(
    events: AsyncIterator[Event], agents: frozenset[AgentName]
) -> AsyncGenerator[Event, None]:
    """The events of these agents."""
    async for event in events:
        if event.agent in agents:
            yield event
