"""From the lines of a file to its gaps."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from qe_action.analysis.collect import Detail
from qe_action.analysis.source import Region, Regions
from qe_action.events import Counts, Gap, Level

IN_DIFF = "it lies in lines that this change adds or edits"
OUTSIDE = "it lies outside the changed lines"
NO_HIT = "no test runs any of this file"
SO_FAR = "nothing but the diff is weighed so far"


class Run(NamedTuple):
    """Missed statements next to each other in the report's order, of one function."""

    lines: tuple[int, ...]
    owner: Region | None
    in_diff: bool


def find_gaps(detail: Detail, regions: Regions, added: frozenset[int]) -> Iterator[Gap]:
    """A file's gaps: those in changed lines first, each part in line order.

    A run of missed statements ends at a covered one, at the border of a function or class
    and where changed lines meet unchanged ones. A file without any hit is one gap. Gaps are
    made as they are asked for, since a file of a million lines can have as many.
    """
    if detail.untouched:
        yield _untouched(detail, added)
        return
    for in_diff in (True, False) if added else (False,):
        runs = (
            _uncovered(detail.path, run)
            for run in _runs(detail, regions, added)
            if run.in_diff is in_diff
        )
        partial = _partial(detail, regions, added, in_diff=in_diff)
        yield from heapq.merge(runs, partial, key=lambda gap: gap.line_start)


def patch_counts(detail: Detail, added: frozenset[int]) -> Counts:
    """Counts of the statements, and of the branches they hold, on added or changed lines."""
    hit = [
        covered for line, covered in zip(detail.lines, detail.covered, strict=True) if line in added
    ]
    branches = [branch for line, branch in detail.branches.items() if line in added]
    return Counts(
        statements=len(hit),
        covered=sum(hit),
        branches=sum(branch.total for branch in branches),
        covered_branches=sum(branch.covered for branch in branches),
    )


def _runs(detail: Detail, regions: Regions, added: frozenset[int]) -> Iterator[Run]:
    statements = zip(detail.lines, detail.covered, strict=True)
    for covered, stretch in groupby(statements, key=lambda statement: statement[1]):
        if covered:
            continue
        missed = [line for line, _ in stretch]
        for (owner, in_diff), lines in groupby(
            missed, key=lambda line: (regions.owner(line), line in added)
        ):
            yield Run(tuple(lines), owner, in_diff)


def _untouched(detail: Detail, added: frozenset[int]) -> Gap:
    """The one gap of a file that no test runs; it says how much of the file is changed."""
    changed = len(added.intersection(detail.lines))
    gap = _uncovered(detail.path, Run(tuple(detail.lines), None, bool(changed)))
    reasons = [NO_HIT, *gap.reasons]
    if 0 < changed < len(detail.lines):
        reasons[1] = f"{changed} of its {len(detail.lines)} statements lie in changed lines"
    return gap.model_copy(update={"reasons": tuple(reasons)})


def _uncovered(path: str, run: Run) -> Gap:
    name = run.owner.name if run.owner else None
    start, end = run.lines[0], run.lines[-1]
    return Gap(
        id=_identity(path, "uncovered", start, end, name),
        file_path=path,
        line_start=start,
        line_end=end,
        gap_type="uncovered",
        severity=_severity(run.in_diff),
        function=name,
        in_diff=run.in_diff,
        statements=len(run.lines),
        reasons=_reasons(run.in_diff),
    )


def _partial(
    detail: Detail, regions: Regions, added: frozenset[int], *, in_diff: bool
) -> Iterator[Gap]:
    statements = zip(detail.lines, detail.covered, strict=True)
    missed = {line for line, covered in statements if not covered} if detail.branches else set()
    for line, branch in sorted(detail.branches.items()):
        if branch.covered >= branch.total or line in missed or (line in added) is not in_diff:
            continue
        owner = regions.owner(line)
        yield Gap(
            id=_identity(detail.path, "partial", line, line, *branch.missing),
            file_path=detail.path,
            line_start=line,
            line_end=line,
            gap_type="partial",
            severity=_severity(in_diff),
            function=owner.name if owner else None,
            in_diff=in_diff,
            missing_branches=branch.missing,
            reasons=(
                f"{branch.total - branch.covered} of {branch.total} branches were not taken",
                *_reasons(in_diff),
            ),
        )


def _severity(in_diff: bool) -> Level:
    return "medium" if in_diff else "low"


def _reasons(in_diff: bool) -> tuple[str, ...]:
    return (IN_DIFF if in_diff else OUTSIDE, SO_FAR)


def _identity(*parts: object) -> str:
    """A short id of the content. The separator can't stand in a path or a name."""
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
