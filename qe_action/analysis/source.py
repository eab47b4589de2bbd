"""Where functions and classes of a source begin and end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from qe_action.reports.model import Function


class Region(NamedTuple):
    """A function's or class's body, lines inclusive; `name` is the qualified name."""

    start: int
    end: int
    name: str


class Regions:
    """Answers which function or class a line belongs to: the innermost one around it.

    The `def` or `class` line itself belongs to what is around it, as it runs there.
    """

    def __init__(self, regions: Iterable[Region] = ()) -> None:
        # Outer before inner, so that the inner one writes over the outer one's lines.
        ordered = sorted(regions, key=lambda region: (region.start, -region.end))
        self._starts: list[int] = []
        self._owners: list[Region | None] = []
        self._flatten(ordered)

    def owner(self, line: int) -> Region | None:
        """The innermost region with `line` in its body, None at module level."""
        at = bisect_right(self._starts, line) - 1
        return self._owners[at] if at >= 0 else None

    def _flatten(self, ordered: list[Region]) -> None:
        """Cut nested regions into stretches that each have one owner."""
        open_regions: list[Region] = []

        def close_before(line: int) -> None:
            while open_regions and open_regions[-1].end < line:
                ended = open_regions.pop()
                self._cut(ended.end + 1, open_regions[-1] if open_regions else None)

        for region in ordered:
            close_before(region.start)
            open_regions.append(region)
            self._cut(region.start, region)
        close_before(1 << 62)

    def _cut(self, start: int, owner: Region | None) -> None:
        if self._starts and self._starts[-1] == start:
            self._owners[-1] = owner
            return
        self._starts.append(start)
        self._owners.append(owner)


def reported_regions(functions: Iterable[Function]) -> Regions:
    """The regions as the report itself lists them, for languages we don't parse."""
    return Regions(Region(f.start, f.end, f.name) for f in functions)
