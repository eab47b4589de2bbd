"""Events as lines of JSON: on a pipe, or as the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO

from qe_action.events import Event
from qe_action.journal import encode, header


class JournalSink:
    """The journal: written line by line, so that a run cut off leaves what it had."""

    name = "journal"

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    async def consume(self, events: AsyncIterator[Event]) -> None:
        self._out.write(header())
        async for event in events:
            self._out.write(encode(event))
            self._out.flush()


class EventsSink:
    """Every event whole, one a line, flushed at once for whoever reads the pipe."""

    name = "events"

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            # In a workflow's log `##[name]` is a command; in JSON this is the same text.
            line = event.model_dump_json().replace("##[", "##\\u005b")
            print(line, file=self._out, flush=True)
