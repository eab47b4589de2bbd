"""Which reported statement a line of a Python source belongs to.

A report names a statement by one line, mostly its first. A change of any other line of it, of
a decorator or inside a string of several lines changes the statement all the same.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from qe_action.analysis.python_module import (
    DEFINITIONS,
    Clause,
    PythonModule,
    first_line,
    statements_of,
)


class Extent(NamedTuple):
    """A logical line (one statement, or the head of a compound one), lines inclusive.

    `stands_for` are the other lines that a report may name it by: for a decorator and the
    `def` below it, each other.
    """

    first: int
    last: int
    stands_for: tuple[int, ...] = ()


def changed_statements(
    extents: Iterable[Extent], reported: Container[int], changed: frozenset[int]
) -> frozenset[int]:
    """The `changed` lines and the `reported` lines of the statements they continue.

    As coverage.py maps lines to statements, but the reported lines decide what is one: a
    statement that the report names by no line of its own does not count.
    """
    continued = sorted(line for line in changed if line not in reported)
    if not continued:
        return changed
    found = set(changed)
    waiting = iter(continued)
    line = next(waiting, None)
    for extent in extents:
        while line is not None and line < extent.first:
            line = next(waiting, None)
        if line is None:
            break
        if line <= extent.last and (named := _named(extent, reported)):
            found.add(named)
    return frozenset(found)


def find_extents(module: PythonModule) -> list[Extent]:
    """All logical lines that hold statements, in order and without overlap."""
    merged: list[Extent] = []
    for extent in sorted(_extents(module)):
        if merged and extent.first <= merged[-1].last:
            # Two statements on one line (`a = 1; b = 2`, `if a: b`) are one logical line.
            before = merged[-1]
            last = max(before.last, extent.last)
            merged[-1] = before._replace(last=last)
        else:
            merged.append(extent)
    return merged


def _named(extent: Extent, reported: Container[int]) -> int | None:
    """The line by which the report names the statement."""
    lines = (*range(extent.first, extent.last + 1), *extent.stands_for)
    return next((line for line in lines if line in reported), None)


def _extents(module: PythonModule) -> Iterator[Extent]:
    stack: list[ast.Module | Clause] = [module.tree]
    while stack:
        node = stack.pop()
        for child in statements_of(node):
            stack.append(child)
            yield from _of(child, module.lines)


def _of(node: Clause, lines: tuple[str, ...]) -> Iterator[Extent]:
    start = _start(node, lines)
    body: list[Clause] = getattr(node, "body", None) or getattr(node, "cases", [])
    if not body:
        yield Extent(start, getattr(node, "end_lineno", None) or start)
        return
    names: tuple[int, ...] = ()
    if isinstance(node, DEFINITIONS) and node.decorator_list:
        names = (start, *(each.lineno for each in node.decorator_list))
        for each in node.decorator_list:
            yield Extent(each.lineno, each.end_lineno or each.lineno, names)
    yield Extent(start, _head_end(start, body[0], lines), names)


def _start(node: Clause, lines: tuple[str, ...]) -> int:
    """The line of the statement's first word."""
    if not isinstance(node, ast.match_case):
        return node.lineno
    # A case has no place of its own, and its pattern may stand below, in parentheses.
    line = node.pattern.lineno
    while line > 1 and not lines[line - 1].lstrip().startswith("case"):
        line -= 1
    return line


def _head_end(start: int, following: Clause, lines: tuple[str, ...]) -> int:
    """The last line of a compound statement's head: the one before its body that says anything."""
    end = _start(following, lines)
    if isinstance(following, ast.stmt):
        end = first_line(following)
        if end <= start or lines[end - 1][: following.col_offset].strip():
            return max(start, end)  # they share a line
    return next(
        (n for n in range(end - 1, start, -1) if lines[n - 1].split("#", 1)[0].strip()), start
    )
