"""One file's lines from several places: a line is covered if any place covers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from qe_action.reports.bounds import MAX_FUNCTIONS, MAX_STATEMENTS, MAX_WEIGHT
from qe_action.reports.contexts import unite as unite_tests
from qe_action.reports.defects import UNREADABLE, Defects, Kind
from qe_action.reports.model import Branch, FileLines, Function, Ways
from qe_action.reports.ways import as_ways, branch_of

_Value = TypeVar("_Value")

MAX_ALIASES = 20
"""Names of one function that are kept, the shortest."""


def absorb(into: FileLines, other: FileLines, defects: Defects | None = None) -> None:
    """Add `other` to `into`, in place and in time linear in `other` alone.

    Union of the lines with the highest hits and of the tests that ran them, branches by
    `combine_branches`, way by way where both tell them apart. What is new is appended; `settled`
    brings it into order once all is there. What is more than a file can have is left out:
    `defects` is told, and what the counts lack is unreadable.
    """
    losses = _Losses(into, Defects() if defects is None else defects)
    hits = into.hits
    for number, count in other.hits.items():
        if number not in hits and len(hits) >= MAX_STATEMENTS:
            losses.add("statements", number)
        elif hits.setdefault(number, count) < count:
            hits[number] = count
    into.excused = _excused(into, other) if into.excused or other.excused else 0
    for number, branch in other.branches.items():
        _absorb_branch(into, other, number, branch, losses)
    into.functions.extend(other.functions)
    if len(into.functions) > 2 * MAX_FUNCTIONS:
        combined = combine_functions(into.functions)
        into.functions = combined[:MAX_FUNCTIONS]
        for function in combined[MAX_FUNCTIONS:]:
            losses.add("functions", function.start)
    _absorb_tests(into, other, losses)
    into.unreadable += other.unreadable
    into.stale = into.stale or other.stale


class _Losses:
    """What of one file is left out."""

    def __init__(self, file: FileLines, defects: Defects) -> None:
        self._file = file
        self._defects = defects

    def add(self, kind: Kind, line: int) -> None:
        self._defects.add(kind, f"line {line}", self._file.path)
        self._file.unreadable += kind in UNREADABLE


def _absorb_tests(into: FileLines, other: FileLines, losses: _Losses) -> None:
    """Unite the tests of each line; many lines have few sets of them, which stay one object."""
    united: dict[tuple[int, int], tuple[tuple[str, ...], ...]] = {}
    for number, tests in other.contexts.items():
        known = into.contexts.get(number)
        if known is None:
            if len(into.contexts) < MAX_WEIGHT:
                into.contexts[number] = tests
            else:
                losses.add("tests", number)
            continue
        key = id(known), id(tests)
        if key not in united:
            both = unite_tests(known, tests)
            weight = into.weight + (len(both) if both != known else 0)
            fits = weight <= MAX_WEIGHT or both == known
            into.weight = weight if fits else into.weight
            united[key] = known, tests, both if fits else ()
        if both := united[key][-1]:
            into.contexts[number] = both
        else:
            losses.add("tests", number)


def _absorb_branch(
    into: FileLines, other: FileLines, number: int, branch: Branch, losses: _Losses
) -> None:
    known = into.branches.get(number)
    if known is None:
        _add_branch(into, branch, number, other.ways.get(number), losses)
        return
    ours, theirs = into.ways.get(number), other.ways.get(number)
    if ours is None or theirs is None:
        if into.ways.pop(number, None) is not None:
            known = branch_of(as_ways(dict(ours or ())))
        both = combine_branches(known, branch)
        more = max(0, len(both.missing) - len(known.missing))
        if more and into.weight + more > MAX_WEIGHT:
            losses.add("names", number)
            both, more = both._replace(missing=()), 0
        into.branches[number] = both
        into.weight += more
    elif ours != theirs:
        united = ours if isinstance(ours, dict) else dict(ours)
        for way, taken in dict(theirs).items():
            if way not in united:
                if into.weight >= MAX_WEIGHT:
                    losses.add("ways", number)
                    continue
                into.weight += 1
            united[way] = united.get(way, False) or taken
        into.ways[number] = united  # `settled` counts them


def _add_branch(
    into: FileLines, branch: Branch, number: int, ways: Ways | None, losses: _Losses
) -> None:
    """Enter the branches of a line that had none, without their names where these are too many."""
    more = len(branch.missing if ways is None else ways)
    full = into.weight + more > MAX_WEIGHT
    if len(into.branches) >= MAX_WEIGHT or (full and ways is not None):
        losses.add("branches", number)
        return
    if full and branch.missing:
        losses.add("names", number)
    into.branches[number] = branch._replace(missing=()) if full else branch
    into.weight += 0 if full else more
    if ways is not None:
        into.ways[number] = ways


def _excused(a: FileLines, b: FileLines) -> int:
    """The branches that neither lists and either counts as taken.

    What one has on a line may be what the other excuses, so it is not counted twice.
    """

    def beside(one: FileLines, other: FileLines) -> int:
        listed = sum(
            branch.total
            for line, branch in other.branches.items()
            if line not in one.branches and branch.covered == branch.total
        )
        return max(0, one.excused - listed) if one.excused else 0

    return max(beside(a, b), beside(b, a))


def settled(lines: FileLines) -> FileLines:
    """The same file in the order of its lines, each function once."""
    ways, branches = dict(lines.ways), dict(lines.branches)
    for line, united in lines.ways.items():
        if isinstance(united, dict):
            ways[line] = ordered = as_ways(united)
            branches[line] = branch_of(ordered)
    return replace(
        lines,
        hits=_ordered(lines.hits),
        branches=_ordered(branches),
        functions=combine_functions(lines.functions),
        contexts=_ordered(lines.contexts),
        ways=ways,
    )


def _ordered(by_line: dict[int, _Value]) -> dict[int, _Value]:
    """The same by line; pairs would take more room than the lines."""
    if all(line < following for line, following in pairwise(by_line)):
        return by_line
    return {line: by_line[line] for line in sorted(by_line)}


def combine_branches(a: Branch, b: Branch) -> Branch:
    """What two counts of one line's branches show together, in whatever order they come.

    A count of more branches wins over one of fewer, as it saw more of the line. Where both
    name all they missed, only what both missed is missing. Where one doesn't, the two may
    have taken the same branches: then no more is claimed than the better of them covered,
    and `missing` holds the candidates.
    """
    if a == b:
        return a
    if a.total != b.total:
        return _named(a if a.total > b.total else b)
    a, b = _named(a), _named(b)
    covered = max(a.covered, b.covered)
    missing = a.missing or b.missing
    if a.missing and b.missing:
        missing = tuple(name for name in a.missing if name in b.missing)
        covered = max(covered, a.total - len(missing))
    return Branch(covered, a.total, missing if covered < a.total else ())


def _named(branch: Branch) -> Branch:
    """The branch with its missing targets once and in order, or with none if some lack a name.

    A condition's percentage names no target: two reports' 50% may be different halves.
    """
    names = sorted(set(branch.missing), key=lambda name: (len(name), name))
    complete = len(names) >= branch.total - branch.covered > 0
    if not complete or any("%" in name for name in names):
        names = []
    return branch._replace(missing=tuple(names))


def combine_functions(functions: Iterable[Function]) -> list[Function]:
    """Functions in the order of their lines, those of one name and first line as one.

    It is covered if any of them is, and reaches to the last end. One with aliases is the same as
    any other with aliases on its first line, whichever of its names a report has.
    """
    found: dict[tuple[int, str], Function] = {}
    for each in functions:
        key = each.start, "" if each.aliases else each.name
        known = found.get(key, each)
        aliases = each.aliases
        if known.aliases != aliases:
            aliases = tuple(sorted({*known.aliases, *aliases}, key=_short_first)[:MAX_ALIASES])
        found[key] = Function(
            aliases[0] if aliases else each.name,
            each.start,
            max(known.end, each.end),
            known.covered or each.covered,
            aliases,
        )
    return sorted(found.values(), key=lambda each: (each.start, each.name))


def _short_first(name: str) -> tuple[int, str]:
    return len(name), name
