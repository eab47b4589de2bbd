"""A tried test as it is told: whose lines it reaches."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from qe_action.agents.proposals import case_of
from qe_action.analysis.python_module import parse_module
from qe_action.generators.port import Candidate
from qe_action.verify.gates import Trial

SOURCE = b"""\
def reduced(price):
    return price / 2


class Parcel:
    def weigh(self):
        return 1

    def post(self):
        if self.weigh():
            return 2
        return 4
"""


@pytest.mark.parametrize(
    ("asked", "lines", "arcs", "told"),
    [
        ("reduced", [2], [], "::reduced"),
        ("reduced", [10, 11], [(10, 11)], "::Parcel.post"),
        ("reduced", [], [(10, -9)], "::Parcel.post"),
        ("reduced", [7, 12], [], "::Parcel"),
        ("reduced", [2, 12], [], "::reduced"),
        ("Parcel", [7, 12], [], "::Parcel"),
        ("Parcel.post", [2, 7], [], ""),
        ("reduced", [], [], "::reduced"),
        ("", [2], [], ""),
    ],
)
def test_a_test_is_told_with_the_function_whose_lines_it_reaches(
    asked: str, lines: Collection[int], arcs: Collection[tuple[int, int]], told: str
) -> None:
    candidate = Candidate("1", "test_it", "", (), "shop.py", asked)
    trial = Trial(candidate, 0, lines=frozenset(lines), arcs=frozenset(arcs))
    module = parse_module("shop.py", SOURCE)
    case = case_of(trial, module, path="", test_type="unit", runs=0, pythons=(), suite="")
    assert case.target == f"shop.py{told}"


def test_of_a_file_that_can_t_be_parsed_it_is_what_was_asked_for() -> None:
    trial = Trial(Candidate("1", "test_it", "", (), "shop.py", "f"), 0, lines=frozenset([2]))
    case = case_of(trial, None, path="", test_type="unit", runs=0, pythons=(), suite="")
    assert case.target == "shop.py::f"
