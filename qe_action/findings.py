"""What the events are about: frozen models in the wire form, and their counts."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["low", "medium", "high", "critical"]

BASE_LINE = "a line of the base"
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")

MISFIT = "the report does not fit this repository"
"""What a result says of a report of something else, before the figures."""


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


class FileSummary(Wire):
    """One file's counts; `patch` counts its added and changed lines, null outside the diff.

    `delta` is how many percentage points the whole file has gained since the baseline, null
    where the baseline does not tell. `measured` is false where the report does not know the
    file: its statements count in the patch alone, as not covered.
    """

    path: str
    counts: Counts
    patch: Counts | None = None
    gaps: int = Field(default=0, ge=0)
    delta: float | None = None
    measured: bool = True


class Measured(Wire):
    """The tree the report was made of, and the commit it is compared with."""

    tree: Literal["merge", "head", "worktree", "commit", "unknown"]
    sha: str | None = None
    base_sha: str | None = None


class Baseline(Wire):
    """The earlier analysis that this one is compared with: that of the commit `sha`.

    `commits_before` is how many commits, by first parents, it lies before the base that was
    measured: 0 for that base itself. `detail` is what its rows count. `sha` is empty where it is
    known of no commit.
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
    is how many more statements (or branches) a failed gate needs covered. A `claimed` verdict
    is of a journal that may be a stranger's: it is quoted, never said as ours.
    """

    name: str
    threshold: float
    passed: bool | None
    detail: str
    kind: Literal["minimum", "drop"] = "minimum"
    missing: int | None = None
    claimed: bool = False


Refused = Literal[
    "syntax",
    "imports",
    "no assertion",
    "outside",
    "skips",
    "duplicate",
    "not collected",
    "fails",
    "times out",
    "crashes",
    "adds nothing",
    "kills nothing",
    "flaky",
    "other python",
    "writes",
    "superseded",
    "limit",
    "suite",
]
"""Why a test is not proposed: what it is, what it did alone, what it did with others."""


class Evidence(Wire):
    """What was measured of a test, none of it said by whoever wrote it.

    `lines` and `branches` (`12->15`) are those of the target that it reaches and that were
    missed. `mutants` were tried on those lines and `killed` of them noticed; 0 mutants where
    none can be made. `runs` counts the fresh processes that it passed in, on `pythons`.
    `suite` says in words with what it was run together.
    """

    lines: tuple[int, ...] = ()
    branches: tuple[str, ...] = ()
    mutants: int = Field(default=0, ge=0)
    killed: int = Field(default=0, ge=0)
    runs: int = Field(default=0, ge=0)
    pythons: tuple[str, ...] = ()
    suite: str = ""


class TestCase(Wire):
    """A proposed test and what is known of it.

    `imports` are the lines it needs at the top of its file, `path` is that file. `target` is
    what it tests, `file.py` or `file.py::qual.name`.
    """

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
    imports: tuple[str, ...] = ()
    path: str = ""
    target: str = ""
    evidence: Evidence | None = None


class SuspectedBug(Wire):
    """An example of the documentation that the code contradicts; no test pins what it does.

    `line` is the example's in the measured tree, null where it is not found there. `expected` is
    what the example says, `got` what it gives.
    """

    file_path: str
    function: str | None = None
    line: int | None = Field(default=None, ge=1)
    example: str
    expected: str
    got: str
