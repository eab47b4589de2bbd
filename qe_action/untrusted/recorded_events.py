"""A journal as it was recorded, event by event: to be shown, converted or gone on with.

It may be anybody's. It is read within bounds, and whoever shows what it says has to escape it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from qe_action.errors import ReportError
from qe_action.events import Event
from qe_action.journal import HEADER_LIMIT, WorstGaps, check_header
from qe_action.untrusted.claims import Refusal
from qe_action.untrusted.event_lines import recorded_event
from qe_action.untrusted.journal import MAX_EVENTS, ReadLine, whole_lines


class Recording:
    """The journal that `readline` gives, at most as many bytes a call as asked for.

    `header` is its first line. `cut_off` says, once all events were read, that the last line has no
    end: its writer was killed. Raises `ReportError` where the first line is not a journal's.
    """

    def __init__(self, readline: ReadLine) -> None:
        self._last = b""

        def kept(limit: int) -> bytes:
            self._last = readline(limit)
            return self._last

        self._lines = whole_lines(kept)
        first = next(self._lines, b"")
        check_header(first)
        self.header: dict[str, object] = json.loads(first[:HEADER_LIMIT])
        self.cut_off = False

    def events(self) -> Iterator[Event]:
        """The events, the result with the gaps that its line leaves out.

        Raises `ReportError` at a line that is none.
        """
        gaps = WorstGaps()
        for number, line in enumerate(self._lines, 2):
            if number > MAX_EVENTS:
                raise ReportError(f"The journal has more than {MAX_EVENTS:,} events.")
            try:
                event = recorded_event(line)
            except Refusal as refusal:
                raise ReportError(
                    f"Line {number} of the journal can't be used: {refusal}.",
                    hint="It may be damaged, or written by a newer release.",
                ) from None
            yield gaps.restored(event)
        self.cut_off = bool(self._last)
