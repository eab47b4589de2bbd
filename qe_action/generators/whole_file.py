"""Every statement and branch of a file as goals, for a target without a report."""

from __future__ import annotations

from collections import defaultdict

from coverage.parser import PythonParser

from qe_action.generators.port import Goals

EXCLUDED = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)|if (typing\.)?TYPE_CHECKING:"


def goals_of(source: str, filename: str = "<target>") -> Goals:
    """All lines and branches of a source that can be parsed."""
    parser = PythonParser(text=source, filename=filename, exclude=EXCLUDED)
    parser.parse_source()
    leaving: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for start, end in parser.arcs():
        if start > 0:
            leaving[start].add((start, end))
    branches = {arc for arcs in leaving.values() if len(arcs) > 1 for arc in arcs}
    size = source.count("\n") + 1
    first = {line: parser.first_line(line) for line in range(1, size + 1)}
    return Goals(
        lines=frozenset(parser.statements),
        arcs=frozenset(branches),
        first_line={line: start for line, start in first.items() if line != start},
    )
