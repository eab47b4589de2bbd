"""The events: one closed union of frozen models, the wire form of everything we say.

The JSON keys are a public contract. Percentages are floats from 0 to 100, or null where
the input can't tell. `match` on `Event` ends in `assert_never`. What the events are about is
in `qe_action.findings`, whose names are importable from here as well.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from qe_action.findings import (
    BASE_LINE,
    LEVELS,
    Anchor,
    Baseline,
    Counts,
    Deltas,
    Evidence,
    FileSummary,
    Gap,
    GateResult,
    IndirectChange,
    Level,
    Measured,
    Refused,
    SuspectedBug,
    TestCase,
    Wire,
    percentage,
)

__all__ = [
    "BASE_LINE",
    "EVENT",
    "LEVELS",
    "AnalysisComplete",
    "Analyzer",
    "AnalyzerError",
    "AnalyzerEvent",
    "AnalyzerProgress",
    "Anchor",
    "Baseline",
    "BugSuspected",
    "Complete",
    "Conclusion",
    "Counts",
    "CriticalPath",
    "Deltas",
    "Event",
    "Evidence",
    "Failure",
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
    "Progress",
    "Refused",
    "SuspectedBug",
    "TestCase",
    "TestProposed",
    "TestRejected",
    "Wire",
    "percentage",
    "without_figures",
    "without_tests",
]

Analyzer = Literal["coverage-analyzer"]
Generator = Literal["test-generator"]
Conclusion = Literal["finished", "failed", "cancelled"]


class AnalyzerProgress(Wire):
    """How far the analysis has come. `total_files` is null until the report's end is read."""

    type: Literal["progress"] = "progress"
    agent: Analyzer = "coverage-analyzer"
    percent: float = Field(ge=0, le=100)
    message: str
    files_analyzed: int = Field(ge=0)
    total_files: int | None = None


class GeneratorProgress(Wire):
    """How far the generation has come."""

    type: Literal["progress"] = "progress"
    agent: Generator = "test-generator"
    percent: float = Field(ge=0, le=100)
    message: str
    count: int = Field(ge=0)
    total: int = Field(ge=0)


class GapFound(Wire):
    """A gap; final when emitted."""

    type: Literal["gap"] = "gap"
    agent: Analyzer = "coverage-analyzer"
    gap: Gap


class CriticalPath(Wire):
    """A function that much else reaches and that the tests miss. `path` is `file.py::qual.name`.

    `callers` is how many other functions reach it, directly or not; with `at_least` there may
    be more, as not all of the repository was looked at. `weight` also counts how much of it is
    missed and how complex it is.
    """

    type: Literal["critical_path"] = "critical_path"
    agent: Analyzer = "coverage-analyzer"
    path: str
    impact: Level
    reasons: tuple[str, ...] = ()
    callers: int = Field(ge=0)
    at_least: bool = False
    weight: float = Field(default=0.0, ge=0)

    @property
    def rank(self) -> tuple[int, float, str]:
        """Sorts the worst first: by impact, then by weight, then by path."""
        return -LEVELS.index(self.impact), -self.weight, self.path


class TestProposed(Wire):
    """A test that passed the gates it has met so far."""

    __test__ = False

    type: Literal["test"] = "test"
    agent: Generator = "test-generator"
    test_case: TestCase
    target: str
    verdict: str


class TestRejected(Wire):
    """A test that was refused, or withdrawn after it was shown (then with the same id)."""

    __test__ = False

    type: Literal["rejected"] = "rejected"
    agent: Generator = "test-generator"
    test_case: TestCase
    reason: Refused
    detail: str = ""


class BugSuspected(Wire):
    """Code that contradicts its own documentation; found on the way to a test."""

    type: Literal["suspicion"] = "suspicion"
    agent: Generator = "test-generator"
    bug: SuspectedBug


class AnalysisComplete(Wire):
    """The analysis' result, also of one cut short: then `conclusion` says so.

    `gaps` and `files` hold the worst up to a limit, changed files first. `total_gaps` counts
    the gap events, `gaps_in_diff` those in changed lines, `total_files` every file of the
    report that the globs let through. `patch` counts added and changed lines, null where the
    diff is unknown. `notes` are plain sentences about what the input could not tell;
    `tests_failed` is one of them, that the report may be partial.

    `deltas` are against `baseline`, both null where none was found. `indirect` holds the files
    outside the change that lost most, `indirect_total` counts them all and `indirect_lost`
    their statements; the three are null unless the baseline is the measured base, file by
    file. `unmeasured` are changed source files that the report does not list and no figure
    stands for; `misfit` says why the report is taken for one of something else, empty where it
    isn't: then no gate is judged. `digest` is what later runs compare with, null where this run
    keeps none.
    """

    type: Literal["complete"] = "complete"
    agent: Analyzer = "coverage-analyzer"
    conclusion: Conclusion = "finished"
    overall_coverage: float | None
    line_coverage: float | None
    branch_coverage: float | None
    function_coverage: float | None
    patch_coverage: float | None
    totals: Counts | None = None
    patch: Counts | None = None
    gaps: tuple[Gap, ...] = ()
    total_gaps: int = Field(default=0, ge=0)
    gaps_in_diff: int = Field(default=0, ge=0)
    critical_paths: tuple[CriticalPath, ...] = ()
    files: tuple[FileSummary, ...] = ()
    total_files: int = Field(default=0, ge=0)
    gates: tuple[GateResult, ...] = ()
    measured: Measured | None = None
    baseline: Baseline | None = None
    deltas: Deltas | None = None
    indirect: tuple[IndirectChange, ...] | None = None
    indirect_total: int | None = None
    indirect_lost: int | None = None
    unmeasured: tuple[str, ...] = ()
    misfit: str = ""
    digest: str | None = None
    meets_threshold: bool | None = None
    notes: tuple[str, ...] = ()
    tests_failed: bool = False
    analysis_time_ms: int = Field(ge=0)
    framework: str | None = None


def without_figures(
    conclusion: Conclusion, *, gaps: tuple[Gap, ...] = (), notes: tuple[str, ...] = ()
) -> AnalysisComplete:
    """The result of an analysis that came to none."""
    return AnalysisComplete(
        conclusion=conclusion,
        overall_coverage=None,
        line_coverage=None,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=None,
        gaps=gaps,
        notes=notes,
        analysis_time_ms=0,
    )


class GenerationComplete(Wire):
    """The generation's result, also of one cut short: then `conclusion` says so.

    `suspicions` repeats those of the `suspicion` events, also where nothing is proposed.
    `coverage_before` and `coverage_estimate` are the lines and branches of the files that the tests
    are for, in percent without and with them, measured in a clean copy; null where they were not.
    `failing` are tests of the project that did not pass, so that no test was made.
    """

    type: Literal["complete"] = "complete"
    agent: Generator = "test-generator"
    tests: tuple[TestCase, ...] = ()
    total: int = Field(ge=0)
    conclusion: Conclusion = "finished"
    coverage_before: float | None = None
    coverage_estimate: float | None
    notes: tuple[str, ...] = ()
    suspicions: tuple[SuspectedBug, ...] = ()
    rejected: dict[str, int] = Field(default_factory=dict)
    failing: tuple[str, ...] = ()
    framework: str
    test_type: str


def without_tests(conclusion: Conclusion, notes: tuple[str, ...] = ()) -> GenerationComplete:
    """The result of a generation that came to none."""
    return GenerationComplete(
        conclusion=conclusion,
        total=0,
        coverage_estimate=None,
        notes=notes,
        framework="pytest",
        test_type="unit",
    )


class AnalyzerError(Wire):
    """Something went wrong in the analysis; `recoverable` says that it goes on."""

    type: Literal["error"] = "error"
    agent: Analyzer = "coverage-analyzer"
    message: str
    hint: str = ""
    recoverable: bool = False
    files_analyzed: int = Field(default=0, ge=0)
    gaps_found: int = Field(default=0, ge=0)


class GeneratorError(Wire):
    """Something went wrong in the generation; `recoverable` says that it goes on.

    `output` are the last lines of a program that failed.
    """

    type: Literal["error"] = "error"
    agent: Generator = "test-generator"
    message: str
    hint: str = ""
    output: tuple[str, ...] = ()
    recoverable: bool = False
    count: int = Field(default=0, ge=0)


Progress = Annotated[AnalyzerProgress | GeneratorProgress, Field(discriminator="agent")]
Complete = Annotated[AnalysisComplete | GenerationComplete, Field(discriminator="agent")]
Failure = Annotated[AnalyzerError | GeneratorError, Field(discriminator="agent")]

Event = Annotated[
    Progress
    | GapFound
    | CriticalPath
    | TestProposed
    | TestRejected
    | BugSuspected
    | Complete
    | Failure,
    Field(discriminator="type"),
]
AnalyzerEvent = AnalyzerProgress | GapFound | CriticalPath | AnalysisComplete | AnalyzerError
GeneratorEvent = (
    GeneratorProgress
    | TestProposed
    | TestRejected
    | BugSuspected
    | GenerationComplete
    | GeneratorError
)

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
