"""The events: one closed union of frozen models, the wire form of everything we say.

The JSON keys are a public contract. Percentages are floats from 0 to 100, or null where
the input can't tell. `match` on `Event` ends in `assert_never`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Level = Literal["low", "medium", "high", "critical"]
Analyzer = Literal["coverage-analyzer"]
Generator = Literal["test-generator"]

Conclusion = Literal["finished", "failed", "cancelled"]

BASE_LINE = "a line of the base"
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")


class Wire(BaseModel):
    """Base of all wire models: frozen, closed, and readable like a mapping of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __getitem__(self, key: str) -> Any:
        if key not in type(self).model_fields:
            raise KeyError(key)
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in type(self).model_fields

    def get(self, key: str, default: Any = None) -> Any:
        """The field's value, or `default` where the model has no such field."""
        return getattr(self, key) if key in self else default

    def keys(self) -> Iterator[str]:
        """The names of the fields."""
        return iter(type(self).model_fields)


class Counts(Wire):
    """Exact counts behind the percentages."""

    statements: int = Field(ge=0)
    covered: int = Field(ge=0)
    branches: int = Field(default=0, ge=0)
    covered_branches: int = Field(default=0, ge=0)

    @property
    def missed(self) -> int:
        return self.statements - self.covered

    @property
    def percent(self) -> float | None:
        """Covered lines and branches of all lines and branches, coverage.py's total."""
        return percentage(self.covered + self.covered_branches, self.statements + self.branches)

    @property
    def line_percent(self) -> float | None:
        return percentage(self.covered, self.statements)

    @property
    def branch_percent(self) -> float | None:
        return percentage(self.covered_branches, self.branches)

    def reaches(self, minimum: Decimal) -> bool | None:
        """Whether `percent` is at least `minimum`, by exact fractions; None where unmeasured."""
        whole = self.statements + self.branches
        return (self.covered + self.covered_branches) * 100 >= minimum * whole if whole else None

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            statements=self.statements + other.statements,
            covered=self.covered + other.covered,
            branches=self.branches + other.branches,
            covered_branches=self.covered_branches + other.covered_branches,
        )


def percentage(part: int, whole: int) -> float | None:
    """`part` of `whole` in percent; None where there is nothing to measure."""
    return 100.0 * part / whole if whole else None


class Anchor(Wire):
    """Where a gap stands at the pull request's head, lines inclusive.

    `missing_branches` and `branch_words` are the gap's with the lines of the head; one that
    is not there is called `a line of the base`.
    """

    path: str
    line_start: int = Field(ge=1)
    line_end: int = Field(ge=1)
    missing_branches: tuple[str, ...] = ()
    branch_words: tuple[str, ...] = ()


class Gap(Wire):
    """A run of missed statements, or a line whose branches were not all taken.

    `id` depends on the content alone, so the same gap has the same id in every run.
    Lines are those of the measured tree, inclusive; `anchor` is where the same lines stand
    at the pull request's head, null where they are not there. `statements` is how many
    statements of the run were missed; for a partial branch it is 0. `branch_words` says of
    each way out that was never taken what did not happen (`the condition on line 13 was never
    true`), as far as the source tells. `critical_path` is that of the `critical_path` event
    whose function the gap lies in. `covered_by` names tests that run the function.
    """

    id: str
    file_path: str
    line_start: int = Field(ge=1)
    line_end: int = Field(ge=1)
    gap_type: Literal["uncovered", "partial"]
    severity: Level
    function: str | None = None
    in_diff: bool = False
    anchor: Anchor | None = None
    statements: int = Field(default=0, ge=0)
    missing_branches: tuple[str, ...] = ()
    branch_words: tuple[str, ...] = ()
    critical_path: str | None = None
    suggested_tests: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    covered_by: tuple[str, ...] = ()


class FileSummary(Wire):
    """One file's counts; `patch` counts its added and changed lines, null outside the diff.

    `delta` is how many percentage points the whole file has gained since the baseline, null
    where the baseline does not tell.
    """

    path: str
    counts: Counts
    patch: Counts | None = None
    gaps: int = Field(default=0, ge=0)
    delta: float | None = None


class Measured(Wire):
    """The tree the report was made of, and the commit it is compared with."""

    tree: Literal["merge", "head", "worktree", "commit", "unknown"]
    sha: str | None = None
    base_sha: str | None = None


class Baseline(Wire):
    """The earlier analysis that this one is compared with: that of the commit `sha`.

    `commits_before` is how many commits, by first parents, it lies before the base that was
    measured: 0 for that base itself. `detail` is what its rows count.
    """

    sha: str
    commits_before: int = Field(ge=0)
    detail: Literal["files", "folders", "totals"]
    totals: Counts


class Deltas(Wire):
    """Percentage points gained since the baseline, below 0 where lost, 0 only where equal."""

    overall: float | None
    line: float | None
    branch: float | None


class IndirectChange(Wire):
    """A file that the change does not touch and of which fewer statements are covered.

    `lost` is how many fewer. `now` is null where the report no longer has the file.
    """

    path: str
    before: Counts
    now: Counts | None
    lost: int = Field(gt=0)


class GateResult(Wire):
    """One gate's verdict. `passed` is null where there was nothing to measure.

    `threshold` is in percent, for a `drop` in percentage points that may be lost. `missing`
    is how many more statements (or branches) a failed gate needs covered.
    """

    name: str
    threshold: float
    passed: bool | None
    detail: str
    kind: Literal["minimum", "drop"] = "minimum"
    missing: int | None = None


class TestCase(Wire):
    """A proposed test and what is known of it."""

    __test__ = False

    id: str
    test_name: str
    test_code: str
    framework: str
    test_type: str
    assertions: tuple[str, ...] = ()
    edge_cases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    coverage_estimate: float | None = None


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
    be more, as not all of the repository was looked at.
    """

    type: Literal["critical_path"] = "critical_path"
    agent: Analyzer = "coverage-analyzer"
    path: str
    impact: Level
    reasons: tuple[str, ...] = ()
    callers: int = Field(ge=0)
    at_least: bool = False

    @property
    def rank(self) -> tuple[int, int, str]:
        """Sorts the worst first: by impact, then by callers, then by path."""
        return -LEVELS.index(self.impact), -self.callers, self.path


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
    reason: str
    detail: str = ""


class AnalysisComplete(Wire):
    """The analysis' result, also of one cut short: then `conclusion` says so.

    `gaps` and `files` hold the worst up to a limit, changed files first. `total_gaps` counts
    the gap events, `gaps_in_diff` those in changed lines, `total_files` every file of the
    report that the globs let through. `patch` counts added and changed lines, null where the
    diff is unknown. `notes` are plain sentences about what the input could not tell.

    `deltas` are against `baseline`, both null where none was found. `indirect` holds the files
    outside the change that lost most, `indirect_total` counts them all and `indirect_lost`
    their statements; the three are null unless the baseline is the measured base, file by
    file. `digest` is what later runs compare with, null where this run keeps none.
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
    digest: str | None = None
    meets_threshold: bool | None = None
    notes: tuple[str, ...] = ()
    analysis_time_ms: int = Field(ge=0)
    framework: str | None = None


class GenerationComplete(Wire):
    """The generation's result; `coverage_estimate` is measured, null where it was not."""

    type: Literal["complete"] = "complete"
    agent: Generator = "test-generator"
    tests: tuple[TestCase, ...] = ()
    total: int = Field(ge=0)
    coverage_estimate: float | None
    rejected: dict[str, int] = Field(default_factory=dict)
    framework: str
    test_type: str


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
    """Something went wrong in the generation; `recoverable` says that it goes on."""

    type: Literal["error"] = "error"
    agent: Generator = "test-generator"
    message: str
    hint: str = ""
    recoverable: bool = False
    count: int = Field(default=0, ge=0)


Progress = Annotated[AnalyzerProgress | GeneratorProgress, Field(discriminator="agent")]
Complete = Annotated[AnalysisComplete | GenerationComplete, Field(discriminator="agent")]
Failure = Annotated[AnalyzerError | GeneratorError, Field(discriminator="agent")]

Event = Annotated[
    Progress | GapFound | CriticalPath | TestProposed | TestRejected | Complete | Failure,
    Field(discriminator="type"),
]
AnalyzerEvent = AnalyzerProgress | GapFound | CriticalPath | AnalysisComplete | AnalyzerError

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
