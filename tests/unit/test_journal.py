"""The journal: written line by line, read back as it was."""

from __future__ import annotations

import json

import pytest

from qe_action.errors import ReportError
from qe_action.events import AnalysisComplete, Event, Gap, GapFound
from qe_action.journal import VERSION, WorstGaps, decode, encode, header


def gap(number: int) -> Gap:
    return Gap(
        id=str(number),
        file_path="a.py",
        line_start=number,
        line_end=number,
        gap_type="uncovered",
        severity="low",
    )


def complete(*gaps: Gap) -> AnalysisComplete:
    return AnalysisComplete(
        overall_coverage=50.0,
        line_coverage=50.0,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=None,
        gaps=gaps,
        total_gaps=len(gaps),
        analysis_time_ms=1,
    )


def test_a_journal_is_read_back_with_the_gaps_that_its_result_leaves_out() -> None:
    events: list[Event] = [GapFound(gap=gap(1)), GapFound(gap=gap(2)), complete(gap(1), gap(2))]
    lines = [header(), *map(encode, events)]
    assert "gaps" not in json.loads(lines[-1])
    assert list(decode(lines)) == events


def test_the_result_repeats_gaps_in_changed_lines_before_all_others() -> None:
    worst = WorstGaps()
    for number in range(1, 400):
        worst.add(gap(number).model_copy(update={"in_diff": number > 350}))
    lines = [g.line_start for g in worst.result()]
    assert lines == [*range(351, 400), *range(1, 152)]


def test_the_worst_gap_is_kept_however_late_it_comes() -> None:
    events: list[Event] = [GapFound(gap=gap(number)) for number in range(1, 400)]
    late = gap(400).model_copy(update={"severity": "critical"})
    lines = [header(), *map(encode, [*events, GapFound(gap=late), complete()])]
    result = list(decode(lines))[-1]
    assert isinstance(result, AnalysisComplete)
    assert [g.line_start for g in result.gaps] == [400, *range(1, 200)]


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"no json\n",
        b"[]\n",
        b'{"journal": "other"}\n',
        json.dumps({"journal": "qe-action", "version": VERSION + 1}).encode(),
    ],
)
def test_a_file_with_another_header_is_refused(first: bytes) -> None:
    with pytest.raises(ReportError):
        list(decode([first]))


def test_a_broken_line_is_named_by_its_number() -> None:
    with pytest.raises(ReportError, match="Line 3"):
        list(decode([header(), encode(GapFound(gap=gap(1))), b'{"type": "gap"']))
