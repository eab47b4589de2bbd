"""Which gaps the tests that were asked for go to, what is said of the rest, and red suites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from generation import generate, project
from test_generation_gaps import gap

PAGE = """
def one(a):
    if a < 0:
        return "low"
    return "high"


def two(a):
    return a + 1
"""
TESTS = """
from first import one, two
import second


def test_one_low():
    assert one(-1) == "low"


def test_one_high():
    assert one(1) == "high"


def test_two():
    assert two(1) == 2
"""
OF_SECOND = """
import first
from second import one, two


def test_second_one_low():
    assert one(-3) == "low"


def test_second_one_high():
    assert one(3) == "high"


def test_second_two():
    assert two(3) == 4
"""


def pages(root: Path, more: dict[str, str] | None = None) -> None:
    project(root, {"first.py": PAGE, "second.py": PAGE, **(more or {})})


def made(root: Path, gaps: list[Any], **more: Any) -> Any:
    return generate({"repo": root, "gaps": gaps, "tests": (TESTS, OF_SECOND), **more})


def test_changed_lines_of_every_file_come_before_other_lines_of_the_first(tmp_path: Path) -> None:
    pages(tmp_path)
    gaps = [gap("first.py", 3, 3), gap("second.py", 3, 3), gap("first.py", 8, 8, in_diff=False)]
    outcome = made(tmp_path, gaps, target_count=2)
    assert set(outcome.accepted) == {"test_one_low", "test_second_one_low"}
    (note,) = (note for note in outcome.result.notes if "tried" in note)
    assert note == (
        "No tests were tried for the other gaps of first.py: the limit of 2 tests was reached."
    )


@pytest.mark.slow
def test_other_lines_get_what_changed_ones_leave(tmp_path: Path) -> None:
    pages(tmp_path)
    gaps = [gap("first.py", 3, 3), gap("second.py", 3, 3), gap("first.py", 8, 8, in_diff=False)]
    outcome = made(tmp_path, gaps, target_count=5)
    assert set(outcome.accepted) == {"test_one_low", "test_second_one_low", "test_two"}
    assert not any("tried" in note for note in outcome.result.notes)
    # The file is a target twice, and counts once.
    before, after = outcome.result.coverage_before, outcome.result.coverage_estimate
    assert before is not None
    assert before < after < 100


@pytest.mark.slow
def test_what_the_limit_cuts_is_not_called_superseded(tmp_path: Path) -> None:
    pages(tmp_path)
    outcome = made(tmp_path, [gap("first.py", 3, 8)], target_count=1)
    assert len(outcome.accepted) == 1
    cut = [name for name, reason in outcome.refused.items() if reason == "limit"]
    assert len(cut) == 2
    assert "superseded" not in outcome.refused.values()
    assert {outcome.why(name) for name in cut} == {"no more than 1 test was asked for"}


@pytest.mark.slow
def test_of_too_many_tests_the_one_for_the_worst_gap_stays(tmp_path: Path) -> None:
    pages(tmp_path)
    gaps = [gap("first.py", 8, 8), gap("first.py", 3, 4)]
    assert made(tmp_path, gaps, target_count=1).accepted == ["test_two"]


def test_a_test_without_room_is_taken_where_another_file_leaves_some(tmp_path: Path) -> None:
    pages(tmp_path)
    gaps = [gap("first.py", 3, 8), gap("second.py", 99, 99)]
    outcome = made(tmp_path, gaps, target_count=3)
    assert set(outcome.accepted) == {"test_one_low", "test_one_high", "test_two"}
    assert "limit" not in outcome.refused.values()


RED = {
    "tests/test_first.py": "from first import two\n\n\ndef test_red():\n    assert two(1) == 3\n"
}


def test_a_red_suite_gets_no_tests_and_is_told_what_fails(tmp_path: Path) -> None:
    pages(tmp_path, RED)
    outcome = made(tmp_path, [gap("first.py", 3, 8)])
    assert outcome.accepted == []
    assert outcome.result.failing == ("tests/test_first.py::test_red",)
    (note,) = outcome.result.notes
    assert note.startswith("1 test of the suite fails (tests/test_first.py::test_red), so no tests")
    assert outcome.result.conclusion == "finished"


def test_tests_beside_a_red_suite_are_for_what_does_not_fail(tmp_path: Path) -> None:
    pages(tmp_path, RED)
    outcome = made(tmp_path, [gap("first.py", 3, 8)], allow_red=True)
    assert set(outcome.accepted) == {"test_one_low", "test_one_high"}
    assert outcome.refused["test_two"] == "adds nothing"
    assert any("no test is made for what they run" in note for note in outcome.result.notes)


@pytest.mark.slow
def test_that_nothing_is_found_beside_a_red_suite_is_said(tmp_path: Path) -> None:
    pages(tmp_path, RED)
    outcome = made(tmp_path, [gap("first.py", 3, 8)], allow_red=True, tests=(), time_budget=0.01)
    assert outcome.accepted == []
    why = "The time was over before a test for first.py:3 was found."
    assert why in outcome.result.notes


@pytest.mark.slow
def test_a_suite_that_depends_on_its_order_is_not_red(tmp_path: Path) -> None:
    text = "seen = []\n\n\n" + "".join(
        f"def test_{n}():\n    seen.append({n})\n    assert seen == list(range({n} + 1))\n\n\n"
        for n in range(6)
    )
    pages(tmp_path, {"tests/test_order.py": text})
    outcome = made(tmp_path, [gap("first.py", 3, 3)])
    assert outcome.result.failing == ()
    assert outcome.accepted == ["test_one_low"]
