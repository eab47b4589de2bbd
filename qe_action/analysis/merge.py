"""Parts of one file, from one report or several, as one."""

from __future__ import annotations

from dataclasses import replace

from qe_action.reports.combine import absorb, settled
from qe_action.reports.model import FileLines


def merge(a: FileLines, b: FileLines) -> FileLines:
    """The file that both show: a line is a statement if either lists it, covered if either hit it.

    Neither is changed. The result is in line order, so it doesn't matter which part came
    first. The path is that of `a`: different spellings of one file are the caller's to know.
    """
    merged = replace(
        a,
        hits=dict(a.hits),
        branches=dict(a.branches),
        functions=list(a.functions),
        contexts=dict(a.contexts),
        ways=dict(a.ways),
    )
    absorb(merged, b)
    return settled(merged)
