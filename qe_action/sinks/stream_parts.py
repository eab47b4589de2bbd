"""Parts of a stream, for sinks that show one agent after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from qe_action.events import AgentName, Event


async def up_to_result(
    events: AsyncIterator[Event], agent: AgentName
) -> AsyncGenerator[Event, None]:
    """The events up to the result of `agent`; what follows can be read on from `events`."""
    async for event in events:
        yield event
        if event.type == "complete" and event.agent == agent:
            return


async def following(first: Event, rest: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
    """An event and those behind it."""
    yield first
    async for event in rest:
        yield event
