"""Keeps the state of the run for what is written once at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from qe_action.events import Event
from qe_action.render.state import RunState


class FoldSink:
    """Folds the stream into `state`."""

    name = "result"

    def __init__(self, state: RunState) -> None:
        self._state = state

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self._state.fold(event)
