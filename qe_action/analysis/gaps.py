"""From the lines of a file to what its tests miss."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from qe_action.analysis.collect import Detail
from qe_action.analysis.source import Region, Regions
from qe_action.events import Counts
from qe_action.reports.model import Branch


class Miss(NamedTuple):
    """Missed statements next to each other in the report's order, or a partial branch.

    `lines` are the missed statements, of a partial branch the one line it stands on; `branch`
    is given for the latter alone. `owner` is the function or class around them. `changed`
    are those of `lines` that the diff adds or changes. `whole_file` says that nothing of the
    file ran, so that it is missed as one.
    """

    path: str
    lines: tuple[int, ...]
    owner: Region | None = None
    changed: tuple[int, ...] = ()
    branch: Branch | None = None
    whole_file: bool = False

    @property
    def start(self) -> int:
        return self.lines[0]

    @property
    def end(self) -> int:
        return self.lines[-1]

    @property
    def name(self) -> str | None:
        """The qualified name of the function or class."""
        return self.owner.name if self.owner else None

    @property
    def id(self) -> str:
        """A short id of the content: the same miss has the same id in every run."""
        if self.branch is not None:
            return _identity(self.path, "partial", self.start, self.start, *self.branch.missing)
        return _identity(self.path, "uncovered", self.start, self.end, self.name)


def find_misses(detail: Detail, regions: Regions, touched: frozenset[int]) -> Iterator[Miss]:
    """What a file's tests miss: first in `touched` lines, each part in line order.

    A run of missed statements ends at a covered one, at the border of a function or class
    and where changed lines meet unchanged ones. A file without any hit is one miss. They are
    made as they are asked for, since a file of a million lines can have as many.
    """
    if detail.untouched:
        lines = tuple(detail.lines)
        changed = tuple(line for line in lines if line in touched)
        yield Miss(detail.path, lines, changed=changed, whole_file=True)
        return
    for in_diff in (True, False) if touched else (False,):
        runs = _runs(detail, regions, touched, in_diff=in_diff)
        partial = _partial(detail, regions, touched, in_diff=in_diff)
        yield from heapq.merge(runs, partial, key=lambda miss: miss.start)


def patch_counts(detail: Detail, touched: frozenset[int]) -> Counts:
    """Counts of the statements, and of the branches they hold, that were added or changed."""
    hit = [
        covered
        for line, covered in zip(detail.lines, detail.covered, strict=True)
        if line in touched
    ]
    branches = [branch for line, branch in detail.branches.items() if line in touched]
    return Counts(
        statements=len(hit),
        covered=sum(hit),
        branches=sum(branch.total for branch in branches),
        covered_branches=sum(branch.covered for branch in branches),
    )


def _runs(
    detail: Detail, regions: Regions, touched: frozenset[int], *, in_diff: bool
) -> Iterator[Miss]:
    statements = zip(detail.lines, detail.covered, strict=True)
    for covered, stretch in groupby(statements, key=lambda statement: statement[1]):
        if covered:
            continue
        missed = [line for line, _ in stretch]
        for (owner, changed), run in groupby(
            missed, key=lambda line: (regions.owner(line), line in touched)
        ):
            if changed is in_diff:
                lines = tuple(run)
                yield Miss(detail.path, lines, owner, lines if changed else ())


def _partial(
    detail: Detail, regions: Regions, touched: frozenset[int], *, in_diff: bool
) -> Iterator[Miss]:
    statements = zip(detail.lines, detail.covered, strict=True)
    missed = {line for line, covered in statements if not covered} if detail.branches else set()
    for line, branch in sorted(detail.branches.items()):
        if branch.covered >= branch.total or line in missed or (line in touched) is not in_diff:
            continue
        changed = (line,) if in_diff else ()
        yield Miss(detail.path, (line,), regions.owner(line), changed, branch)


def _identity(*parts: object) -> str:
    """A short id of the content. The separator can't stand in a path or a name."""
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
