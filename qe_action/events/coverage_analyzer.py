"""The events of the coverage analyzer, and what they are about."""

from __future__ import annotations

from bisect import insort
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from qe_action.events.base import LEVELS, Conclusion, Level, Wire
from qe_action.events.coverage_figures import (
    HISTORY_LIMIT,
    Baseline,
    Counts,
    CoveragePoint,
    Deltas,
    FileSummary,
    GateResult,
    IndirectChange,
    Measured,
)

Analyzer = Literal["coverage-analyzer"]

BASE_LINE = "a line of the base"
"""What an anchor calls a line that is not at the head."""


class Anchor(Wire):
    """Where a gap stands at the pull request's head, lines inclusive.

    `missing_branches`, `branch_lines` and `branch_words` are the gap's with the lines of the
    head; one that is not there is called `a line of the base`.
    """

    path: str
    line_start: int = Field(ge=1)
    line_end: int = Field(ge=1)
    missing_branches: tuple[str, ...] = ()
    branch_words: tuple[str, ...] = ()
    branch_lines: tuple[str, ...] = ()


class Gap(Wire):
    """A run of missed statements, or a line whose branches were not all taken.

    `id` depends on the content alone, so the same gap has the same id in every run.
    Lines are those of the measured tree, inclusive; `anchor` is where the same lines stand
    at the pull request's head, null where they are not there. `statements` is how many
    statements of the run were missed; for a partial branch it is 0. `missing_branches` are the
    ways that were never taken, by where they lead: out of the partial branch's line, or to the
    missed statements from the `branch_lines`, one each. A way that leads to a gap's statements
    is part of that gap alone. `branch_words` says of each what did not happen (`the condition on
    line 13 was never true`), as far as the source tells. `critical_path` is that of the
    `critical_path` event whose function the gap lies in. `covered_by` names tests that run the
    function. `measured` is false where the report does not know the file, whose statements count
    as missed.
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
    measured: bool = True
    branch_lines: tuple[int, ...] = ()


def keep_worst(kept: list[Gap], gap: Gap, limit: int) -> None:
    """Add a gap to some, worst first, if it is one of the worst so far.

    Of those of one severity the earlier ones stay, in the order they came.
    """
    insort(kept, gap, key=_mildness)
    del kept[limit:]


def _mildness(gap: Gap) -> int:
    return -LEVELS.index(gap.severity)


class AnalyzerProgress(Wire):
    """How far the analysis has come. `total_files` is null until the report's end is read."""

    type: Literal["progress"] = "progress"
    agent: Analyzer = "coverage-analyzer"
    percent: float = Field(ge=0, le=100)
    message: str
    files_analyzed: int = Field(ge=0)
    total_files: int | None = None


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


class FileLinesTold(Wire):
    """A file line by line, for who shows sources; told only where that is asked for.

    Lines are those of the measured tree, as ranges: `1-4 8 11-12`. A line is in one of `covered`,
    `partial` (it ran, and not all of its branches were taken) and `missed`. `tests` has the lines
    that each test ran, where the report names tests; `more_tests` is how many were left out.
    """

    type: Literal["file"] = "file"
    agent: Analyzer = "coverage-analyzer"
    path: str
    counts: Counts
    in_diff: bool = False
    covered: str = ""
    partial: str = ""
    missed: str = ""
    tests: dict[str, str] = Field(default_factory=dict)
    more_tests: int = Field(default=0, ge=0)


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
    isn't: then no gate is judged. `history` are the last baselines up to this one, the oldest
    first. `digest` is what later runs compare with, null where this run
    keeps none.
    """

    repeats: ClassVar[frozenset[str]] = frozenset({"gaps"})

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
    history: tuple[CoveragePoint, ...] = Field(default=(), max_length=HISTORY_LIMIT)
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
    conclusion: Conclusion, notes: tuple[str, ...] = (), *, gaps: tuple[Gap, ...] = ()
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


class AnalyzerError(Wire):
    """Something went wrong in the analysis; `recoverable` says that it goes on."""

    type: Literal["error"] = "error"
    agent: Analyzer = "coverage-analyzer"
    message: str
    hint: str = ""
    recoverable: bool = False
    files_analyzed: int = Field(default=0, ge=0)
    gaps_found: int = Field(default=0, ge=0)


AnalyzerEvent = Annotated[
    AnalyzerProgress | GapFound | CriticalPath | FileLinesTold | AnalysisComplete | AnalyzerError,
    Field(discriminator="type"),
]
