"""Gates: what a change must reach. Exact fractions are compared, never rounded percentages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

from qe_action.analysis.globs import PathFilter
from qe_action.errors import UsageError
from qe_action.events import Counts, GateResult
from qe_action.figures import beside

if TYPE_CHECKING:
    from qe_action.analysis.collect import FileCounts

Kind = Literal["patch", "project"]

NOTHING_CHANGED = "no statement was changed"
NO_FILE = "no file of the report matches the pattern"


@dataclass(frozen=True, slots=True)
class PathGate:
    """A minimum, in percent, for the files that `glob` (as in .gitignore) matches.

    `patch` asks for it of their changed statements and branches, `project` of all of them.
    """

    kind: Kind
    glob: str
    minimum: Decimal

    @property
    def name(self) -> str:
        return f"{self.kind} coverage of {self.glob}"


@dataclass(frozen=True, slots=True)
class DropFrom:
    """What a drop is measured from: the baseline's totals, or None and why there are none."""

    totals: Counts | None
    sha: str = ""
    why: str = "there is no baseline"

    @property
    def shown(self) -> str:
        """Its commit, where it has one."""
        return self.sha[:7] or "that was named"


def path_gate(line: str) -> PathGate:
    """The gate of a line `patch GLOB PERCENT` or `project GLOB PERCENT`.

    The first word is the kind and the last one the percentage; what is between is the glob,
    blanks in it included. Raises `UsageError`.
    """
    kind, _, rest = line.strip().partition(" ")
    glob, _, percent = rest.strip().rpartition(" ")
    minimum = minimum_of(percent)
    if kind in get_args(Kind) and glob.strip() and minimum is None:
        raise UsageError(
            f"The path gate {line!r:.100} ends in {percent!r:.40}, which is no percentage "
            "from 0 to 100.",
            anchor="inputs",
        )
    if kind not in get_args(Kind) or minimum is None or not glob.strip():
        raise UsageError(
            f"The path gate {line!r:.100} can't be read.",
            hint="Write `patch GLOB PERCENT` or `project GLOB PERCENT`, as in `patch src/** 90`.",
            anchor="inputs",
        )
    gate = PathGate("patch" if kind == "patch" else "project", glob.strip(), minimum)
    PathFilter((gate.glob,))  # raises where the glob can't be read
    return gate


def minimum_of(text: str) -> Decimal | None:
    """`80` or `80%`, of 0 to 100 with at most six decimals; None for anything else."""
    try:
        value = Decimal(text.strip().removesuffix("%"))
    except InvalidOperation:
        return None
    places = value.as_tuple().exponent
    return value if isinstance(places, int) and places >= -6 and 0 <= value <= 100 else None


def patch_gate(
    patch: Counts | None, minimum: Decimal, unmeasured: Sequence[str] = ()
) -> GateResult:
    """Whether at least `minimum` percent of the changed statements and branches are covered.

    `unmeasured` are changed sources that the report does not list and that nothing stands for.
    """
    return _patch("patch coverage", patch, minimum, unmeasured)


def project_gate(totals: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of all statements and branches are covered."""
    return _project("project coverage", totals, minimum, "the report has no statements")


def branch_gate(totals: Counts | None, minimum: Decimal) -> GateResult:
    """Whether at least `minimum` percent of all branches are taken."""
    name = "branch coverage"
    if totals is None or not totals.branches:
        return _unmeasured(name, minimum, "the report has no branches")
    return _judge(name, "branches", totals.covered_branches, totals.branches, minimum)


def drop_gate(totals: Counts | None, before: DropFrom, maximum: Decimal) -> GateResult:
    """Whether the project lost at most `maximum` percentage points since the baseline."""
    name = "project coverage drop"
    why = ""
    if totals is None or not totals.statements:
        why = "the report has no statements"
    elif before.totals is None:
        why = before.why
    elif not before.totals.statements:
        why = "the baseline has no statements"
    if why or totals is None or before.totals is None:
        return _unmeasured(name, maximum, why).model_copy(update={"kind": "drop"})
    covered, whole = _parts(totals)
    old = Fraction(*_parts(before.totals)) * 100
    lost = old - Fraction(covered, whole) * 100
    missing = math.ceil((old - Fraction(maximum)) * whole / 100) - covered
    said = f"{beside(lost, maximum, up=True)} points below" if lost > 0 else "not below"
    detail = f"{said} the baseline {before.shown}, at most {maximum:f} may be lost"
    if missing > 0:
        detail += f": {missing:,} more of the {whole:,} {_what(totals)} to cover"
    return GateResult(
        name=name,
        threshold=float(maximum),
        passed=lost <= Fraction(maximum),
        detail=detail,
        kind="drop",
        missing=max(missing, 0) or None,
    )


def path_gates(
    gates: Iterable[PathGate],
    patches: Mapping[str, Counts] | None,
    files: Mapping[str, FileCounts],
    unmeasured: Iterable[str] = (),
) -> tuple[GateResult, ...]:
    """The verdicts on parts of the project.

    `patches` are the changed files' counts of changed lines, None where those are not known.
    `unmeasured` is as for `patch_gate`.
    """
    return tuple(_path_gate(gate, patches, files, unmeasured) for gate in gates)


def _path_gate(
    gate: PathGate,
    patches: Mapping[str, Counts] | None,
    files: Mapping[str, FileCounts],
    unmeasured: Iterable[str],
) -> GateResult:
    allowed = PathFilter((gate.glob,)).allows
    if gate.kind == "project":
        figures = [counts[:4] for path, counts in files.items() if allowed(path)]
        if not figures:
            return _unmeasured(gate.name, gate.minimum, NO_FILE)
        statements, covered, branches, taken = map(sum, zip(*figures, strict=True))
        totals = Counts(
            statements=statements, covered=covered, branches=branches, covered_branches=taken
        )
        return _project(gate.name, totals, gate.minimum, "its files have no statements")
    lacking = [path for path in unmeasured if allowed(path)]
    if patches is None:
        return _patch(gate.name, None, gate.minimum, lacking)
    if not any(map(allowed, files)) and not lacking:
        return _unmeasured(gate.name, gate.minimum, NO_FILE)
    matching = (counts for path, counts in patches.items() if allowed(path))
    patch = sum(matching, Counts(statements=0, covered=0))
    return _patch(gate.name, patch, gate.minimum, lacking)


def _patch(
    name: str, patch: Counts | None, minimum: Decimal, unmeasured: Sequence[str]
) -> GateResult:
    if (patch is None or not patch.statements) and unmeasured:
        more = f" and {len(unmeasured) - 1:,} more" if len(unmeasured) > 1 else ""
        are = "are" if more else "is"
        return _unmeasured(name, minimum, f"{unmeasured[0]}{more} {are} not in the report")
    if patch is None:
        return _unmeasured(name, minimum, "the changed lines are not known")
    if not patch.statements:
        return _unmeasured(name, minimum, NOTHING_CHANGED)
    return _judge(name, f"changed {_what(patch)}", *_parts(patch), minimum)


def _project(name: str, totals: Counts | None, minimum: Decimal, empty: str) -> GateResult:
    if totals is None or not totals.statements:
        return _unmeasured(name, minimum, empty)
    return _judge(name, _what(totals), *_parts(totals), minimum)


def _parts(counts: Counts) -> tuple[int, int]:
    return counts.covered + counts.covered_branches, counts.statements + counts.branches


def _what(counts: Counts) -> str:
    return "statements and branches" if counts.branches else "statements"


def _judge(name: str, what: str, covered: int, whole: int, minimum: Decimal) -> GateResult:
    need = math.ceil(Fraction(minimum) * whole / 100)
    shown = beside(Fraction(covered * 100, whole), minimum)
    detail = f"{shown}% of the {what}, {minimum:f}% asked for"
    if covered < need:
        detail += f": {need - covered:,} more of the {whole:,} {what} to cover"
    return GateResult(
        name=name,
        threshold=float(minimum),
        passed=covered >= need,
        detail=detail,
        missing=need - covered if covered < need else None,
    )


def _unmeasured(name: str, minimum: Decimal, why: str) -> GateResult:
    return GateResult(name=name, threshold=float(minimum), passed=None, detail=why)
