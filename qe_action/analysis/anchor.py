"""Where a gap of the measured tree stands at the pull request's head."""

from __future__ import annotations

from collections.abc import Sequence

from qe_action.analysis.advice.branch_words import Way, said
from qe_action.analysis.line_map import LineMap
from qe_action.events import BASE_LINE, Anchor, Gap


def anchor(
    gap: Gap, line_map: LineMap | None, lines: tuple[int, int], ways: Sequence[Way | None] = ()
) -> Anchor | None:
    """The gap's `lines`, first and last, at the head; None where they are not known there.

    `ways` are what is known of its missing branches, one each, or none at all.
    """
    if line_map is None:
        return None
    found = line_map.range_to_head(gap.file_path, *lines)
    if found is None:
        return None
    path, start, end = found
    names = tuple(_at_head(gap.file_path, name, line_map) for name in gap.missing_branches)
    begins = tuple(_at_head(gap.file_path, str(line), line_map) for line in gap.branch_lines)
    exits = zip(begins or (str(start),) * len(names), names, strict=True)
    return Anchor(
        path=path,
        line_start=start,
        line_end=end,
        missing_branches=names,
        branch_words=said(ways, exits) if ways else (),
        branch_lines=begins,
    )


def _at_head(path: str, name: str, line_map: LineMap) -> str:
    """A branch's target with the line it has at the head."""
    if not name.isdecimal():
        return name
    found = line_map.to_head(path, int(name))
    return str(found[1]) if found else BASE_LINE
