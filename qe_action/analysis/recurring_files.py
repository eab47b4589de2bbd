"""The files that a report lists in several parts, each as one."""

from __future__ import annotations

from collections.abc import Callable

from qe_action.reports.bounds import MAX_STATEMENTS
from qe_action.reports.combine import absorb, settled
from qe_action.reports.defects import Defects
from qe_action.reports.model import FileLines
from qe_action.reports.packed_lines import PackedLines

MAX_HELD = 1_200_000
"""Size (`FileLines.size`) of recurring files that are merged in one pass."""


class Parts:
    """The parts of recurring files, merged as they come; `place` and `wanted` say of which.

    Lines wait packed, without their hits: what is made of them is whether they ran.

    `disagreeing` are the Python files that reports list up to different lines: a report lists
    all statements of a Python file, so these were measured in different versions. `defects` is
    told what had no room.
    """

    def __init__(
        self,
        place: Callable[[FileLines], str | None],
        wanted: set[str],
        defects: Defects,
    ) -> None:
        self._place = place
        self._wanted = wanted
        self._defects = defects
        self._files: dict[str, FileLines] = {}  # without their lines
        self._lines: dict[str, PackedLines] = {}
        self._ends: dict[str, dict[int, int]] = {}
        self._held = 0

    @property
    def paths(self) -> list[str]:
        return list(self._files)

    def add(self, file: FileLines, report: int = 0) -> None:
        """Merge `file`, which the given report lists, into what is known of it, if it is wanted.

        Its lines are taken out of it.
        """
        path = self._place(file)
        if path is None or path not in self._wanted:
            return
        ends = self._ends.setdefault(path, {})
        ends[report] = max(ends.get(report, 0), max(file.hits, default=0))
        hits, file.hits = file.hits, {}
        known = self._files.get(path)
        if known is None:
            self._files[path], self._lines[path] = file, PackedLines()
            self._held += file.size
        elif self._held > MAX_HELD:
            lost = len(hits) + len(file.branches)
            known.unreadable += lost
            self._defects.add("room", path, times=lost)
            return
        else:
            self._held -= known.size
            absorb(known, file, self._defects)
            self._held += known.size
        self._add_lines(path, hits)

    def _add_lines(self, path: str, hits: dict[int, int]) -> None:
        lines = self._lines[path]
        self._held -= len(lines)
        for line in lines.add(hits, MAX_STATEMENTS):
            self._files[path].unreadable += 1
            self._defects.add("statements", f"line {line}", path)
        self._held += len(lines)

    def take(self, path: str) -> FileLines:
        """A file as its parts together show it, in the order of its lines; it is not held on."""
        file = self._files.pop(path)
        file.hits = self._lines.pop(path).hits()
        return settled(file)

    @property
    def disagreeing(self) -> set[str]:
        return {
            path
            for path, ends in self._ends.items()
            if path.endswith(".py") and len(set(ends.values())) > 1
        }
