"""Which conditions can hold at once."""

from __future__ import annotations

import ast

import pytest

from qe_action.analysis.advice.conditions import fails, holds
from qe_action.analysis.advice.satisfiability import can_hold
from qe_action.analysis.advice.test_facts import condition, filled
from qe_action.analysis.python_module import PythonModule, parse_module


def read(text: str) -> tuple[PythonModule, ast.expr]:
    module = parse_module("a.py", f"({text})\n".encode())
    assert module is not None
    statement = module.tree.body[0]
    assert isinstance(statement, ast.Expr)
    return module, statement.value


def together(*tests: str) -> bool:
    """Whether tests can be true at once; of one after `in` that there is an item."""
    found = []
    for text in tests:
        module, test = read(text.removeprefix("in "))
        looped = text.startswith("in ")
        condition_of = filled if looped else condition
        found.append(condition_of(module, test, wanted=True))
    return can_hold(found)


IMPOSSIBLE = [
    ("text", "not text"),
    ("in text", "not text"),
    ("in text.items()", "not text"),
    ("in enumerate(text)", "len(text) == 0"),
    ("in text", "text is None"),
    ("x is None", "x"),
    ("x is None", "x.y == 1", "x"),
    ("x is None", "x > 3"),
    ("x == 1", "x == 2"),
    ("x > 3", "x < 2"),
    ("2 < x < 5", "x >= 5"),
    ("not (x < 3 or x > 5)", "x == 9"),
    ("x == 'a'", "x in ('b', 'c')"),
    ("x in 'abc'", "x == 'd'"),
    ("len(x) > 3", "len(x) < 3"),
    ("len(x) == 2", "not x"),
    ("len(x)", "not x"),
    ("isinstance(x, str)", "x is None"),
    ("isinstance(x, str)", "isinstance(x, (list, tuple))"),
    ("isinstance(x, str)", "not isinstance(x, str | bytes)"),
    ("isinstance(x, Own)", "not isinstance(x, (Own, str))"),
    ("not (a and b)", "a", "b"),
    ("a or b", "not a", "not b"),
    ("kind is Kind.ONE", "kind is Kind.TWO"),
    ("a == b", "a != b"),
    ("a < b", "not a < b"),
    ("(m := find(x))", "m is None"),
    ("x", "0"),
    ("()",),
]
POSSIBLE = [
    ("text", "other"),
    ("text", "text != 'a'", "len(text) > 900"),
    ("in text", "text"),
    ("x is not None", "not x"),
    ("x > 3", "x < 4"),
    ("x > 10**9",),
    ("x > 3", "x != 4", "x < 5"),
    ("isinstance(x, str)", "x", "x != 'a'"),
    ("isinstance(x, int)", "isinstance(x, bool)"),
    ("isinstance(x, Mapping)", "isinstance(x, dict)"),
    ("isinstance(x, Mapping)", "not isinstance(x, dict)", "not x"),
    ("not isinstance(x, str)", "not isinstance(x, Own)", "x"),
    ("isinstance(x, dict)", "not isinstance(x, Sized)"),
    ("kind is Kind.ONE", "kind", "kind is not Kind.TWO"),
    ("a or b", "not a"),
    ("not (a and b)", "a"),
    ("x == 1", "y == 2"),
    ("x in known", "x in others"),
    ("a <= b", "a != b"),
    ("x in 'abc'", "x"),
    ("x", "1"),
    ("x < Limit.MAX", "x > 0", "x"),
    ("x in Names.ALL", "x == 'a'"),
    ("x in (Kind.ONE, Kind.TWO)", "x is not Kind.ONE"),
    ("x == 'a' * 3", "x"),
    ("x is True", "x == 1"),
    (f"x > {10**40}", "x < 3", "y"),
]


@pytest.mark.parametrize("tests", IMPOSSIBLE, ids=", ".join)
def test_what_can_not_hold(tests: tuple[str, ...]) -> None:
    assert not together(*tests)


@pytest.mark.parametrize("tests", POSSIBLE, ids=", ".join)
def test_what_can_hold(tests: tuple[str, ...]) -> None:
    assert together(*tests)


def test_a_test_that_is_taken_apart_asks_for_the_same() -> None:
    module, test = read("a and (not b or c == 1)")
    whole = [*holds(module, test), *fails(module, test)]
    assert not can_hold([clause.condition for clause in whole])


def test_what_is_too_much_to_weigh_can_hold() -> None:
    many = " or ".join(f"(a{n} and b{n})" for n in range(40))
    assert together(many, *(f"not a{n}" for n in range(40)))
    assert together(*(f"a{n} or b{n}" for n in range(20)))
