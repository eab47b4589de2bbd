"""The files that a report lists in several parts, each as one."""

from __future__ import annotations

from collections.abc import Callable

from qe_action.reports.combine import absorb
from qe_action.reports.model import FileLines

MAX_HELD = 1_200_000
"""Size (`FileLines.size`) of recurring files that are merged in one pass."""


class Parts:
    """The parts of recurring files, merged as they come.

    `disagreeing` are the Python files that reports list up to different lines: a report lists
    all statements of a Python file, so these were measured in different versions.
    """

    def __init__(self, place: Callable[[FileLines], str | None], wanted: set[str]) -> None:
        self._place = place
        self._wanted = wanted
        self.files: dict[str, FileLines] = {}
        self._ends: dict[str, dict[int, int]] = {}
        self._held = 0

    def add(self, file: FileLines, report: int = 0) -> None:
        """Merge `file`, which the given report lists, into what is known of it, if it is wanted."""
        path = self._place(file)
        if path is not None and path in self._wanted:
            known = self.files.get(path)
            if known is None:
                self._held += file.size
                self.files[path] = file
            elif self._held > MAX_HELD:
                known.unreadable += len(file.hits) + len(file.branches)
            else:
                self._held -= known.size
                absorb(known, file)
                self._held += known.size
            ends = self._ends.setdefault(path, {})
            ends[report] = max(ends.get(report, 0), max(file.hits, default=0))

    @property
    def disagreeing(self) -> set[str]:
        return {
            path
            for path, ends in self._ends.items()
            if path.endswith(".py") and len(set(ends.values())) > 1
        }
