"""How complex a function is, how much of it runs, and which lines deal with errors."""

from __future__ import annotations

import ast
import textwrap
from array import array

import pytest

from qe_action.analysis.collect import Detail
from qe_action.analysis.functions import (
    ErrorLines,
    FunctionFacts,
    complexity,
    function_facts,
    reported_facts,
)
from qe_action.analysis.python_module import PythonModule, parse_module
from qe_action.analysis.source import reported_regions
from qe_action.reports.model import Function

COMPLEXITY = {
    "pass": 1,
    "if a: b()": 2,
    "if a: b()\nelif c: d()\nelse: e()": 3,
    "x = 1 if a else 2": 2,
    "if a and b or c: d()": 4,
    "for a in b: c()\nelse: d()": 2,
    "while a: b()": 2,
    "try: a()\nexcept B: c()\nexcept D: e()\nfinally: f()": 3,
    "x = [a for a in b if a if c]": 4,
    "match a:\n  case 1: b()\n  case [c] if c: d()\n  case _: e()": 3,
    "match a:\n  case x if x: b()": 2,
    "with a: b()\nassert c": 1,
    "def inner():\n  if a: b()": 1,
    "x = lambda: a if b else c": 2,
}


def module(source: str) -> PythonModule:
    parsed = parse_module("a.py", textwrap.dedent(source).encode())
    assert parsed is not None
    return parsed


def detail(covered: dict[int, bool], functions: tuple[Function, ...] = ()) -> Detail:
    return Detail("a.py", array("I", covered), bytes(covered.values()), {}, functions)


@pytest.mark.parametrize(("body", "expected"), COMPLEXITY.items())
def test_complexity_counts_decisions(body: str, expected: int) -> None:
    function = ast.parse("def f():\n" + textwrap.indent(body, "  ")).body[0]
    assert complexity(function) == expected


SOURCE = """\
    def outer(a):
        if a:
            return 1

        def inner():
            return 2
        return inner()

    class Shop:
        limit = 3
        def buy(self):
            return self
    """


def test_a_functions_own_statements_are_counted() -> None:
    lines = {1: True, 2: True, 3: False, 5: True, 6: False, 7: True, 9: True, 10: True, 12: False}
    facts = function_facts(detail(lines), module(SOURCE), frozenset([6, 9]))
    assert list(facts.values()) == [
        FunctionFacts("outer", 2, 7, 4, 3, False, 2),
        FunctionFacts("outer.inner", 6, 6, 1, 0, True, 1),
        FunctionFacts("Shop.buy", 12, 12, 1, 0, False, 1),
    ]


def test_functions_of_other_languages_are_those_of_the_report() -> None:
    functions = (Function("main", 1, 4, True), Function("help", 6, 8, False))
    given = detail({1: True, 3: False, 7: False, 9: True}, functions)
    facts = reported_facts(given, reported_regions(functions), frozenset([3]))
    assert list(facts.values()) == [
        FunctionFacts("main", 1, 4, 2, 1, True),
        FunctionFacts("help", 6, 8, 1, 0),
    ]
    assert facts[next(iter(facts))].crap is None


@pytest.mark.parametrize(
    ("paths", "covered", "expected"), [(1, 0, 2.0), (5, 0, 30.0), (5, 4, 5.0), (10, 2, 22.5)]
)
def test_crap_is_savoias_and_evans_formula(paths: int, covered: int, expected: float) -> None:
    assert FunctionFacts("f", 1, 9, 4, covered, complexity=paths).crap == expected


def test_lines_that_deal_with_errors() -> None:
    errors = ErrorLines(
        module(
            """\
            try:
                a()
            except ValueError:
                b()
            if c:
                raise KeyError(
                    c)
            """
        )
    )
    assert [errors.handles((line,)) for line in range(1, 8)] == [
        *(False, False, True, True, False, False, False)
    ]
    assert [errors.raises((line,)) for line in range(1, 8)] == [
        *(False, False, False, False, False, True, True)
    ]
