"""The page on severity says what the code does."""

from __future__ import annotations

import re
from array import array
from pathlib import Path

from qe_action.analysis import risk
from qe_action.analysis.collect import Detail
from qe_action.analysis.python_module import parse_module
from qe_action.analysis.study import Study
from qe_action.events import LEVELS, Gap
from qe_action.render.annotations import annotation
from qe_action.reports.model import Branch

PAGE = Path(__file__).parents[2] / ".github" / "docs" / "severity.md"


def rows(heading: str) -> list[list[str]]:
    """The body of the table whose head begins with `heading`."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"| {heading}")
    table = below.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def test_the_points_are_those_of_the_table() -> None:
    assert [int(points) for _, points in rows("What is known")] == [
        risk.IN_DIFF,
        *(risk.IMPACT[level] for level in LEVELS[1:]),
        risk.NEVER_CALLED,
        risk.ERROR_PATH,
        *(points for _, points in reversed(risk.CRAP)),
    ]
    scores = [re.search(r"is (\d+) or more", what) for what, _ in rows("What is known")]
    assert [float(found[1]) for found in scores if found] == [s for s, _ in reversed(risk.CRAP)]


def test_the_severities_are_those_of_the_table() -> None:
    shown = [
        (int(points.split()[0]), severity) for points, severity, _ in rows("Points | Severity")
    ]
    assert shown == list(risk.SEVERITIES)


def test_the_annotation_levels_are_those_of_the_table() -> None:
    for _, severity, level in rows("Points | Severity"):
        gap = Gap.model_validate(
            {"id": "1", "file_path": "a", "line_start": 1, "line_end": 1}
            | {"gap_type": "uncovered", "severity": severity}
        )
        assert annotation(gap).level == level


def test_the_worked_example() -> None:
    source = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    lines = {1: True, 2: True, 3: False, 4: True, 5: True}
    detail = Detail("a.py", array("I", lines), bytes(lines.values()), {2: Branch(1, 2, ("3",))}, ())
    study = Study(detail, parse_module("a.py", source.encode()), frozenset([2, 3]))
    gaps = [study.gap(miss, {}) for miss in study.misses()]
    assert [(gap.line_start, gap.gap_type, gap.severity) for gap in gaps] == [
        (3, "uncovered", "high"),
    ]
    assert gaps[0].branch_lines == (2,)
    assert "it raises an error" in gaps[0].reasons
    [facts] = study.functions.values()
    assert facts.crap == 2.0625
    none = dict.fromkeys((2, 3, 4, 5), False)
    detail = Detail("a.py", array("I", [1, *none]), bytes([1, *none.values()]), {}, ())
    study = Study(detail, parse_module("a.py", source.encode()), frozenset([2, 3]))
    gaps = [study.gap(miss, {}) for miss in study.misses()]
    assert [(gap.severity, gap.line_start, gap.line_end) for gap in gaps] == [
        ("high", 2, 3),
        ("low", 4, 5),
    ]
    assert "- Lines 4 and 5: 1 point" in PAGE.read_text(encoding="utf-8")
