"""A closer look at one file of an analysis: its gaps, and the source around one."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from itertools import islice
from typing import Any

from qe_action.events import AnalyzerEvent, Event, FileLinesTold, Gap, GapFound
from qe_action.mcp_tools import coverage_analyze_stream
from qe_action.render.annotations import headline, missing_ways
from qe_action.render.event_words import gap_line
from qe_action.servers.mcp_places import Desk
from qe_action.text import visible

AROUND = 4
"""Lines of source that are shown before and after a gap."""
SHOWN = 80
"""Lines of source that are shown of a gap at most."""
OTHERS = 20
_LINE_END = re.compile(r"\r\n|\r|\n")  # a form feed ends no line of a source
_MEANT = re.compile(r"([*?\[\]!#\\ ])")


class FileSink:
    """Keeps the gaps and the lines of one file."""

    name = "file"

    def __init__(self, path: str) -> None:
        self._path = path
        self.gaps: list[Gap] = []
        self.lines: FileLinesTold | None = None

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            if isinstance(event, GapFound) and event.gap.file_path == self._path:
                self.gaps.append(event.gap)
            elif isinstance(event, FileLinesTold) and event.path == self._path:
                self.lines = event

    def at(self, line: int) -> Gap | None:
        """The gap that the line lies in."""
        within = (gap for gap in self.gaps if gap.line_start <= line <= gap.line_end)
        return next(within, None)

    def others(self, gap: Gap | None) -> tuple[Gap, ...]:
        """Other gaps, in the order of their lines."""
        ordered = sorted(self.gaps, key=lambda one: (one.line_start, one.id))
        return tuple(islice((one for one in ordered if one is not gap), OTHERS))

    def document(self) -> str:
        """All of it as JSON. The lines are null where the analysis does not tell them."""
        lines = None if self.lines is None else self.lines.model_dump(mode="json")
        found: dict[str, Any] = {
            "path": self._path,
            "lines": lines,
            "gaps": [gap.model_dump(mode="json") for gap in self.gaps],
        }
        return json.dumps(found)


def analysis_of_file(
    desk: Desk, path: str, reports: Sequence[str], base: str | None, *, lines: bool = False
) -> AsyncGenerator[AnalyzerEvent, None]:
    """An analysis of one file alone, with the gaps of all its lines."""
    return coverage_analyze_stream(
        desk.reports(reports),
        repo=desk.folder,
        base=base,
        all_files=True,
        include=(f"/{_MEANT.sub(_escaped, path)}",),
        lines=lines,
        place="command line",
    )


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def explanation(gap: Gap) -> list[str]:
    """A gap in sentences: what did not run, why that matters, which tests would reach it."""
    lines = [
        gap_line(gap),
        f"{headline(gap)}{f': {missing_ways(gap)}' if gap.branch_words else ''}",
    ]
    lines += [f"Why it matters: {reason}" for reason in gap.reasons]
    lines += [f"It lies on the critical path {gap.critical_path}"] if gap.critical_path else []
    lines += [f"A test to write: {test}" for test in gap.suggested_tests]
    lines += [f"Runs the function: {test}" for test in gap.covered_by]
    return [visible(line) for line in lines]


def source_around(desk: Desk, gap: Gap) -> str:
    """The lines of a gap and those around it, with their numbers; empty without the source."""
    first = max(1, gap.line_start - AROUND)
    last = min(gap.line_end + AROUND, first + SHOWN)
    numbered = enumerate(_LINE_END.split(desk.source(gap.file_path)), 1)
    shown = (
        f"{number:>5} {'>' if gap.line_start <= number <= gap.line_end else ' '} {_tabbed(line)}"
        for number, line in numbered
        if first <= number <= last
    )
    return "\n".join(shown)


def _tabbed(line: str) -> str:
    return "\t".join(map(visible, line.split("\t")))
