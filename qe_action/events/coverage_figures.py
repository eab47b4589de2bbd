"""Coverage as the events tell it: counts, files, and the comparison with an earlier analysis."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from qe_action.events.base import Wire

MISFIT = "the report does not fit this repository"
"""What a result says of a report of something else, before the figures."""


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


HISTORY_LIMIT = 20
"""How many of the last baselines are kept and shown."""


class CoveragePoint(Wire):
    """The project's coverage at an earlier baseline: `covered` of `whole` lines and branches.

    `after_gap` says that commits between it and the baseline before have none.
    """

    sha: str = Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")  # a schema's: clients know no `\z`
    covered: int = Field(ge=0, le=10**12)
    whole: int = Field(ge=0, le=10**12)
    after_gap: bool = False

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.covered > self.whole:
            raise ValueError("more is covered than there is")
        return self

    @property
    def percent(self) -> float | None:
        return percentage(self.covered, self.whole)


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
