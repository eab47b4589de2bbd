"""A source as coverage.py sees it: its statements and branches as goals, its long statements."""

from __future__ import annotations

from collections import defaultdict

from coverage.exceptions import NotPython
from coverage.parser import PythonParser

from qe_action.generators.port import Goals

EXCLUDED = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)|if (typing\.)?TYPE_CHECKING:"


def goals_of(source: str, filename: str = "<target>") -> Goals:
    """All lines and branches of a source, for a target without a report.

    Raises coverage.py's `NotPython` where it can't be parsed.
    """
    parser = _parsed(source, filename)
    leaving: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for start, end in parser.arcs():
        if start > 0:
            leaving[start].add((start, end))
    branches = {arc for arcs in leaving.values() if len(arcs) > 1 for arc in arcs}
    return Goals(frozenset(parser.statements), frozenset(branches), _first_lines(parser, source))


def first_lines(source: str) -> dict[int, int]:
    """The first line of the statement for each line of it that is a later one.

    Empty where the source can't be parsed by our Python.
    """
    try:
        return _first_lines(_parsed(source, "<target>"), source)
    except NotPython:
        return {}


def _parsed(source: str, filename: str) -> PythonParser:
    parser = PythonParser(text=source, filename=filename, exclude=EXCLUDED)
    parser.parse_source()
    return parser


def _first_lines(parser: PythonParser, source: str) -> dict[int, int]:
    first = {line: parser.first_line(line) for line in range(1, source.count("\n") + 2)}
    return {line: start for line, start in first.items() if line != start}
