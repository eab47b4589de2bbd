"""A run as browsers are told it: each event encoded once, from the first on, whenever they come."""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress

from qe_action.events import Event, FileLinesTold, GapFound, TestFinished
from qe_action.journal import encode
from qe_action.stream import EventLog

FRAME = 128 * 1024
"""Bytes of events that are sent at once; a single longer one is sent whole."""
SHARED = 8 * 1024 * 1024
"""Bytes of such frames that are kept, for the browsers that are told the same."""


class LineLog(EventLog):
    """A log that also gives its events as they were encoded when they came, without doing so again.

    What is encoded is what a journal has of them.
    """

    _spooled = 0
    """How many events there were before the first that the spool's disk had no room for."""

    def lines(self, first: int, most: int) -> tuple[bytes, int]:
        """The lines of the events from `first` on, and the index behind the last of them.

        About `most` bytes of them, one line at least. There has to be an event at `first`.
        """
        if first >= self._spooled:
            return encode(self[first]), first + 1
        end = self._offsets[first] + most
        after = bisect_right(self._offsets, end, first + 1, self._spooled)
        if after < self._spooled or self._behind(after) > end:
            after = max(first + 1, after - 1)
        self._spool.seek(self._offsets[first])
        return self._spool.read(self._behind(after) - self._offsets[first]), after

    def _spill(self, line: bytes) -> None:
        before = self._end
        super()._spill(line)
        if self._end > before and self._spooled == len(self) - 1:
            self._spooled += 1

    def _behind(self, index: int) -> int:
        """Where in the spool the events before `index` end."""
        return self._offsets[index] if index < len(self) else self._end


class History:
    """The events of one run in a file of ours; `title` says whose they are.

    `named` are the files whose lines, gaps or tests the events are about. `replaced` is set once
    another run is shown in its place.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.id = secrets.token_hex(8)
        self.named: set[str] = set()
        self.is_over = False
        self.replaced = asyncio.Event()
        self._spool = tempfile.TemporaryFile(prefix="qe-action-live-")  # noqa: SIM115 - see close
        self._log = LineLog(self._spool, at_once=1)  # browsers read what is written
        self._frames: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._log)

    def add(self, event: Event) -> None:
        """The next event."""
        if isinstance(event, FileLinesTold):
            self.named.add(event.path)
        elif isinstance(event, GapFound):
            self.named.add(event.gap.file_path)
        elif isinstance(event, TestFinished):
            self.named.add(event.file_path)
            if event.failed_at is not None:
                self.named.add(event.failed_at.path)
        self._log.append(event)

    def end(self) -> None:
        """No more events come."""
        self.is_over = True
        self._log.close()

    def close(self) -> None:
        """Give the file back; nothing can be read any more."""
        self.end()
        with suppress(OSError):  # a full disk
            self._spool.close()

    async def has(self, index: int) -> bool:
        """Whether there is an event at `index`, once that is known."""
        return await self._log.has(index)

    def greeting(self, first: int) -> bytes:
        """The first frame for a browser that is told the events from `first` on."""
        said = {"run": self.id, "title": self.title, "first": first, "live": not self.is_over}
        return frame("hello", **said)

    def begins_at(self, run: str, after: str) -> int:
        """The first event for a browser that knows `after` events of `run`."""
        known = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        return known if run == self.id and known <= len(self) else 0

    def frame(self, first: int) -> tuple[bytes, int]:
        """Events from `first` on as one frame, and the index behind the last of them."""
        lines, after = self._log.lines(first, FRAME)
        found = self._frames.get((first, after))
        if found is None:
            events = lines[:-1].replace(b"\n", b",")
            found = b'{"kind":"events","first":%d,"events":[%b]}' % (first, events)
            self._keep((first, after), found)
        return found, after

    def _keep(self, which: tuple[int, int], made: bytes) -> None:
        self._frames[which] = made
        self._size += len(made)
        while self._size > SHARED:
            self._size -= len(self._frames.popitem(last=False)[1])


class Shown:
    """What the page shows: one run, and later perhaps another in its place."""

    def __init__(self, title: str) -> None:
        self.run = History(title)

    def begin(self) -> None:
        """Another run: browsers are told to begin anew."""
        before, self.run = self.run, History(self.run.title)
        before.replaced.set()
        before.close()


class LiveSink:
    """Adds the events of a stream to what is shown."""

    name = "live page"

    def __init__(self, run: History) -> None:
        self._run = run

    async def consume(self, events: AsyncIterator[Event]) -> None:
        try:
            async for event in events:
                self._run.add(event)
        finally:
            self._run.end()


def frame(kind: str, **fields: object) -> bytes:
    """A frame that holds no events."""
    return json.dumps({"kind": kind, **fields}).encode()
