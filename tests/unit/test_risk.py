"""Severity: points of a table, and reasons that say each of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.functions import FunctionFacts
from qe_action.analysis.risk import Evidence, judge
from qe_action.events import LEVELS, Level

MESSY = FunctionFacts("f", 1, 40, 20, 0, complexity=10)
TANGLED = FunctionFacts("f", 1, 40, 20, 2, complexity=7)


@pytest.mark.parametrize(
    ("evidence", "severity"),
    [
        (Evidence(in_diff=False), "low"),
        (Evidence(in_diff=True), "medium"),
        (Evidence(in_diff=True, never_called=True), "high"),
        (Evidence(in_diff=True, handles_error=True), "high"),
        (Evidence(in_diff=True, function=TANGLED), "high"),
        (Evidence(in_diff=True, function=MESSY, never_called=True), "critical"),
        (Evidence(in_diff=True, impact="medium", never_called=True, raises_error=True), "critical"),
        (Evidence(in_diff=False, impact="critical"), "high"),
        (Evidence(in_diff=False, impact="high"), "medium"),
        (Evidence(in_diff=False, never_called=True), "low"),
    ],
)
def test_severity(evidence: Evidence, severity: Level) -> None:
    assert judge(evidence).severity == severity


def test_every_fact_is_said() -> None:
    evidence = Evidence(
        in_diff=True,
        function=MESSY,
        never_called=True,
        handles_error=True,
        impact="high",
        reach="reached from 14 functions",
    )
    assert judge(evidence).reasons == (
        "it lies in lines that this change adds or edits",
        "it is on a critical path of high impact: reached from 14 functions",
        "no test runs any of this function",
        "it handles an error",
        "its function's CRAP score is 110 (complexity 10, 0% covered)",
    )


EVIDENCE = st.builds(
    Evidence,
    in_diff=st.booleans(),
    function=st.none() | st.sampled_from([MESSY, TANGLED]),
    never_called=st.booleans(),
    handles_error=st.booleans(),
    raises_error=st.booleans(),
    impact=st.none() | st.sampled_from(LEVELS),
)


@given(EVIDENCE)
def test_no_further_fact_makes_a_gap_less_severe(evidence: Evidence) -> None:
    severity = LEVELS.index(judge(evidence).severity)
    for more in (
        evidence._replace(in_diff=True),
        evidence._replace(never_called=True),
        evidence._replace(handles_error=True),
        evidence._replace(impact="critical"),
    ):
        assert LEVELS.index(judge(more).severity) >= severity
