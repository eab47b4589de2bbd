"""One file's lines from several places: a line is covered if any place covers it."""

from __future__ import annotations

from collections.abc import Iterable

from qe_action.reports.contexts import unite
from qe_action.reports.model import Branch, FileLines, Function


def absorb(into: FileLines, other: FileLines) -> None:
    """Add `other` to `into`, in place and in time linear in `other` alone.

    Union of the lines with the highest hits and of the tests that ran them, branches by
    `combine_branches`. What is new is appended; `settled` brings it into order once all is there.
    """
    hits = into.hits
    for number, count in other.hits.items():
        if hits.setdefault(number, count) < count:
            hits[number] = count
    for number, branch in other.branches.items():
        known = into.branches.get(number)
        into.branches[number] = branch if known is None else combine_branches(known, branch)
    into.functions.extend(other.functions)
    for number, tests in other.contexts.items():
        into.contexts[number] = unite(into.contexts.get(number, ()), tests)


def settled(lines: FileLines) -> FileLines:
    """The same file in the order of its lines, each function once."""
    return FileLines(
        lines.path,
        dict(sorted(lines.hits.items())),
        dict(sorted(lines.branches.items())),
        combine_functions(lines.functions),
        dict(sorted(lines.contexts.items())),
    )


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

    It is covered if any of them is, and reaches to the last end.
    """
    found: dict[tuple[int, str], Function] = {}
    for each in functions:
        known = found.get((each.start, each.name), each)
        found[each.start, each.name] = Function(
            each.name, each.start, max(known.end, each.end), known.covered or each.covered
        )
    return [function for _, function in sorted(found.items())]
