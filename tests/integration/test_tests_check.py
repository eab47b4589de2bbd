"""The tests' check run beside that of coverage, and the comment of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from copy import deepcopy
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.state import Check
from suite_delivery import (
    NAME,
    SHA,
    TESTS,
    Delivered,
    analysis,
    executed,
    failure,
    running,
    suite,
)

from qe_action.events import Event, ExecutorError, TestFinished, without_outcomes
from qe_action.render.marker import read_marker

REQUESTS = 40
"""Of a suite of ten minutes with forty failures: both check runs and the comment."""
SPEED = 500
"""How much faster than real seconds a suite goes."""


def checks(github: FakeGitHub) -> dict[str, Check]:
    """The check runs by name; there is one of each."""
    found = {check.data["name"]: check for check in github.checks.values()}
    assert len(found) == len(github.checks)
    return found


def ended(check: Check) -> tuple[str, str]:
    return check.data["status"], check.data["conclusion"]


def lines(check: Check) -> list[tuple[str, int, str]]:
    return [(a["path"], a["start_line"], a["annotation_level"]) for a in check.annotations]


def comment(github: FakeGitHub) -> str:
    (one,) = github.comments.values()
    return one.body


async def ten_minutes(moments: list[float]) -> AsyncGenerator[Event, None]:
    """A suite of 600 seconds, some tests of which fail at given moments; an analysis follows."""
    told: list[tuple[float, Event]] = [(6.0 * n, running(n * 10, 1000)) for n in range(1, 101)]
    told += [(at, failure(number)) for number, at in enumerate(moments, 1)]
    clock = asyncio.get_running_loop().time
    began = clock()
    for at, event in sorted(told, key=lambda pair: pair[0]):
        await asyncio.sleep(began + at / SPEED - clock())
        yield event
    yield executed(1000 - len(moments), len(moments))
    for event in analysis(3):
        yield event


EVENLY, AT_ONCE = [15.0 * n for n in range(40)], [200 + n / 10 for n in range(40)]


@pytest.mark.parametrize(
    ("moments", "found"),
    [(EVENLY, False), (EVENLY, True), (AT_ONCE, False)],
    ids=["evenly", "evenly, later push", "at once"],
)
def test_ten_minutes_with_forty_failures_cost_few_requests(
    strict: FakeGitHub, moments: list[float], found: bool
) -> None:
    if found:
        Delivered(strict, [*suite(1), *analysis()], run=(41, 1)).go()
        for check in strict.checks.values():
            check.data["head_sha"] = "c" * 40
        strict.requests.clear()
    Delivered(strict, source=ten_minutes(moments), interval=1 / SPEED).go()
    assert len(strict.requests) <= REQUESTS
    tests = next(
        c for c in strict.checks.values() if (c.data["name"], c.data["head_sha"]) == (TESTS, SHA)
    )
    assert sorted(lines(tests)) == [("tests/test_a.py", n, "failure") for n in range(1, 41)]
    assert ended(tests) == ("completed", "failure")
    assert "40 of 1,000 tests failed" in comment(strict)


def test_a_failure_is_shown_on_its_line_while_the_suite_runs(strict: FakeGitHub) -> None:
    seen: list[Any] = []

    async def source() -> AsyncGenerator[Event, None]:
        yield running(1, 3)
        yield failure(12)
        while not (strict.checks and next(iter(strict.checks.values())).annotations):
            await asyncio.sleep(0.01)
        while not strict.comments:
            await asyncio.sleep(0.01)
        seen.extend([deepcopy(checks(strict)[TESTS].data), comment(strict), set(checks(strict))])
        yield running(3, 3, failed=1)
        yield executed(2, 1)
        for event in analysis():
            yield event

    Delivered(strict, source=source(), interval=0.01).go()
    data, words, names = seen
    assert data["status"] == "in_progress"
    assert data["output"]["title"].startswith("1 of 3 passed, 1 failed, ")
    assert "test_12" in words
    assert names == {TESTS}, "that of coverage begins with its stage"


def test_both_check_runs_end_with_their_own_verdict(strict: FakeGitHub) -> None:
    delivery = Delivered(strict, [*suite(3, 2), *analysis(2)]).go()
    both = checks(strict)
    assert ended(both[TESTS]) == ("completed", "failure")
    assert ended(both[NAME]) == ("completed", "success")
    assert lines(both[TESTS]) == [("tests/test_a.py", n, "failure") for n in (1, 2)]
    assert lines(both[NAME]) == [("a.py", n, "warning") for n in (1, 2)]
    assert "test_1" not in both[NAME].data["output"]["summary"]
    assert delivery.tests_check_url == both[TESTS].data["html_url"]
    assert delivery.check_url == both[NAME].data["html_url"]
    assert delivery.annotated == 4
    assert not delivery.problems
    assert "test_1" in comment(strict)
    assert "Patch 80%" in comment(strict) or "patch 80%" in comment(strict)


@pytest.mark.parametrize("attempt", [1, 2])
def test_without_a_report_there_is_no_check_run_of_coverage(
    strict: FakeGitHub, attempt: int
) -> None:
    """Nor does one of an earlier attempt stay in progress."""
    Delivered(strict, [*suite(1), *analysis()], run=(42, 1)).go()
    before = checks(strict)[NAME].data
    before.update(status="in_progress", conclusion=None, completed_at=None)
    if attempt == 1:
        strict.checks.clear()
    delivery = Delivered(strict, suite(2), run=(42, attempt)).go()
    names = [check.data["name"] for check in strict.checks.values()]
    assert names.count(NAME) == attempt - 1
    assert all(check.data["status"] == "completed" for check in strict.checks.values())
    assert delivery.check_url == ""
    assert "2 tests passed" in comment(strict)
    marker = read_marker(comment(strict))
    assert marker is not None
    assert marker.done


def test_one_check_run_can_have_both(strict: FakeGitHub) -> None:
    delivery = Delivered(strict, [*suite(3, 2), *analysis(2)], inputs={"checks": "one"}).go()
    (one,) = strict.checks.values()
    assert one.data["name"] == NAME
    assert ended(one) == ("completed", "failure")
    assert [path for path, _, _ in lines(one)] == ["tests/test_a.py"] * 2 + ["a.py"] * 2
    assert "test_1" in one.data["output"]["summary"]
    assert (delivery.tests_check_url, delivery.check_url) == ("", one.data["html_url"])


def test_one_check_run_ends_where_there_is_no_report(strict: FakeGitHub) -> None:
    Delivered(strict, suite(3, 2), inputs={"checks": "one"}).go()
    (one,) = strict.checks.values()
    assert ended(one) == ("completed", "failure")


@pytest.mark.parametrize("mode", ["two", "one"])
def test_a_suite_that_is_cut_off_leaves_nothing_in_progress(strict: FakeGitHub, mode: str) -> None:
    events: list[Event] = [
        running(1, 3),
        failure(1),
        ExecutorError(message="The run was cancelled."),
        executed(1, 1, conclusion="cancelled", passed=None, total=3, running=("t.py::test_x",)),
    ]
    Delivered(strict, events, inputs={"checks": mode}).go()
    (one,) = strict.checks.values()
    assert ended(one) == ("completed", "cancelled")
    assert len(one.annotations) == 1
    assert "test_x" in one.data["output"]["title"]


def test_a_suite_without_a_result_is_neutral(strict: FakeGitHub) -> None:
    events: list[Event] = [running(1, 3), ExecutorError(message="No."), without_outcomes("failed")]
    Delivered(strict, events).go()
    assert ended(checks(strict)[TESTS]) == ("completed", "neutral")


@pytest.mark.parametrize("mode", ["two", "one"])
def test_a_run_without_tests_has_its_one_check_run(strict: FakeGitHub, mode: str) -> None:
    """As a journal may have none: only the stream tells."""
    Delivered(strict, analysis(), suite="recorded", inputs={"checks": mode}).go()
    assert ended(checks(strict)[NAME]) == ("completed", "success")


def test_what_is_annotated_is_bounded_and_can_be_switched_off(strict: FakeGitHub) -> None:
    Delivered(strict, [*suite(0, 9), *analysis()], inputs={"max_annotations": "4"}).go()
    assert len(checks(strict)[TESTS].annotations) == 4
    strict.checks.clear()
    Delivered(strict, [*suite(0, 9), *analysis()], inputs={"annotations": "none"}, run=(43, 1)).go()
    assert checks(strict)[TESTS].annotations == []


def test_an_error_of_collection_stands_at_its_file(strict: FakeGitHub) -> None:
    broken = TestFinished(
        id="tests/test_b.py", outcome="error", phase="collect", file_path="tests/test_b.py"
    )
    nowhere = TestFinished(id="x", outcome="error", phase="setup", message="no line is known")
    events: list[Event] = [broken, nowhere, executed(0, 2)]
    Delivered(strict, events).go()
    assert lines(checks(strict)[TESTS]) == [("tests/test_b.py", 1, "failure")]


def test_a_second_start_of_the_same_run_annotates_nothing_twice(strict: FakeGitHub) -> None:
    """As after `kill -9`: the first has created the check run and sent some of it."""
    Delivered(strict, [*suite(3, 2), *analysis()]).go()
    for check in strict.checks.values():
        check.data.update(status="in_progress", conclusion=None, completed_at=None)
        del check.annotations[1:]
    Delivered(strict, [*suite(3, 2), *analysis()]).go()
    both = checks(strict)
    assert len(both[TESTS].annotations) == 2
    assert {ended(check) for check in both.values()} == {
        ("completed", "failure"),
        ("completed", "success"),
    }


def test_a_second_attempt_ends_what_the_first_left_open_of_both(strict: FakeGitHub) -> None:
    Delivered(strict, [*suite(3, 2), *analysis()]).go()
    for check in strict.checks.values():
        check.data.update(status="in_progress", conclusion=None, completed_at=None)
    Delivered(strict, [*suite(5), *analysis()], run=(42, 2)).go()
    ends = [(check.data["name"], check.data["conclusion"]) for check in strict.checks.values()]
    assert sorted(ends) == [
        (NAME, "cancelled"),
        (NAME, "success"),
        (TESTS, "cancelled"),
        (TESTS, "success"),
    ]


def test_check_runs_of_one_run_leave_each_other_alone(strict: FakeGitHub) -> None:
    """Also where another step's coverage has the name that the tests of this one have."""
    Delivered(strict, [*suite(1), *analysis()], inputs={"name": "unit tests"}).go()
    for check in strict.checks.values():
        check.data.update(status="in_progress", conclusion=None, completed_at=None)
    named = {"name": "unit coverage"}
    Delivered(strict, [*suite(1), *analysis()], inputs=named, run=(42, 1)).go()
    ends = {check.data["name"]: check.data["conclusion"] for check in strict.checks.values()}
    assert ends["unit tests tests"] is None
    assert ends["unit coverage"] == "success"
    assert sorted(c.data["status"] for c in strict.checks.values()) == [
        "completed",
        "completed",
        "in_progress",
        "in_progress",
    ]


def test_with_on_gap_a_failed_test_is_worth_a_comment(strict: FakeGitHub) -> None:
    Delivered(strict, [*suite(3), *analysis(0)], inputs={"comment": "on-gap"}).go()
    assert not strict.comments
    Delivered(strict, [*suite(3, 1), *analysis(0)], inputs={"comment": "on-gap"}, run=(43, 1)).go()
    assert "test_1" in comment(strict)


def test_an_older_run_leaves_the_words_of_a_newer_one_s_tests(strict: FakeGitHub) -> None:
    """It wrote over them without having seen them: then it takes them from the check runs."""
    Delivered(strict, [*suite(3, 2), *analysis(2)], run=(43, 1)).go()
    strict.comments.clear()
    delivery = Delivered(strict, [*suite(5), *analysis(1)], run=(42, 1)).go()
    assert "2 of 5 tests failed" in comment(strict)
    assert "80%" in comment(strict)
    assert any("newer run (43" in note for note in delivery.notes)


GROUP = {"comment_group": "all", "expect_parts": "2"}


@pytest.mark.parametrize("mode", ["two", "one"])
def test_a_part_of_a_group_is_one_part_with_its_tests(strict: FakeGitHub, mode: str) -> None:
    for name, failed in (("unit coverage", 1), ("slow", 0)):
        inputs = {**GROUP, "name": name, "checks": mode}
        Delivered(strict, [*suite(2, failed), *analysis()], inputs=inputs, job=name).go()
    words = comment(strict)
    assert "all: 1 of 2 parts failed" in words
    assert "expect-parts says" not in words
    assert words.count("<summary>unit coverage</summary>") == 1
    assert "test_1" in words
    assert "Patch 90%" in words or "patch 90%" in words


def test_a_part_without_a_report_is_a_part_all_the_same(strict: FakeGitHub) -> None:
    Delivered(strict, [*suite(2), *analysis()], inputs={**GROUP, "name": "unit"}, job="a").go()
    Delivered(strict, suite(2, 1), inputs={**GROUP, "name": "slow"}, job="b").go()
    assert "all: 1 of 2 parts failed" in comment(strict)
    assert "test_1" in comment(strict)


def test_a_part_that_runs_again_counts_once_it_has_both(strict: FakeGitHub) -> None:
    Delivered(strict, [*suite(2), *analysis()], inputs={**GROUP, "name": "unit"}, job="a").go()
    Delivered(strict, [*suite(2), *analysis()], inputs={**GROUP, "name": "slow"}, job="b").go()
    again = [*suite(2, 1), *analysis()]
    Delivered(strict, again, inputs={**GROUP, "name": "slow"}, job="b", run=(42, 2)).go()
    assert "all: 1 of 2 parts failed" in comment(strict)
