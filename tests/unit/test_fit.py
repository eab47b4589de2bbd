"""Whether a report's lines can be of a source."""

from __future__ import annotations

import ast
import sysconfig
import textwrap
from pathlib import Path
from types import CodeType

import pytest

from qe_action.analysis.python_module import PythonModule, parse_module
from qe_action.analysis.source_match import strange_entries, strays
from qe_action.analysis.statements import find_extents


def module(source: str) -> PythonModule:
    parsed = parse_module("a.py", textwrap.dedent(source).encode())
    assert parsed is not None
    return parsed


def stray(source: str, *lines: int) -> list[int]:
    parsed = module(source)
    return strays(parsed, find_extents(parsed), lines)


def test_lines_on_which_nothing_begins() -> None:
    assert stray("# a\nf(\n    1\n)\n\ng()\n", 2, 3, 6) == []
    assert stray("# a\nf(\n    1\n)\n\ng()\n", 1, 2, 4, 5, 7, 900) == [1, 4, 5, 7, 900]
    assert stray("if a:\n    b()\nelse:\n    c()\n", 1, 2, 3, 4) == [3]
    assert stray("f(\n    1,\n    # why\n\n    2,\n)\n", 1, 2, 3, 4, 5, 6) == [3, 4, 6]


def test_a_docstring_of_a_function_never_runs() -> None:
    source = 'def f():\n    """A\n    b"""\n    return 1\n\n\nclass A:\n    """C"""\n    x = 1\n'
    assert stray(source, 1, 2, 3, 4, 7, 8, 9) == [2, 3]
    assert stray('def f():\n    """A"""\n', 1, 2) == []
    assert stray('def f(): "A"; return 1\n', 1) == []


def test_a_source_without_statements() -> None:
    assert stray("", 1) == []
    assert stray("# a\n", 1) == []
    assert stray("# a\n", 1, 2) == [1, 2]


def test_entries_of_functions() -> None:
    source = "@d\ndef f(\n    a\n):\n    return [x\n        for x in a]\ng = lambda: 1\n"
    assert strange_entries(module(source), [1, 2, 5, 7]) == []
    assert strange_entries(module(source), [1, 3, 4, 6]) == [3, 4, 6]


def codes(code: CodeType) -> list[CodeType]:
    return [
        code,
        *(c for each in code.co_consts if isinstance(each, CodeType) for c in codes(each)),
    ]


@pytest.mark.parametrize("name", ["ast", "typing", "functools", "inspect", "dataclasses", "enum"])
def test_no_line_that_an_interpreter_runs_is_stray(name: str) -> None:
    path = Path(sysconfig.get_paths()["stdlib"]) / f"{name}.py"
    parsed = parse_module(path.name, path.read_bytes())
    assert parsed is not None
    found = codes(compile(ast.parse(path.read_bytes()), path.name, "exec"))
    lines = {line for each in found for _, _, line in each.co_lines() if line}
    assert strays(parsed, find_extents(parsed), sorted(lines)) == []
    assert strange_entries(parsed, [each.co_firstlineno for each in found]) == []
