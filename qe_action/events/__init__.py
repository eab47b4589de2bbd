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
    Gap,
    GapFound,
    keep_worst,
    without_figures,
)
from qe_action.events.coverage_figures import (
    MISFIT,
    Baseline,
    Counts,
    Deltas,
    FileSummary,
    GateResult,
    IndirectChange,
    Measured,
    percentage,
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
    "CriticalPath",
    "Deltas",
    "Event",
    "Evidence",
    "FileSummary",
    "Gap",
    "GapFound",
    "GateResult",
    "GenerationComplete",
    "Generator",
    "GeneratorError",
    "GeneratorEvent",
    "GeneratorProgress",
    "IndirectChange",
    "Level",
    "Measured",
    "ModelUse",
    "Refused",
    "SuspectedBug",
    "TestCase",
    "TestProposed",
    "TestRejected",
    "Wire",
    "keep_worst",
    "percentage",
    "without_figures",
    "without_tests",
]

AgentName = Literal[Analyzer, Generator]
Event = Annotated[AnalyzerEvent | GeneratorEvent, Field(discriminator="agent")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)

AGENTS: Mapping[AgentName, Agent[Event]] = {
    "coverage-analyzer": Agent(
        "analysis", "analysis", AnalysisComplete, AnalyzerError, without_figures
    ),
    "test-generator": Agent(
        "generation", "generation of tests", GenerationComplete, GeneratorError, without_tests
    ),
}
"""Who speaks in a stream: one entry an agent."""
