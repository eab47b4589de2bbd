"""Where a gap of the measured tree stands at the pull request's head."""

from __future__ import annotations

from qe_action.analysis.diff import LineMap
from qe_action.events import BASE_LINE, Anchor, Gap


def anchor(gap: Gap, line_map: LineMap | None) -> Anchor | None:
    """The gap's lines at the head; None where they, or the way there, are not known."""
    if line_map is None:
        return None
    found = line_map.range_to_head(gap.file_path, gap.line_start, gap.line_end)
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
