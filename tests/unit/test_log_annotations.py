"""What a step annotates by workflow commands: failures before gaps, ten at most."""

from __future__ import annotations

import pytest

from qe_action.events import Anchor, Gap, TestFinished
from qe_action.sinks.log_annotations import log_annotations


def failure(number: int) -> TestFinished:
    anchor = Anchor(path="t.py", line_start=number, line_end=number)
    return TestFinished(id=f"t.py::test_{number}", outcome="failed", anchor=anchor, message="no")


def gap(number: int) -> Gap:
    return Gap(
        id=str(number),
        file_path="a.py",
        line_start=number,
        line_end=number,
        gap_type="uncovered",
        severity="medium",
        anchor=Anchor(path="a.py", line_start=number, line_end=number),
        statements=1,
    )


@pytest.mark.parametrize(
    ("failures", "gaps", "shown", "left"),
    [
        (0, 3, (0, 3), ""),
        (4, 5, (4, 5), ""),
        (4, 8, (4, 6), "2 more gaps not annotated"),
        (10, 1, (10, 0), "1 more gap not annotated"),
        (12, 0, (10, 0), "2 more failures not annotated"),
        (11, 2, (10, 0), "1 more failure and 2 more gaps not annotated"),
    ],
)
def test_failures_come_before_gaps_and_what_is_left_is_counted(
    failures: int,
    gaps: int,
    shown: tuple[int, int],
    left: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = log_annotations(map(failure, range(1, failures + 1)), map(gap, range(1, gaps + 1)))
    told = found.write()
    assert told.startswith(left)
    assert bool(told) == bool(left)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        *["::error"] * shown[0],
        *["::warning"] * shown[1],
    ]
    assert all("file=t.py" in line for line in lines[: shown[0]])


def test_what_has_no_line_at_the_head_is_not_annotated() -> None:
    lost = TestFinished(id="t", outcome="failed", file_path="t.py", line=3)
    assert not log_annotations([lost], []).any
    broken = TestFinished(id="t.py", outcome="error", phase="collect", file_path="t.py")
    assert log_annotations([broken], []).failures[0][0].line_start == 1
