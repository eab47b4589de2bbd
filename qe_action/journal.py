"""The event log as lines of JSON: a versioned header, then one event a line.

What a result repeats of earlier events is left out of its line; `decode` puts it back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError

from qe_action.errors import ReportError
from qe_action.events import EVENT, AnalysisComplete, Event, Gap, GapFound, keep_worst

VERSION = 1
HEADER_LIMIT = 200
"""Bytes of the first line that are looked at."""
GAPS_IN_RESULT = 200
"""How many gaps the result repeats."""


class WorstGaps:
    """The worst gaps of a run: those in changed lines before all others, then by severity."""

    def __init__(self) -> None:
        self._in_diff: list[Gap] = []
        self._elsewhere: list[Gap] = []

    def add(self, gap: Gap) -> None:
        """Take the next gap of the stream."""
        kept = self._in_diff if gap.in_diff else self._elsewhere
        keep_worst(kept, gap, GAPS_IN_RESULT)

    def result(self) -> tuple[Gap, ...]:
        """The gaps that the result repeats."""
        return tuple((self._in_diff + self._elsewhere)[:GAPS_IN_RESULT])

    def restored(self, event: Event) -> Event:
        """The next event of a journal; the result with its gaps."""
        if isinstance(event, GapFound):
            self.add(event.gap)
        if isinstance(event, AnalysisComplete):
            return event.model_copy(update={"gaps": self.result()})
        return event


def header(made: Mapping[str, str] | None = None) -> bytes:
    """The journal's first line; `made` says of what by which run, in few and short words.

    A reader of any release looks at the first `HEADER_LIMIT` bytes and at two keys of it.
    """
    head: dict[str, object] = {"journal": "qe-action", "version": VERSION}
    if made is None:
        return json.dumps(head).encode() + b"\n"
    line = json.dumps({**head, **made}, separators=(",", ":")).encode()
    assert len(line) <= HEADER_LIMIT, "a reader would cut it"
    return line + b"\n"


def encode(event: Event) -> bytes:
    """One event as one line."""
    repeated = set(event.repeats) or None
    return event.model_dump_json(exclude=repeated).encode("utf-8", "replace") + b"\n"


def decode(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a journal.

    Raises `ReportError` where the header or a line is not what `header` and `encode` write.
    """
    numbered = enumerate(lines, 1)
    check_header(next(numbered, (1, b""))[1])
    gaps = WorstGaps()
    for number, line in numbered:
        try:
            event = EVENT.validate_json(line)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise ReportError(
                f"Line {number} of the journal is not an event: {reason}.",
                hint="The file may be cut off or come from another version.",
            ) from None
        yield gaps.restored(event)


def check_header(line: bytes) -> None:
    """Raises `ReportError` where `line` is not what `header` writes."""
    try:
        head = json.loads(line[:HEADER_LIMIT])
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or head.get("journal") != "qe-action":
        raise ReportError("The file is not a journal of qe-action: its first line says otherwise.")
    if head.get("version") != VERSION:
        raise ReportError(
            f"The journal has version {head.get('version')!r:.20}, this program reads {VERSION}.",
            hint="Write and read it with the same release.",
        )
