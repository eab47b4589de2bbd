"""The journal as the one-file page holds it, compressed while the events come."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from qe_action.events import Event, FileLinesTold, GapFound, TestFinished
from qe_action.journal import encode, header
from qe_action.text import plural

LINES_ROOM = 240_000
"""Compressed bytes that the lines of files may take together."""
UNCHANGED_ROOM = LINES_ROOM * 3 // 4
"""Compressed bytes that files outside the change may take of them."""


@dataclass(slots=True)
class Interest:
    """Why the source of a file is of interest, and the lines around which it is."""

    in_diff: bool = False
    lines: list[tuple[int, int]] = field(default_factory=list)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Sorts what is of most interest first."""
        return not (self.in_diff and self.lines), not self.in_diff, not self.lines


class JournalCopy:
    """A journal of the events added, and the files that they are about.

    What a file's lines would take beyond the room for them is left out of its event; the counts
    stay. `files` are in the order in which they came.
    """

    def __init__(self) -> None:
        self.files: dict[str, Interest] = {}
        self._packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        self._parts = [self._packer.compress(header())]
        self._measure = zlib.compressobj(6)
        self._lines = self._shortened = 0

    def add(self, event: Event) -> None:
        """Write the next event of the stream."""
        if isinstance(event, FileLinesTold):
            event = self._fitted(event)
            self._of(event.path).in_diff |= event.in_diff
        elif isinstance(event, GapFound):
            gap = event.gap
            self._note(gap.file_path, gap.line_start, gap.line_end, in_diff=gap.in_diff)
        elif isinstance(event, TestFinished) and event.bad:
            self._note_failure(event)
        self._parts.append(self._packer.compress(encode(event)))

    def packed(self) -> bytes:
        """The whole journal as gzip; nothing can be added then."""
        self._parts = [b"".join((*self._parts, self._packer.flush()))]
        return self._parts[0]

    def notes(self) -> list[str]:
        """A sentence on what was left out."""
        if not self._shortened:
            return []
        files = plural(self._shortened, "file", "files")
        return [f"The page leaves out the lines of {files} or the tests that ran them, for space."]

    def _fitted(self, event: FileLinesTold) -> FileLinesTold:
        limit = LINES_ROOM if event.in_diff else UNCHANGED_ROOM
        without_tests = {"tests": {}, "more_tests": event.more_tests + len(event.tests)}
        without_lines = {**without_tests, "covered": "", "partial": "", "missed": ""}
        for less in ({}, without_tests, without_lines):
            shorter = event.model_copy(update=less)
            trial = self._measure.copy()
            size = len(trial.compress(encode(shorter)) + trial.flush(zlib.Z_SYNC_FLUSH))
            if less is without_lines or self._lines + size <= limit:
                self._measure = trial
                self._lines += size
                self._shortened += shorter != event
                return shorter
        raise AssertionError("an event without lines always fits")

    def _note_failure(self, event: TestFinished) -> None:
        if event.file_path:
            line = event.line or 1
            self._note(event.file_path, line, line)
        if event.failed_at is not None:
            place = event.failed_at
            self._note(place.path, place.line_start, place.line_end)

    def _note(self, path: str, first: int, last: int, *, in_diff: bool = False) -> None:
        interest = self._of(path)
        interest.in_diff |= in_diff
        interest.lines.append((first, last))

    def _of(self, path: str) -> Interest:
        return self.files.setdefault(path, Interest())
