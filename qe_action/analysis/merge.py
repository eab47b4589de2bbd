"""Parts of one file, from one report or several, as one."""

from __future__ import annotations

from qe_action.reports.combine import absorb, settled
from qe_action.reports.model import FileLines


def merge(a: FileLines, b: FileLines) -> FileLines:
    """The file that both show: a line is a statement if either lists it, covered if either hit it.

    Neither is changed. The result is in line order, so it doesn't matter which part came
    first. The path is that of `a`: different spellings of one file are the caller's to know.
    """
    merged = FileLines(a.path, dict(a.hits), dict(a.branches), list(a.functions), dict(a.contexts))
    merged.group, merged.package, merged.placed = a.group, a.package, a.placed
    absorb(merged, b)
    return settled(merged)
