"""The names of tests, the ends of tracebacks, and what a run of tests comes to."""

from __future__ import annotations

import pytest
from executed_runs import COLLECTED, PASSED, RESULT, RUNS, STOCK, TOTAL, failure, progress
from hypothesis import given
from hypothesis import strategies as st
from test_golden import GATE, state
from test_golden import RESULT as ANALYSED

from qe_action.app import exit_code
from qe_action.events import AnalysisComplete, Event, ExecutionComplete, TestCounts
from qe_action.render.executed import conclusion, failures_line, running_title, title
from qe_action.render.executed_words import ending, first_line, short_name, uncoloured
from qe_action.render.verdict import conclude, mark

NAMES = {
    "tests/test_a.py::test_x": "test_x",
    "tests/test_a.py::TestX::test_y[a::b]": "TestX::test_y[a::b]",
    "test_a.py::test_x": "test_x",
    "tests/test_a.py": "tests/test_a.py",
    "com.example.ShopTest::buys": "ShopTest::buys",
    "Shop buys nothing": "Shop buys nothing",
    "A shop. It::buys nothing": "A shop. It::buys nothing",
    "": "a test",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_short_name_has_neither_file_nor_package(name: str) -> None:
    assert short_name(name) == NAMES[name]


def test_the_end_of_a_text_is_whole_lines_within_bounds() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    assert ending(text, 2, 1000) == "…\nline 98\nline 99"
    assert ending(text, 50, 15) == "…\nline 98\nline 99"
    assert ending(f"{'x' * 50}the end", 9, 7) == "…the end"
    assert ending("\x1b[1;31mred\x1b[0m\n\n", 9, 99) == "red"


@given(st.text(max_size=80), st.integers(1, 9), st.integers(1, 50))
def test_an_end_is_never_longer_than_asked_for(text: str, lines: int, characters: int) -> None:
    found = ending(text, lines, characters)
    assert len(found.split("\n")) <= lines + 1
    assert len(found) <= characters + 2


def test_a_message_s_first_line_is_one_that_says_something() -> None:
    assert first_line("\n \x1b[31m  assert  1 == 2\n more", 99) == "assert 1 == 2"
    assert uncoloured("\x1b]0;title\x07a\x1b[2Kb") == "ab"


def left(seconds: float) -> str:
    return running_title(state([COLLECTED, progress(5, 0, seconds)]).tests).rpartition(", ")[2]


def test_what_is_left_is_told_no_better_than_it_is_known() -> None:
    assert left(3.2) == "a few seconds left"
    assert left(43.7) == "about 40 s left"
    assert left(170) == "about 3 min left"


def test_a_running_title_needs_nothing() -> None:
    assert running_title(state([]).tests) == "Starting the tests"
    assert running_title(state([COLLECTED]).tests) == "1,083 tests to run"
    events: list[Event] = [progress(412, 0, None).model_copy(update={"total": None})]
    assert running_title(state(events).tests) == "412 passed"
    assert running_title(state([COLLECTED, *events]).tests) == "412 of 1,083 passed"


def result(**changed: object) -> ExecutionComplete:
    clean = {"flaky": (), "counts": TestCounts(passed=1083)}
    return ExecutionComplete.model_validate({**PASSED.model_dump(), **clean, **changed})


def of(**changed: object) -> tuple[str, str]:
    tests = state([result(**changed)]).tests
    return conclusion(tests), title(tests)


def test_a_file_that_could_not_be_collected_is_no_test() -> None:
    broken = failure("test_x", 5).model_copy(
        update={"id": "test_a.py", "outcome": "error", "phase": "collect"}
    )
    ended = {"passed": False, "exit_code": 2, "total": None}
    alone = result(counts=TestCounts(error=1), **ended)
    assert title(state([broken, alone]).tests) == "1 file could not be collected"
    more = result(counts=TestCounts(error=1, passed=2), **ended)
    title_of_both = "1 file could not be collected; 2 tests passed"
    assert title(state([broken, more]).tests) == title_of_both


def test_how_a_suite_ended_is_its_title() -> None:
    counts = TestCounts(passed=3)
    alone = {"counts": counts, "total": 3}
    assert of(**alone) == ("success", "3 tests passed")
    assert (
        of(**alone, passed=False, exit_code=2)[1] == "The command ended with code 2; 3 tests passed"
    )
    assert of(**alone, passed=False, exit_code=137) == (
        "failure",
        "The command was ended by SIGKILL; 3 tests passed",
    )
    killed = {"counts": counts, "total": 4, "passed": False, "exit_code": 137}
    assert of(**killed, conclusion="failed", running=("test_a.py::test_b",))[1] == (
        "The command was ended by SIGKILL; 3 of 4 tests passed; test_b was running"
    )
    assert of(counts=TestCounts(), total=0, passed=False, exit_code=5)[1] == (
        "The command ended with code 5; no test was heard of"
    )
    assert of(counts=TestCounts(), total=0)[1] == "No test was run"
    assert of(counts=TestCounts(), total=None)[1] == "The command passed, and no test was heard of"
    flaky = TestCounts(passed=2, failed=1)
    assert of(counts=flaky, total=3, flaky=("a::b",)) == ("success", "2 tests passed, 1 flaky")
    assert of(counts=flaky, total=3, passed=False, exit_code=1, flaky=("a::b",)) == (
        "failure",
        "1 of 3 tests was flaky",
    )
    stopped = TestCounts(passed=1, failed=1)
    assert of(counts=stopped, total=9, passed=False, exit_code=1)[1] == (
        "1 of 9 tests failed, 7 not run"
    )
    assert of(**alone, passed=None) == ("neutral", "3 tests passed")


def test_a_command_that_could_not_be_run_is_no_pass_of_a_required_check() -> None:
    unread = {"counts": TestCounts(), "conclusion": "failed", "passed": None}
    assert of(**unread, command="pytest -q")[0] == "failure"
    assert of(**unread, command="")[0] == "neutral"


def test_a_line_names_the_first_failures_and_counts_the_others() -> None:
    failures = [failure(f"test_{number}", number + 4) for number in range(7)]
    counts = TestCounts(passed=1, failed=7)
    tests = state([*failures, result(counts=counts, total=8, passed=False)]).tests
    assert failures_line(tests) == (
        "7 of 8 tests failed: test_0, test_1, test_2, test_3, test_4, 2 more"
    )


def test_a_failure_is_new_or_known_also_where_only_the_end_tells() -> None:
    first, second, third = (failure(f"test_{n}", n + 4, history="") for n in range(3))
    last = result(passed=False, known=(first.id,), new=(second.id,))
    tests = state([first, second, third, last]).tests
    assert [event.history for event in tests.failures] == ["known", "new", ""]


GREEN = [COLLECTED, result()]
CANCELLED = RUNS["cancelled"]
NO_REPORT = AnalysisComplete.model_validate(
    {**ANALYSED.model_dump(), "conclusion": "failed", "totals": None}
)
GATED = ANALYSED.model_copy(update={"gates": (GATE,)})
CODES: dict[str, tuple[list[Event], int]] = {
    "tests alone": (GREEN, 0),
    "failed tests alone": (RUNS["failed"], 1),
    "a hung test": (RUNS["hung"], 1),
    "no command": (RUNS["no_command"], 2),
    "cancelled tests": (CANCELLED, 130),
    "tests that still run": (RUNS["running"], 2),
    "tests and coverage": ([*GREEN, ANALYSED], 0),
    "failed tests and coverage": ([*RUNS["failed"], ANALYSED], 1),
    "failed tests and no report": ([*RUNS["failed"], NO_REPORT], 1),
    "tests and no report": ([*GREEN, NO_REPORT], 2),
    "tests and a failed gate": ([*GREEN, GATED], 1),
    "coverage": ([ANALYSED], 0),
    "nothing": ([], 2),
}


@pytest.mark.parametrize("name", CODES)
def test_the_exit_code_of_a_run_with_tests(name: str) -> None:
    events, code = CODES[name]
    assert exit_code(state(events), fail_on_gate=True) == code


def test_failed_tests_fail_also_where_gates_may_not() -> None:
    assert exit_code(state(RUNS["failed"]), fail_on_gate=False) == 1
    assert exit_code(state([*GREEN, GATED]), fail_on_gate=False) == 0


def test_tests_that_passed_are_praised_without_a_gate() -> None:
    assert mark(state([ANALYSED])) == "ungated"
    assert mark(state([*GREEN, ANALYSED])) == "success"
    assert mark(state([TOTAL, STOCK, RESULT, ANALYSED])) == "failure"
    assert conclude(state([*CANCELLED, ANALYSED])).conclusion == "cancelled"
