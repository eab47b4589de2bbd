"""The events: one closed union of frozen models, the wire form of everything we say.

The JSON keys are a public contract. Percentages are floats from 0 to 100, or null where
the input can't tell. `match` on `Event` ends in `assert_never`. Each agent's events, and what they
are about, lie in a file of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from qe_action.events.base import (
    LEVELS,
    Agent,
    Conclusion,
    Level,
    Wire,
)
from qe_action.events.coverage_analyzer import (
    BASE_LINE,
    AnalysisComplete,
    Analyzer,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    Anchor,
    CriticalPath,
    FileLinesTold,
    Gap,
    GapFound,
    keep_worst,
    without_figures,
)
from qe_action.events.coverage_figures import (
    HISTORY_LIMIT,
    MISFIT,
    Baseline,
    Counts,
    CoveragePoint,
    Deltas,
    FileSummary,
    GateResult,
    IndirectChange,
    Measured,
    percentage,
)
from qe_action.events.test_executor import (
    ExecutionComplete,
    Executor,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    History,
    Outcome,
    Phase,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
    TestSlow,
    TimedTest,
    without_outcomes,
)
from qe_action.events.test_generator import (
    Activity,
    BugSuspected,
    Evidence,
    GenerationComplete,
    Generator,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    ModelUse,
    Refused,
    SuspectedBug,
    TestCase,
    TestProposed,
    TestRejected,
    without_tests,
)

__all__ = [
    "AGENTS",
    "BASE_LINE",
    "EVENT",
    "HISTORY_LIMIT",
    "LEVELS",
    "MISFIT",
    "Activity",
    "Agent",
    "AgentName",
    "AnalysisComplete",
    "Analyzer",
    "AnalyzerError",
    "AnalyzerEvent",
    "AnalyzerProgress",
    "Anchor",
    "Baseline",
    "BugSuspected",
    "Conclusion",
    "Counts",
    "CoveragePoint",
    "CriticalPath",
    "Deltas",
    "Event",
    "Evidence",
    "ExecutionComplete",
    "Executor",
    "ExecutorError",
    "ExecutorEvent",
    "ExecutorProgress",
    "FileLinesTold",
    "FileSummary",
    "Gap",
    "GapFound",
    "GateResult",
    "GenerationComplete",
    "Generator",
    "GeneratorError",
    "GeneratorEvent",
    "GeneratorProgress",
    "History",
    "IndirectChange",
    "Level",
    "Measured",
    "ModelUse",
    "Outcome",
    "Phase",
    "Refused",
    "SuspectedBug",
    "TestCase",
    "TestCounts",
    "TestFinished",
    "TestFlaky",
    "TestProposed",
    "TestRejected",
    "TestSlow",
    "TestsCollected",
    "TimedTest",
    "Wire",
    "keep_worst",
    "percentage",
    "without_figures",
    "without_outcomes",
    "without_tests",
]

AgentName = Literal[Executor, Analyzer, Generator]
Event = Annotated[ExecutorEvent | AnalyzerEvent | GeneratorEvent, Field(discriminator="agent")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)

AGENTS: Mapping[AgentName, Agent[Event]] = {
    "test-executor": Agent(
        "run of the tests", "run of the tests", ExecutionComplete, ExecutorError, without_outcomes
    ),
    "coverage-analyzer": Agent(
        "analysis", "analysis", AnalysisComplete, AnalyzerError, without_figures
    ),
    "test-generator": Agent(
        "generation", "generation of tests", GenerationComplete, GeneratorError, without_tests
    ),
}
"""Who speaks in a stream, in this order: one entry an agent."""
