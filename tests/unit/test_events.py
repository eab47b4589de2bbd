"""The events as a public contract."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from qe_action import events
from qe_action.events import (
    AGENTS,
    EVENT,
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    BugSuspected,
    Counts,
    CriticalPath,
    ExecutionComplete,
    ExecutorError,
    ExecutorProgress,
    FileLinesTold,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    SuspectedBug,
    TestCase,
    TestFinished,
    TestFlaky,
    TestProposed,
    TestRejected,
    TestsCollected,
    TestSlow,
    Wire,
)
from qe_action.untrusted.journal import CLAIMS

GAP = Gap(id="1", file_path="a.py", line_start=1, line_end=2, gap_type="uncovered", severity="low")
CASE = TestCase(id="1", test_name="t", test_code="x", framework="pytest", test_type="unit")
EXAMPLES: list[Wire] = [
    AnalyzerProgress(percent=1, message="m", files_analyzed=0),
    GeneratorProgress(percent=1, message="m", count=0, total=1),
    GapFound(gap=GAP),
    CriticalPath(path="a.py::f", impact="low", callers=1),
    FileLinesTold(path="a.py", counts=Counts(statements=3, covered=2), covered="1 3", missed="2"),
    TestProposed(test_case=CASE, target="a.py::f", verdict="accepted"),
    TestRejected(test_case=CASE, reason="flaky"),
    BugSuspected(bug=SuspectedBug(file_path="a.py", example="f()", expected="1", got="2")),
    AnalysisComplete(
        overall_coverage=None,
        line_coverage=1.0,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=None,
        gaps=(GAP,),
        analysis_time_ms=1,
    ),
    GenerationComplete(total=0, coverage_estimate=None, framework="pytest", test_type="unit"),
    ExecutorProgress(percent=1, message="m", finished=0),
    TestsCollected(total=1, files={"tests/test_a.py": 1}),
    TestFinished(id="tests/test_a.py::test_b", outcome="failed", message="assert 0"),
    TestFlaky(id="tests/test_a.py::test_b", passed_in=2),
    TestSlow(id="tests/test_a.py::test_b", seconds=4, base_seconds=1),
    ExecutionComplete(passed=False, failures=("tests/test_a.py::test_b",), exit_code=1),
    ExecutorError(message="m"),
    AnalyzerError(message="m"),
    GeneratorError(message="m"),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_wire(event: Wire) -> None:
    assert EVENT.validate_json(event.model_dump_json()) == event


def test_the_union_is_closed() -> None:
    for wrong in (
        {"type": "progress", "agent": "someone-else", "percent": 1, "message": ""},
        {"type": "unheard-of", "agent": "coverage-analyzer"},
        {**json.loads(EXAMPLES[0].model_dump_json()), "surprise": 1},
    ):
        with pytest.raises(ValidationError):
            EVENT.validate_python(wrong)


def test_the_table_has_every_agent_with_the_events_that_all_agents_have() -> None:
    assert list(AGENTS) == list(CLAIMS)
    assert {*AGENTS} == {event["agent"] for event in EXAMPLES}
    for name, agent in AGENTS.items():
        own = [type(event) for event in EXAMPLES if event["agent"] == name]
        by_type = {event["type"]: type(event) for event in EXAMPLES if event["agent"] == name}
        assert {"progress", "complete", "error"} <= {*by_type}
        assert len(by_type) == len(own)
        error, complete = agent.ending("failed", "It broke.")
        assert [type(error), type(complete)] == [by_type["error"], by_type["complete"]]
        assert (complete["agent"], complete["conclusion"]) == (name, "failed")
        assert (agent.complete, agent.error) == (by_type["complete"], by_type["error"])
        assert error["message"] in complete["notes"]


def test_every_event_has_an_example() -> None:
    shapes = {type(event) for event in EXAMPLES}
    assert {model for model in vars(events).values() if is_event(model)} == shapes


def is_event(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, Wire) and "agent" in model.model_fields


def test_events_read_like_mappings_of_their_fields_and_nothing_else() -> None:
    event = GapFound(gap=GAP)
    assert event["type"] == "gap"
    assert event["gap"]["severity"] == "low"
    assert event.get("gap") is GAP
    assert event.get("model_dump", "no") == "no"
    assert "gap" in event
    assert "model_dump" not in event
    with pytest.raises(KeyError):
        event["model_dump"]


def test_events_are_frozen() -> None:
    with pytest.raises(ValidationError):
        GAP.severity = "high"  # type: ignore[misc]


def test_counts_add_up_and_give_coverage_py_s_total() -> None:
    total = sum(
        [Counts(statements=3, covered=2, branches=2, covered_branches=1)] * 2,
        Counts(statements=0, covered=0),
    )
    assert (total.statements, total.missed, total.branches) == (6, 2, 4)
    assert total.percent == 60.0
    assert Counts(statements=0, covered=0).percent is None
