"""A suite that says the same again and again, or much of everything, costs little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from scripted_suite import finished

from qe_action.agents.executed_tests import ExecutedTests, TestsEvent
from qe_action.agents.execution_bounds import FAILURES, REMEMBERED, Budget
from qe_action.agents.failure_texts import Cleaning
from qe_action.agents.test_places import Places
from qe_action.execution.heard import BEGUN, Heard
from qe_action.execution.suite_port import Collected, Message, Session

ROOT = Path("/work")


def told(messages: Iterable[Message]) -> Iterator[TestsEvent]:
    tests = ExecutedTests(Places((str(ROOT),)), Cleaning())
    for message in (Session("s", ROOT, ROOT), *messages):
        yield from tests.take(message)


def test_a_failure_that_is_said_over_and_over_is_told_a_limited_number_of_times() -> None:
    failure = finished("test_a.py::test_a", "failed")
    assert len(list(told([failure] * (FAILURES + 5)))) == FAILURES
    fine = replace(failure, outcome="xpassed", traceback="t" * 100)
    events = list(told(replace(fine, id=f"{number}") for number in range(FAILURES + 5)))
    assert sum("t" * 100 in event.model_dump_json() for event in events) == FAILURES


def test_a_session_tells_once_what_it_has_collected() -> None:
    assert len(list(told([Collected("s", 1, {"a.py": 1})] * 3))) == 1


def test_long_names_cost_more() -> None:
    budget = Budget()
    kept = sum(budget.keeps("n" * 1000) for _ in range(REMEMBERED))
    assert REMEMBERED / 10 < kept < REMEMBERED / 5


def test_what_has_begun_and_does_not_end_is_bounded() -> None:
    heard = Heard()
    part = "x" * 8000
    size = 0
    while not heard.dropped:
        for number in range(900):
            assert list(heard.take(f"k{number}+{part}\n".encode())) == []
            size += len(part)
    assert size < 2 * BEGUN
    assert list(heard.take(b'other ["s","test"]\n')), "others are still heard"
