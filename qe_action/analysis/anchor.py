"""Where a gap of the measured tree stands at the pull request's head."""

from __future__ import annotations

from qe_action.analysis.diff import LineMap
from qe_action.events import BASE_LINE, Anchor, Gap


def anchor(gap: Gap, line_map: LineMap | None, lines: tuple[int, int]) -> Anchor | None:
    """The gap's `lines`, first and last, at the head; None where they are not known there."""
    if line_map is None:
        return None
    found = line_map.range_to_head(gap.file_path, *lines)
    if found is None:
        return None
    path, start, end = found
    ways = tuple(_at_head(gap.file_path, way, line_map) for way in gap.missing_branches)
    return Anchor(path=path, line_start=start, line_end=end, missing_branches=ways)


def _at_head(path: str, way: str, line_map: LineMap) -> str:
    """A branch's target with the line it has at the head."""
    if not way.isdecimal():
        return way
    found = line_map.to_head(path, int(way))
    return str(found[1]) if found else BASE_LINE
