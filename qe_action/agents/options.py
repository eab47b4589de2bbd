"""What a coverage analysis can be told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from qe_action.agents.task_options import TaskOptions, read_context
from qe_action.analysis.baseline import fingerprint
from qe_action.analysis.gate import PathGate, path_gate
from qe_action.errors import UsageError
from qe_action.place import Place
from qe_action.task import QETask

Minimum = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6)]


def _path_gate(value: object) -> object:
    return path_gate(value) if isinstance(value, str) else value


class GateOptions(TaskOptions):
    """What a change must reach, and the outcome of the step that ran the tests.

    `min_patch_coverage`, `min_project_coverage` and `min_branch_coverage` are minimums in percent,
    `max_drop` is a maximum in percentage points, and `path_gates` are `PathGate`s or lines as
    `path_gate` reads them. No gate is judged where the tests are known not to have passed.
    """

    min_patch_coverage: Minimum | None = None
    min_project_coverage: Minimum | None = None
    min_branch_coverage: Minimum | None = None
    max_drop: Minimum | None = None
    path_gates: tuple[Annotated[PathGate, BeforeValidator(_path_gate)], ...] = ()
    tests_outcome: str = ""

    @property
    def tests_failed(self) -> bool:
        """The tests are known not to have passed, so that the report may be partial."""
        return self.tests_outcome not in ("", "success")


class AnalysisOptions(GateOptions):
    """What a `coverage_analysis` can be told.

    `coverage_file` (a path, or several of reports to merge) or `coverage_data` is needed.
    `include` and `exclude` are globs with the meaning of .gitignore; `source_roots` are
    folders of the repository that the report's paths start from, `working` is the one that the
    run is about. `all_files` asks for the gaps of every file, `lines` for an
    event with the lines of each. `unmeasured` says what becomes of
    changed files that the report should list and does not: they count as not covered, leave patch
    coverage unknown, or are only noted.

    `place` is where the options were written: in whose words it is said what to change.
    `check_name` names the check run that digests are kept in; with `keeps_digest` the result
    has one.
    """

    coverage_file: Path | tuple[Path, ...] | None = None
    coverage_data: Mapping[str, Any] | None = None
    framework: str | None = None
    target_coverage: Decimal | None = Field(default=None, ge=0, le=100)
    repo: Path | None = None
    base: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    source_roots: tuple[str, ...] = ()
    working: str = ""
    workspaces: tuple[str, ...] = ()
    all_files: bool = False
    lines: bool = False
    unmeasured: Literal["count", "unknown", "ignore"] = "count"
    check_name: str = ""
    keeps_digest: bool = False
    place: Place = "library"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.coverage_files) == (self.coverage_data is not None):
            raise UsageError("The task needs coverage_file or coverage_data, one of them.")
        return self

    @property
    def coverage_files(self) -> tuple[Path, ...]:
        """The report files; none where the data is given."""
        if self.coverage_file is None:
            return ()
        return (
            self.coverage_file if isinstance(self.coverage_file, tuple) else (self.coverage_file,)
        )

    @property
    def key(self) -> str:
        """The fingerprint that this run's digest and its baseline's have in common."""
        return fingerprint(
            include=self.include,
            exclude=self.exclude,
            # As when the working directory was one of them: digests that are kept still fit.
            source_roots=(*self.source_roots, *filter(None, [self.working])),
            name=(self.check_name,),
        )


def options_of(task: QETask) -> AnalysisOptions:
    """The options of a task. Raises `UsageError` where they don't fit."""
    return read_context(task, "coverage_analysis", "coverage analyzer", AnalysisOptions)
