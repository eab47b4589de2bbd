"""A file line by line, as the event that tells it has it."""

from __future__ import annotations

from collections.abc import Iterable

from qe_action.analysis.collect import count
from qe_action.events import FileLinesTold
from qe_action.reports.model import FileLines

TESTS = 200
"""How many tests of one file are named, those that ran most of it."""
TESTS_TEXT = 64 << 10
"""Characters that the names and lines of these tests take together, at most."""


def ranges(lines: Iterable[int]) -> str:
    """Ascending lines as ranges: `1-4 8 11-12`."""
    parts: list[str] = []
    first = last = -1
    for line in lines:
        if line == last + 1 and parts:
            last = line
            continue
        _end(parts, first, last)
        parts.append(str(line))
        first = last = line
    _end(parts, first, last)
    return " ".join(parts)


def _end(parts: list[str], first: int, last: int) -> None:
    """Say where the latest range ends."""
    if last > first:
        parts[-1] += f"-{last}"


def told(path: str, file: FileLines, *, in_diff: bool) -> FileLinesTold:
    """The event of a whole file that is counted under `path`."""
    lines = sorted(file.hits)
    partial = {
        line
        for line, branch in file.branches.items()
        if branch.covered < branch.total and file.hits.get(line)
    }
    tests, more = _tests(file)
    return FileLinesTold(
        path=path,
        counts=count(file).wire(),
        in_diff=in_diff,
        covered=ranges(line for line in lines if file.hits[line] and line not in partial),
        partial=ranges(sorted(partial)),
        missed=ranges(line for line in lines if not file.hits[line]),
        tests=tests,
        more_tests=more,
    )


def _tests(file: FileLines) -> tuple[dict[str, str], int]:
    """The lines of each test by its name, and how many tests are left out."""
    ran: dict[str, list[int]] = {}
    for line in sorted(file.contexts):
        for test in file.contexts[line]:
            ran.setdefault(test, []).append(line)
    kept: dict[str, str] = {}
    room = TESTS_TEXT
    for test in sorted(ran, key=lambda each: (-len(ran[each]), each))[:TESTS]:
        text = ranges(ran[test])
        room -= len(test) + len(text)
        if room < 0:
            break
        kept[test] = text
    return dict(sorted(kept.items())), len(ran) - len(kept)
