"""The pull request's one comment: found again by its marker, edited as results come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Literal, NamedTuple

from qe_action.errors import DeliveryError
from qe_action.events import AgentName, Event
from qe_action.github.client import GitHub
from qe_action.github.payloads import CheckSeen
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment, retold
from qe_action.render.marker import Marker
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.live_pace import USUAL, Pace
from qe_action.sinks.pace import persist
from qe_action.sinks.shared_comment import Newer, SharedComment, Words
from qe_action.sinks.step_checks import steps_of
from qe_action.sinks.stream_parts import following, up_to_result

When = Literal["always", "on-gap", "never"]
GROWTH = 4
"""How much longer each wait for an edit is than the last: an edit of a comment is two requests."""
CHECKED: tuple[AgentName, ...] = ("test-executor", "coverage-analyzer")
"""The agents whose results complete a check run."""


class OwnWords:
    """The words of a comment that one name has for itself.

    `tests_name` is that of the tests' own check run, empty where they have none.
    """

    def __init__(
        self,
        github: GitHub,
        state: RunState,
        links: Links,
        *,
        number: int,
        name: str,
        mine: Marker,
        tests_name: str = "",
    ) -> None:
        self._github = github
        self._tests_name = tests_name
        self._state = state
        self._links = links
        self._number = number
        self._name = name
        self._told = mine

    async def body(self, *, done: bool) -> str:
        heading = Heading(self._name, self._told.ended(done).line)
        return comment(self._state, self._links, heading)

    async def better(self) -> str | None:
        """The words of a newer run, out of its check runs, if these are complete."""
        newest, marker = None, self._told
        shas = {self._links.sha, await self._github.pull_head(self._number)}
        for sha in sorted(shas):
            for step in steps_of(await self._checks(sha)):
                theirs = Marker(self._told.place, *step.key, sha, done=True)
                if marker.is_older_than(theirs):
                    newest, marker = step, theirs
        if newest is None or newest.conclusion is None:
            return None
        self._told = marker
        heading = Heading(self._name, marker.line)
        return retold(heading, newest.conclusion, newest.title, newest.summary)

    async def _checks(self, sha: str) -> list[CheckSeen]:
        """Those that a comment of this name is made of; of tests where this run had some."""
        found = await self._github.list_checks(sha, self._name)
        if self._tests_name and self._state.tests.begun:
            found += await self._github.list_checks(sha, self._tests_name)
        return found


class CommentSink:
    """Shows the stream as one comment on a pull request.

    `words` makes the comment of `state`, into which the sink folds the events. `on-gap` creates
    the comment only for a gap in changed lines, a failed test or a failed gate, `never` not at
    all; one that is there from an earlier push is edited all the same. It begins with the run's
    first stage and goes on to the last.
    """

    name = "comment"

    def __init__(
        self,
        github: GitHub,
        delivery: Delivery,
        *,
        state: RunState,
        words: Words,
        shared: SharedComment,
        when: When,
        pace: Pace,
    ) -> None:
        self._github = github
        self._delivery = delivery
        self._state = state
        self._words = words
        self._shared = shared
        self._when = when
        self._pace = pace

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        try:
            await self._follow(up_to_result(events, "coverage-analyzer"), self._pace)
            await self._delivery.once_shown("coverage-analyzer")
            if (event := await anext(events, None)) is not None:
                await self._follow(following(event, events), self._pace.with_no_failures())
                await self._delivery.once_all_shown()
                self._state.proposal = await self._delivery.proposed()
            await persist(self._last, lambda: self._delivery.hurried)
        except DeliveryError as error:
            self._delivery.failed(error)
        finally:
            self._delivery.comment_url = self._shared.url

    async def _follow(self, events: AsyncIterator[Event], pace: Pace) -> None:
        """Edits on the way, at intervals that grow from the first one on."""
        await pace.follow(
            events,
            self._state.fold,
            self._edit,
            growth=GROWTH,
            remaining=lambda: self._github.remaining,
        )

    async def _edit(self) -> None:
        """One edit on the way. A passing failure is no reason to stop: the last one says all."""
        if self._delivery.hurried:
            return
        try:
            await self._write(done=False)
        except DeliveryError:
            return

    async def _last(self) -> None:
        if self._when == "on-gap" and not self._shared.exists:
            await self._shared.look(again=True)  # another part may have made it meanwhile
        await self._write(done=True)
        # In a hurry the check run is completed beside this. Jobs that are cancelled together would
        # miss each other's results if they looked before their own are there.
        for agent in CHECKED:
            await self._delivery.shown[agent].wait()
        with suppress(DeliveryError):  # our words are there; it is others' that are looked for
            await self._shared.settle(self._words)
        newer = self._shared.newer
        if newer is not None:
            self._delivery.note(
                f"The comment shows the result of a newer run ({newer.run}, attempt "
                f"{newer.attempt}), so this run left it alone."
            )

    async def _write(self, *, done: bool) -> None:
        await self._shared.look()
        if not self._shared.exists and not self._worth_creating():
            return
        if await self._shared.write(await self._words.body(done=done)):
            self._delivery.writes += 1

    def _worth_creating(self) -> bool:
        if self._when != "on-gap":
            return self._when == "always"
        failed = conclude(self._state).conclusion == "failure" or self._state.tests.failures
        return bool(failed) or self._state.in_diff_count > 0


class Place(NamedTuple):
    """Where a comment is written, how, and with whose marker."""

    github: GitHub
    links: Links
    delivery: Delivery
    number: int
    marker: Marker
    when: When = "always"
    pace: Pace = USUAL


def own_comment(place: Place, name: str, tests_name: str = "") -> CommentSink:
    """The sink of a comment that a name has for itself; `tests_name` as `OwnWords` has it."""
    state = RunState()
    words = OwnWords(
        place.github,
        state,
        place.links,
        number=place.number,
        name=name,
        mine=place.marker,
        tests_name=tests_name,
    )
    return comment_sink(place, state, words, Marker.is_older_than)


def comment_sink(place: Place, state: RunState, words: Words, newer: Newer) -> CommentSink:
    """The sink that writes `words` at a place; `newer` tells which words to leave alone."""
    delivery = place.delivery
    shared = SharedComment(
        place.github,
        place.number,
        place.marker,
        newer=newer,
        hurried=lambda: delivery.hurried,
    )
    return CommentSink(
        place.github,
        delivery,
        state=state,
        words=words,
        shared=shared,
        when=place.when,
        pace=place.pace,
    )
