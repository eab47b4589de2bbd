"""Lines of the measured tree at the pull request's head, as far as the gaps tell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from qe_action.events import Anchor, Gap
from qe_action.render.state import RunState

SAME = frozenset({"head", "worktree", "commit"})
"""Trees that are measured where they are shown."""


class HeadLines:
    """Where missed lines stand at the head: each of them lies in a gap that has an anchor."""

    def __init__(self, state: RunState) -> None:
        measured = state.result.measured if state.result else None
        self._same = measured is not None and measured.tree in SAME
        self._gaps: dict[str, list[Gap]] = {}
        self._begins: dict[tuple[str, int], tuple[str, int]] = {}
        self._ends: dict[tuple[str, int, str], str] = {}
        for gap in state.gaps:
            self._gaps.setdefault(gap.file_path, []).append(gap)
            if gap.anchor is not None:
                self._add(gap, gap.anchor)
        for gaps in self._gaps.values():
            gaps.sort(key=lambda gap: gap.line_start)

    def _add(self, gap: Gap, place: Anchor) -> None:
        """Keep where the branches that a gap tells of stand."""
        path = gap.file_path
        for line, begins in zip(gap.branch_lines, place.branch_lines, strict=False):
            if begins.isdecimal():
                self._begins[path, line] = place.path, int(begins)
        lines = gap.branch_lines or (gap.line_start,) * len(gap.missing_branches)
        ways = zip(lines, gap.missing_branches, place.missing_branches, strict=False)
        for line, target, at_head in ways:
            self._ends[path, line, target] = at_head

    def place(self, path: str, lines: Sequence[int]) -> tuple[str, list[int]] | None:
        """The file and its lines at the head; None where one of them is not known there."""
        found = [self._line(path, line) for line in lines]
        paths = {place[0] for place in found if place}
        if None in found or len(paths) != 1:
            return (path, list(lines)) if self._same else None
        return paths.pop(), [place[1] for place in found if place]

    def branches(self, path: str, arcs: Iterable[tuple[int, int]]) -> list[str] | None:
        """Ways as `12→15`, and `12→exit` out of the function; None where not all are known."""
        shown = []
        for start, end in arcs:
            begins = self._line(path, start) or self._begins.get((path, start))
            leads = self._end(path, start, end)
            if self._same:
                begins, leads = (path, start), str(end) if end > 0 else "exit"
            if begins is None or leads is None:
                return None
            shown.append(f"{begins[1]}→{leads}")
        return shown

    def _gap(self, path: str, line: int) -> Gap | None:
        gaps = self._gaps.get(path, [])
        at = bisect_right(gaps, line, key=lambda gap: gap.line_start) - 1
        return gaps[at] if at >= 0 and line <= gaps[at].line_end else None

    def _line(self, path: str, line: int) -> tuple[str, int] | None:
        gap = self._gap(path, line)
        if gap is None or gap.anchor is None:
            return None
        place = gap.anchor
        whole = place.line_end - place.line_start == gap.line_end - gap.line_start
        return (place.path, place.line_start + line - gap.line_start) if whole else None

    def _end(self, path: str, start: int, end: int) -> str | None:
        if end <= 0:
            return "exit"
        if (place := self._line(path, end)) is not None:
            return str(place[1])
        way = self._ends.get((path, start, str(end)), "")
        return way if way.isdecimal() else None
