"""Two parts of one file as one, made as the collector makes it of all parts that recur."""

from __future__ import annotations

from copy import deepcopy

from qe_action.reports.combine import absorb, settled
from qe_action.reports.model import FileLines


def merge(a: FileLines, b: FileLines) -> FileLines:
    """What both show of the file; `a` is not changed. The path is that of `a`."""
    merged = deepcopy(a)
    absorb(merged, b)
    return settled(merged)
