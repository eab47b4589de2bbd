"""The bounds that the benchmark holds an analysis to."""

from __future__ import annotations

import pytest
from runner import MOST, Usage, exceeds


@pytest.mark.parametrize(
    ("runs", "too_much"),
    [
        ([Usage(12.0, 350.0)], False),
        ([Usage(12.1, 60.0)], True),
        ([Usage(99.0, 60.0), Usage(5.0, 60.0), Usage(6.0, 60.0)], False),
        ([Usage(5.0, 60.0), Usage(5.0, 351.0)], True),
        ([Usage(5.0, 60.0, "Killed")], True),
    ],
)
def test_the_median_of_the_seconds_and_the_highest_peak_are_bounded(
    runs: list[Usage], too_much: bool
) -> None:
    assert exceeds(runs, MOST[200]) == too_much


def test_other_tools_have_no_bound() -> None:
    assert not exceeds([Usage(99.0, 999.0, "failed")], None)
