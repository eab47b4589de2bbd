"""Mutants: which there are, and that each is a small change of one statement."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.verify.mutants import KINDS, Mutant, mutants


def made(source: str, *lines: int) -> dict[str, str]:
    """The changed lines of each mutant, by its id."""
    text = dedent(source).lstrip("\n")
    found = mutants(text.encode(), frozenset(lines))
    return {mutant.id: changed(text, mutant) for mutant in found}


def changed(text: str, mutant: Mutant) -> str:
    after = mutant.applied(text.encode()).decode().splitlines()
    return " ".join(line.strip() for line in after if line not in text.splitlines())


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x = y", {"2:deleted:0": "pass"}),
        ("x += 1", {"2:deleted:0": "pass", "2:constant:0": "x += (2)"}),
        ("call(x)", {"2:deleted:0": "pass"}),
        ("raise ValueError", {"2:deleted:0": "pass"}),
        ("return x", {"2:none:0": "return None"}),
        ("return None", {}),
        ("return", {}),
        ("'a docstring'", {}),
        ("x: int = y", {"2:deleted:0": "pass"}),
        ("x: int", {}),
        ("return not x", {"2:none:0": "return None", "2:boolean:0": "return (x)"}),
        ("return x is y", {"2:none:0": "return None", "2:comparison:0": "return (x is not y)"}),
        ("return x % y", {"2:none:0": "return None", "2:arithmetic:0": "return (x * y)"}),
        ("return f'{x + 1}'", {"2:none:0": "return None"}),
        ("return '%s' % x", {"2:none:0": "return None", "2:constant:0": "return '%sx' % x"}),
        ("return True", {"2:none:0": "return None", "2:constant:0": "return False"}),
        (
            "return a if b else c",
            {"2:none:0": "return None", "2:negated:0": "return a if (not (b)) else c"},
        ),
        (
            "return [a for a in b if a]",
            {"2:none:0": "return None", "2:negated:0": "return [a for a in b if (not (a))]"},
        ),
    ],
)
def test_the_mutants_of_a_statement(statement: str, expected: dict[str, str]) -> None:
    assert made(f"def f(x, y):\n    {statement}\n", 2) == expected


def test_conditions_loops_and_what_they_enclose() -> None:
    found = made(
        """
        def f(x):
            if x > 1 and x:
                for y in x:
                    print(y)
            while x:
                break
        """,
        *range(2, 7),
    )
    assert found == {
        "3:deleted:0": "for y in ():",
        "4:deleted:0": "pass",
        "6:deleted:0": "pass",
        "2:negated:0": "if (not (x > 1 and x)):",
        "5:negated:0": "while (not (x)):",
        "2:comparison:0": "if (x >= 1) and x:",
        "2:boolean:0": "if (x > 1 or x):",
        "2:constant:0": "if x > (2) and x:",
    }


def test_the_first_of_every_kind_comes_before_a_second() -> None:
    ids = list(made("def f(a, b):\n    return a + b + 1 + 2\n", 2))
    assert ids == [
        "2:none:0",
        "2:arithmetic:0",
        "2:constant:0",
        "2:arithmetic:1",
        "2:constant:1",
        "2:arithmetic:2",
    ]


def test_patterns_are_left_alone() -> None:
    source = "def f(x):\n    match x:\n        case -1 | 'a' if x:\n            return 2\n"
    assert made(source, 2, 3, 4).keys() == {"4:none:0", "4:constant:0"}


def test_lines_that_were_not_asked_for_have_none() -> None:
    assert made("x = 1\ny = 2\n", 2).keys() == {"2:deleted:0", "2:constant:0"}
    assert made("x = 1\n") == {}


def test_a_statement_of_several_lines_and_other_letters_is_cut_in_the_right_place() -> None:
    source = 'def f(x):\n    ä = "äöü"; y = (x\n        + 1)\n    return y\n'
    (deleted, *_) = mutants(source.encode(), frozenset({2}))
    assert deleted.applied(source.encode()).decode().splitlines()[1] == "    pass; y = (x"


def test_source_that_is_no_python_has_none() -> None:
    assert mutants(b"def f(:\n", frozenset({1})) == ()


OPERATORS = ("+", "-", "*", "/", "%", "**", "&", "<<", "and", "or", "==", "<", "is", "in")
NAMES = st.sampled_from(["a", "b", "c"])
CONSTANTS = st.one_of(st.integers(-5, 5), st.booleans(), st.text("aé\n'", max_size=3), st.none())
EXPRESSIONS = st.recursive(
    NAMES | CONSTANTS.map(repr),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                [
                    "+",
                    "-",
                    "*",
                    "/",
                    "//",
                    "%",
                    "**",
                    "&",
                    "|",
                    "<<",
                    "and",
                    "or",
                    "==",
                    "<",
                    "is",
                    "in",
                ]
            ),
            inner,
        )
        .map(" ".join)
        .map("({})".format),
        inner.map("(not {})".format),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map("f({})".format),
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from(["x = {}", "return {}", "if {}: pass", "{}"]),
                          EXPRESSIONS), min_size=1, max_size=5))  # fmt: skip
def test_each_mutant_parses_differs_and_leaves_all_other_lines(
    parts: list[tuple[str, str]],
) -> None:
    lines = [form.format(expression) for form, expression in parts]
    source = "def g(a, b, c, f):\n" + "".join(f"    {line}\n" for line in lines)
    wanted = frozenset(range(2, len(lines) + 2))
    found = mutants(source.encode(), wanted)
    assert len({mutant.id for mutant in found}) == len(found)
    for mutant in found:
        after = mutant.applied(source.encode()).decode()
        ast.parse(after)
        assert mutant.parses(source.encode())
        assert after != source
        before_lines, after_lines = source.split("\n"), after.split("\n")
        assert before_lines[: mutant.line - 1] == after_lines[: mutant.line - 1]
        assert before_lines[mutant.line :] == after_lines[mutant.line :]
        assert mutant.kind in KINDS
        assert mutant.line in wanted
