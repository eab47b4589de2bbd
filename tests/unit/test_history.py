"""The points of the last baselines: kept, read back, drawn; and the badge."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from qe_action.analysis import baseline, coverage_history
from qe_action.analysis.baseline import digest_of
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.coverage_history import point_of
from qe_action.analysis.packed_comment import packed
from qe_action.events import HISTORY_LIMIT, CoveragePoint, without_figures
from qe_action.render import badge
from qe_action.render.sparkline import sparkline

GOLDEN = Path(__file__).parent.parent / "golden"
DIGEST = digest_of("a" * 40, "0" * 16, {"a.py": FileCounts(10, 8, 2, 1)})


def points(*covered: int | None, gap_before: int = -1) -> list[CoveragePoint]:
    """Points of so many covered of 100; None has nothing to measure."""
    return [
        CoveragePoint(
            sha=f"{number:040x}",
            covered=each or 0,
            whole=100 if each is not None else 0,
            after_gap=number == gap_before,
        )
        for number, each in enumerate(covered)
    ]


def test_the_last_twenty_points_are_read_back_and_the_digest_beside_them_too() -> None:
    line = [*points(*range(30)), point_of(DIGEST)]
    text = f"{baseline.encode(DIGEST)}\n{coverage_history.encode(line)}"
    assert baseline.decode(text) == DIGEST
    assert coverage_history.decode(text, DIGEST) == tuple(line[-HISTORY_LIMIT:])


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        [{"sha": "a" * 40, "covered": 8, "whole": 12}],
        [{"sha": "b" * 40, "covered": 9, "whole": 12}],
        [{"sha": "a" * 40, "covered": 13, "whole": 12}],
        [{"sha": "a\n", "covered": 9, "whole": 12}],
        [{"sha": "a" * 40, "covered": 9, "whole": 12}] * 2,
        [
            *({"sha": f"{n:040x}", "covered": 9, "whole": 12} for n in range(20)),
            {"sha": "a" * 40, "covered": 9, "whole": 12},
        ],
    ],
)
def test_points_that_can_t_be_are_none(told: object) -> None:
    text = packed("qe-action-history", 1, json.dumps(told).encode())
    assert coverage_history.decode(text, DIGEST) is None


def test_text_without_points_has_none() -> None:
    assert coverage_history.decode(baseline.encode(DIGEST), DIGEST) is None


def test_the_words_say_what_the_chart_shows() -> None:
    assert list(sparkline(points(50, 60, 55, 90))) == [
        "Project coverage over the last 4 baselines: 50% to 90%, lowest 50%, highest 90%. ▁▃▂█",
        "",
    ]


def test_gaps_are_drawn_and_never_filled() -> None:
    (line, _) = sparkline(points(50, None, 60, 70, gap_before=3))
    assert line.endswith("· stands for commits without a figure. ▁·▅·█")
    assert "last 3 baselines" in line


@pytest.mark.parametrize("line", [points(), points(50), points(None, None), points(50, None)])
def test_fewer_than_two_figures_draw_nothing(line: list[CoveragePoint]) -> None:
    assert list(sparkline(line)) == []


@pytest.mark.parametrize(("name", "value"), [("known", 100 * 11 / 12), ("unknown", None)])
def test_the_badge_is_as_the_golden_files_have_it(name: str, value: float | None) -> None:
    for suffix, text in (("svg", badge.svg(value)), ("json", badge.endpoint(value))):
        path = GOLDEN / f"badge_{name}.{suffix}"
        if os.environ.get("QE_GOLDEN") == "write":
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, "run make golden and read the difference"
    ElementTree.fromstring(badge.svg(value))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *((100.0, "brightgreen"), (90.0, "brightgreen"), (89.99, "green"), (80.0, "green")),
        *((70.0, "yellowgreen"), (60.0, "yellow"), (50.0, "orange"), (49.9, "red"), (0.0, "red")),
        (None, "lightgrey"),
    ],
)
def test_the_colour_goes_by_the_documented_steps(value: float | None, name: str) -> None:
    assert badge.colour(value).name == name


@pytest.mark.parametrize(
    "changed", [{"conclusion": "failed"}, {"tests_failed": True}, {"misfit": "another project"}]
)
def test_what_may_be_partial_is_unknown_to_the_badge(changed: dict[str, object]) -> None:
    result = without_figures("finished").model_copy(update={"overall_coverage": 80.0})
    assert badge.measured(result) == 80.0
    assert badge.measured(result.model_copy(update=changed)) is None
    assert badge.measured(None) is None
