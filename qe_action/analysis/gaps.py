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


class Exit(NamedTuple):
    """A way out of `line` that was never taken; `target` is where it leads, as `Branch` has it."""

    line: int
    target: str


class Miss(NamedTuple):
    """Missed statements next to each other in the report's order, or a partial branch.

    `lines` are the missed statements, of a partial branch the one line it stands on; `branch`
    is given for the latter alone. `exits` are the ways that were never taken: those that lead
    to the statements, or those of the partial branch that lead to no missed statement. `owner`
    is the function or class around the lines. `changed` are those of `lines` that the diff adds
    or changes, and `in_diff` says that there are any, or that such a way begins on one.
    `whole_file` says that nothing of the file ran, so that it is missed as one.
    """

    path: str
    lines: tuple[int, ...]
    owner: Region | None = None
    changed: tuple[int, ...] = ()
    branch: Branch | None = None
    whole_file: bool = False
    exits: tuple[Exit, ...] = ()
    in_diff: bool = False

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
    def untaken(self) -> int:
        """How many ways out of a partial branch's line it tells of, also those without a name."""
        if self.branch is None:
            return 0
        told_elsewhere = len(self.branch.missing) - len(self.exits)
        return self.branch.total - self.branch.covered - told_elsewhere

    @property
    def id(self) -> str:
        """A short id of the content: the same miss has the same id in every run.

        What leads to missed statements does not count for theirs, and a partial branch's is
        that of all its ways, so that neither changes where one is told by the other.
        """
        if self.branch is not None:
            return _identity(self.path, "partial", self.start, self.start, *self.branch.missing)
        return _identity(self.path, "uncovered", self.start, self.end, self.name)


def find_misses(detail: Detail, regions: Regions, touched: frozenset[int]) -> Iterator[Miss]:
    """What a file's tests miss: first in `touched` lines, each part in line order.

    A run of missed statements ends at a covered one, at the border of a function or class
    and where changed lines meet unchanged ones. A way that was never taken and leads to one of
    them belongs to the run. A file without any hit is one miss. They are made as they are asked
    for, since a file of a million lines can have as many.
    """
    if detail.untouched:
        lines = tuple(detail.lines)
        changed = tuple(line for line in lines if line in touched)
        yield Miss(detail.path, lines, changed=changed, whole_file=True, in_diff=bool(changed))
        return
    branches = _Untaken(detail)
    for in_diff in (True, False) if touched else (False,):
        runs = _runs(detail, regions, touched, branches, in_diff=in_diff)
        partial = _partial(detail, regions, touched, branches, in_diff=in_diff)
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


class _Untaken:
    """The ways out of lines that ran which were never taken."""

    def __init__(self, detail: Detail) -> None:
        self.into: dict[int, list[Exit]] = {}
        """Those that lead to missed statements, by where they lead."""
        self.others: dict[int, tuple[Exit, ...]] = {}
        """The others by the line they begin on, also where the report does not name them."""
        if detail.branches:
            statements = zip(detail.lines, detail.covered, strict=True)
            missed = {line for line, covered in statements if not covered}
            for line, branch in sorted(detail.branches.items()):
                if branch.covered < branch.total and line not in missed:
                    self._sort(line, branch, missed)

    def _sort(self, line: int, branch: Branch, missed: set[int]) -> None:
        others = []
        for name in branch.missing:
            if name.isdecimal() and int(name) in missed:
                self.into.setdefault(int(name), []).append(Exit(line, name))
            else:
                others.append(Exit(line, name))
        if others or branch.total - branch.covered > len(branch.missing):
            self.others[line] = tuple(others)


def _runs(
    detail: Detail,
    regions: Regions,
    touched: frozenset[int],
    branches: _Untaken,
    *,
    in_diff: bool,
) -> Iterator[Miss]:
    statements = zip(detail.lines, detail.covered, strict=True)
    for covered, stretch in groupby(statements, key=lambda statement: statement[1]):
        if covered:
            continue
        missed = [line for line, _ in stretch]
        for (owner, changed), run in groupby(
            missed, key=lambda line: (regions.owner(line), line in touched)
        ):
            lines = tuple(run)
            exits = tuple(way for line in lines for way in branches.into.get(line, ()))
            if (changed or any(way.line in touched for way in exits)) is in_diff:
                edited = lines if changed else ()
                yield Miss(detail.path, lines, owner, edited, exits=exits, in_diff=in_diff)


def _partial(
    detail: Detail,
    regions: Regions,
    touched: frozenset[int],
    branches: _Untaken,
    *,
    in_diff: bool,
) -> Iterator[Miss]:
    for line, exits in branches.others.items():
        if (line in touched) is in_diff:
            yield Miss(
                detail.path,
                (line,),
                regions.owner(line),
                (line,) if in_diff else (),
                detail.branches[line],
                exits=exits,
                in_diff=in_diff,
            )


def _identity(*parts: object) -> str:
    """A short id of the content. The separator can't stand in a path or a name."""
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
