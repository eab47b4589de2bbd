"""The files of a report line by line, for who asks for that: within bounds, once each."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from qe_action.analysis.collect import Collector
from qe_action.analysis.file_lines import told
from qe_action.events import FileLinesTold
from qe_action.reports.model import FileLines
from qe_action.text import plural

ALL_BYTES = 16 << 20
"""Bytes of all events of files, about: a journal with them is still read."""


class ToldFiles:
    """Makes the event of each file that `collector` has counted.

    `changed` are the files of the diff; a quarter of the `room` is theirs alone. What finds none is
    counted. `bytes` is what the events
    take.
    """

    def __init__(
        self, collector: Collector, changed: Collection[str], room: int = ALL_BYTES
    ) -> None:
        self._collector = collector
        self._changed = changed
        self._room = room
        self._left_out = 0
        self.bytes = 0

    def of(self, file: FileLines) -> Iterator[FileLinesTold]:
        """The event of a file that came in one part; that of any other waits for its merging."""
        path = self._collector.whole(file)
        if path is not None:
            yield from self.event(path, file)

    def event(self, path: str, file: FileLines) -> Iterator[FileLinesTold]:
        """The event of a whole file, if there is room for it."""
        event = told(path, file, in_diff=path in self._changed)
        size = len(event.model_dump_json())
        limit = self._room if event.in_diff else self._room * 3 // 4
        if self.bytes + size > limit:
            self._left_out += 1
            return
        self.bytes += size
        yield event

    def notes(self) -> Iterator[str]:
        """A sentence on what found no room."""
        if self._left_out:
            files = plural(self._left_out, "file is", "files are")
            yield f"The lines of {files} not told one by one, as there are too many."
