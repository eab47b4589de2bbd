"""Events as lines of JSON: on a pipe, or as the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO

from qe_action.events import Event
from qe_action.journal import encode, header
from qe_action.text import escaped


class JournalSink:
    """The journal: written line by line, so that a run cut off leaves what it had."""

    name = "journal"

    def __init__(self, out: IO[bytes], head: bytes = b"") -> None:
        self._out = out
        self._head = head or header()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        self._out.write(self._head)
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
            print(printable(event.model_dump_json()), file=self._out, flush=True)


def printable(line: str) -> str:
    """A line of JSON that no log takes for a command and no terminal obeys; it means the same."""
    return escaped(line.replace("##[", "##\\u005b"))
