"""The event with a file's lines: ranges, branches, tests, and what is left out."""

from __future__ import annotations

import json

import pytest

from qe_action.analysis.file_lines import TESTS, TESTS_TEXT, ranges, told
from qe_action.reports.model import Branch, FileLines


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], ""),
        ([1], "1"),
        ([1, 2, 3, 4, 8, 11, 12], "1-4 8 11-12"),
        ([5, 7, 9], "5 7 9"),
        ([0, 1, 3], "0-1 3"),
    ],
)
def test_lines_are_told_as_ranges(lines: list[int], text: str) -> None:
    assert ranges(lines) == text


def test_each_line_is_in_one_of_three() -> None:
    file = FileLines(
        "a.py",
        hits={9: 0, 1: 1, 2: 3, 3: 1, 4: 0},
        branches={2: Branch(1, 2, ("9",)), 3: Branch(2, 2), 4: Branch(0, 2)},
    )
    event = told("src/a.py", file, in_diff=True)
    assert (event.covered, event.partial, event.missed) == ("1 3", "2", "4 9")
    assert (event.path, event.in_diff) == ("src/a.py", True)
    assert (event.counts.statements, event.counts.covered) == (5, 3)


def test_tests_are_told_with_the_lines_they_ran() -> None:
    file = FileLines("a.py", hits={1: 1, 2: 1}, contexts={1: ("b", "a"), 2: ("a",)})
    event = told("a.py", file, in_diff=False)
    assert event.tests == {"a": "1-2", "b": "1"}
    assert event.more_tests == 0


def test_of_many_tests_those_are_kept_that_ran_most() -> None:
    names = tuple(f"test_{number:04}" for number in range(TESTS + 50))
    file = FileLines("a.py", hits={1: 1, 2: 1}, contexts={1: names, 2: names[-10:]})
    event = told("a.py", file, in_diff=False)
    assert (len(event.tests), event.more_tests) == (TESTS, 50)
    assert set(names[-10:]) <= event.tests.keys()
    assert list(event.tests) == sorted(event.tests)


def test_the_lines_of_all_tests_together_are_bounded() -> None:
    odd = range(1, 20_001, 2)
    contexts = dict.fromkeys(odd, ("a", "b", "c"))
    event = told(
        "a.py", FileLines("a.py", hits=dict.fromkeys(odd, 1), contexts=contexts), in_diff=False
    )
    assert len(json.dumps(event.tests)) < TESTS_TEXT + 100
    assert len(event.tests) + event.more_tests == 3
    assert event.more_tests > 0
