"""Changed lines of a Python source and the statements that they belong to."""

from __future__ import annotations

import sysconfig
import textwrap
import warnings
from pathlib import Path

import pytest
from coverage.parser import PythonParser

from qe_action.analysis.python_module import PythonModule, parse_module
from qe_action.analysis.source_match import strays
from qe_action.analysis.statements import changed_statements, find_extents


def module(source: str) -> PythonModule:
    parsed = parse_module("a.py", textwrap.dedent(source).encode())
    assert parsed is not None
    return parsed


def statements(source: PythonModule) -> set[int]:
    """The statements as coverage.py's report would list them."""
    parser = PythonParser(text="\n".join(source.lines))
    parser.parse_source()
    return parser.statements


CASES = {
    "a call over several lines": ("f(\n    1,\n    2,\n)\n", {3: {1}, 4: {1}}),
    "a string over several lines": ('x = """\na\n\nb"""\n', {2: {1}, 3: {1}}),
    "a docstring is no statement": ('def f():\n    """\n    a\n    """\n    g()\n', {3: set()}),
    "the head of an if": ("if (\n    a and\n    b\n):\n    c()\n", {3: {1}, 4: {1}, 5: set()}),
    "a comment after the head": ("if a:\n    # why\n    b()\n", {2: set()}),
    "a comment inside the head": ("if (\n    a  # why\n    # more\n):\n    b()\n", {3: {1}}),
    "an else": ("if a:\n    b()\nelse:\n    c()\n", {3: set()}),
    "a decorator's arguments": ("@d(\n    1\n)\ndef f():\n    pass\n", {2: {1}, 3: {1}}),
    "parameters": ("def f(\n    a,\n    b,\n):\n    return a\n", {2: {1}, 3: {1}, 4: {1}}),
    "two statements on a line": ("a = 1; b = (\n    2\n)\n", {2: {1}}),
    "a body on the head's line": ("if (a and\n        b): c(\n    1)\n", {3: {1}}),
    "a case": ("match x:\n    case (\n        1\n    ):\n        f()\n", {3: {2}, 4: {2}}),
    "an except": ("try:\n    f()\nexcept (\n    A,\n    B,\n):\n    g()\n", {4: {3}, 6: {3}}),
    "a backslash": ("a = 1 + \\\n    2\n", {2: {1}}),
}


@pytest.mark.parametrize(("source", "lines"), CASES.values(), ids=CASES)
def test_a_changed_line_belongs_to_its_statement(source: str, lines: dict[int, set[int]]) -> None:
    parsed = module(source)
    for line, expected in lines.items():
        found = changed_statements(find_extents(parsed), statements(parsed), frozenset([line]))
        assert found == {line} | expected


def test_the_report_says_what_is_a_statement() -> None:
    """A statement that the report excludes does not count, whatever our interpreter thinks."""
    parsed = module("f(\n    1,\n)\ng(\n    2,\n)\n")
    assert changed_statements(find_extents(parsed), {4}, frozenset([2, 5])) == {2, 4, 5}


def test_a_def_named_by_its_decorator_alone() -> None:
    """Some tools and versions list a decorated function by one line only."""
    parsed = module("@d\n@e(\n    1)\ndef f(\n    a):\n    return a\n")
    assert changed_statements(find_extents(parsed), {1, 6}, frozenset([5])) == {1, 5}
    assert changed_statements(find_extents(parsed), {4, 6}, frozenset([1, 3])) == {1, 3, 4}


def test_many_changed_lines_at_once() -> None:
    parsed = module("f(\n    1,\n)\n\ng(\n    2,\n)\nh()\n")
    assert changed_statements(find_extents(parsed), {1, 5, 8}, frozenset([2, 4, 6, 8])) == {
        1,
        2,
        4,
        5,
        6,
        8,
    }


def sample() -> list[Path]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = (
        "ast",
        "dataclasses",
        "enum",
        "functools",
        "inspect",
        "typing",
        "contextlib",
        "asyncio/tasks",
    )
    return [folder / f"{name}.py" for name in names]


@pytest.mark.parametrize("path", sample(), ids=lambda path: path.name)
def test_it_agrees_with_coverage(path: Path) -> None:
    """Every line of real sources belongs to the statement that coverage.py says."""
    parsed = parse_module(path.name, path.read_bytes())
    assert parsed is not None
    parser = PythonParser(text=path.read_text(encoding="utf-8"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser.parse_source()
    extents = find_extents(parsed)
    for line in range(1, len(parsed.lines), 7):
        named = {line} | ({parser.first_line(line)} & parser.statements)
        assert changed_statements(extents, parser.statements, frozenset([line])) == named
    assert strays(parsed, extents, sorted(parser.statements)) == []
    assert strays(parsed, extents, sorted(parser.raw_statements - parser.raw_docstrings)) == []
