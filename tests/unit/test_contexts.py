"""From recorded contexts to the tests that ran a statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.collect import detail
from qe_action.reports.contexts import MAX_NAME, MAX_TESTS, ContextReader, named_test, unite
from qe_action.reports.model import FileLines


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("tests/test_a.py::test_x|run", "tests/test_a.py::test_x"),
        ("tests/test_a.py::test_x|setup", "tests/test_a.py::test_x"),
        ("tests/test_a.py::test_x|teardown", "tests/test_a.py::test_x"),
        ("tests/test_a.py::test_x[a|b]|run", "tests/test_a.py::test_x[a|b]"),
        ("unit|tests/test_a.py::TestA::test_x|run", "tests/test_a.py::TestA::test_x"),
        ("tests.test_a.TestA.test_x", "tests.test_a.TestA.test_x"),
        ("unit|tests.test_a.test_x", "tests.test_a.test_x"),
        ("case.runTest", "case.runTest"),
        ("", None),
        ("|run", None),
        ("unit", None),
        ("py3.11", None),
        ("a::\ud800|run", "a::?"),
        ("a::" + "x" * 400, "a::" + "x" * (MAX_NAME - 4) + "…"),
    ],
)
def test_a_context_names_a_test_or_none(context: str, name: str | None) -> None:
    assert named_test(context) == name


def test_a_continuation_line_s_tests_are_its_statement_s() -> None:
    recorded = {1: ["a::x|run"], 2: ["a::y|run"], 5: ["", "a::x|setup", "a::x|run"]}
    assert ContextReader().read(recorded, [1, 5]) == {1: ("a::x", "a::y"), 5: ("a::x",)}


def test_what_ran_in_excluded_code_counts_for_no_statement() -> None:
    recorded = {3: ["a::x|run"], 4: ["a::x|run"], 9: ["a::x|run"]}
    assert ContextReader().read(recorded, [1, 8], excluded=[3]) == {8: ("a::x",)}
    assert ContextReader().read({1: ["a::x"]}, [2]) == {}


def test_the_tests_of_a_line_are_limited() -> None:
    many = [f"a::{n:05}" for n in range(MAX_TESTS + 5)]
    (tests,) = ContextReader().read({1: many}, [1]).values()
    assert tests == tuple(many[:MAX_TESTS])
    assert unite(tests, ("a", "b")) == ("a", "a::00000", *many[1 : MAX_TESTS - 1])


_tests = st.lists(st.sampled_from("abcdef"), unique=True).map(lambda names: tuple(sorted(names)))


@given(_tests, _tests, _tests)
def test_uniting_is_commutative_associative_and_idempotent(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...]
) -> None:
    assert unite(a, b) == unite(b, a)
    assert unite(unite(a, b), c) == unite(a, unite(b, c))
    assert unite(a, a) == a
    assert set(unite(a, b)) == {*a, *b}


def test_a_detail_names_the_tests_of_some_of_its_lines_and_keeps_equal_sets_once() -> None:
    sets = [tuple(sorted(names)) for names in (["t1", "t2"], ["t2", "t1"])]
    kept = detail(FileLines("a", {1: 1, 2: 1, 3: 0}, contexts={1: sets[0], 2: sets[1]}), "a")
    assert kept.tests([2, 3]) == ("t1", "t2")
    assert kept.tests([3]) == ()
    assert kept.contexts[1] is kept.contexts[2]
