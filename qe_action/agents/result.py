"""The parts of the analysis' result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from qe_action.agents.options import GateOptions
from qe_action.analysis.collect import Collector, Detail, FileCounts
from qe_action.analysis.deltas import Lookup
from qe_action.analysis.gate import (
    DropFrom,
    Kind,
    PathGate,
    branch_gate,
    drop_gate,
    patch_gate,
    path_gates,
    project_gate,
)
from qe_action.analysis.globs import PathFilter
from qe_action.analysis.unread_counts import NOTHING_UNREAD, UnreadCounts
from qe_action.events import Counts, FileSummary, GateResult
from qe_action.text import plural

OTHER_SUMMARIES = 20
"""How many unchanged files, the worst, the result lists."""
NAMED = 5
"""How many file names a note lists."""


Allowed = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gates look at: the counts of the change and of all, both by file too.

    `patch` and `patches` are None where the changed lines are not known. `unfit` are the files
    that were measured in another version, so that their changed lines can't be told; the
    figures of those `miscounted` are wrong altogether. `unsettled` says why the report's paths
    leave open which lines are the changed ones. `unmeasured` are changed sources that the report
    does not list and no figure stands for, and `misfit` says why the whole report is taken for
    one of something else.
    """

    patch: Counts | None
    totals: Counts | None
    patches: Mapping[str, Counts] | None
    files: Mapping[str, FileCounts]
    lookup: Lookup | None = None
    unfit: Collection[str] = ()
    miscounted: Collection[str] = ()
    unread: UnreadCounts = NOTHING_UNREAD
    unsettled: str = ""
    unmeasured: Sequence[str] = ()
    misfit: str = ""

    def unreadable(self, kind: Kind, whole: int, allowed: Allowed = lambda _: True) -> str:
        """Why a gate on the files among those `allowed`, `whole` in all, can't be judged."""
        if kind == "project":
            return self.unread.obstacle(kind, allowed, whole)
        changed = {*(self.patches or ()), *self.unread.unkept}
        return self.unread.obstacle(kind, lambda path: path in changed and allowed(path), 0)

    def unsound(self, kind: Kind, allowed: Allowed = lambda _: True) -> str:
        """What else keeps a gate on these files from being judged; mostly nothing."""
        if kind == "patch" and self.unsettled:
            return self.unsettled
        files = set(self.miscounted)
        if kind == "patch":
            files = (files | set(self.unfit)) & set(self.patches or ())
        found = sorted(filter(allowed, files))
        if not found:
            return ""
        more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
        return f"the report is not of this version of {found[0]}{more}"

    @property
    def before(self) -> DropFrom:
        """What a drop is measured from."""
        if self.lookup is None:
            return DropFrom(None, why="there is no GitHub to find a baseline on")
        digest = self.lookup.digest
        if digest is None:
            return DropFrom(None, why="no baseline was found")
        return DropFrom(digest.totals.wire(), sha=digest.sha)


def gates(options: GateOptions, judged: Judged) -> tuple[GateResult, ...]:
    """The verdicts of the gates that are set, one by one. A red test suite gives none."""
    patch = partial(patch_gate, unmeasured=judged.unmeasured)
    totals = judged.totals
    branches = totals.branches if totals else 0
    whole = branches + totals.statements if totals else 0
    of_patch = judged.unsound("patch") or judged.unreadable("patch", 0)
    of_all, of_branches = (
        judged.unsound("project") or judged.unreadable("project", n) for n in (whole, branches)
    )
    table = (
        (patch, judged.patch, options.min_patch_coverage, of_patch),
        (project_gate, totals, options.min_project_coverage, of_all),
        (branch_gate, totals, options.min_branch_coverage, of_branches),
    )
    verdicts = [
        _sound(gate(counts, minimum), against)
        for gate, counts, minimum, against in table
        if minimum is not None
    ]
    if options.max_drop is not None:
        verdicts.append(_sound(drop_gate(totals, judged.before, options.max_drop), of_all))
    patches = judged.patches if judged.patch is not None else None
    found = path_gates(options.path_gates, patches, judged.files, judged.unmeasured)
    for gate, verdict in zip(options.path_gates, found, strict=True):
        verdicts.append(_sound(verdict, _against(gate, judged)))
    why = judged.misfit
    if options.tests_failed:
        why = f"the tests ended with {options.tests_outcome!r}"
    if not why:
        return tuple(verdicts)
    return tuple(_unjudged(verdict, why) for verdict in verdicts)


def _against(gate: PathGate, judged: Judged) -> str:
    """What keeps a gate on a part of the project from being judged."""
    allowed = PathFilter((gate.glob,)).allows
    whole = 0
    if gate.kind == "project" and judged.unread.files:
        counted = (counts for path, counts in judged.files.items() if allowed(path))
        whole = sum(counts.statements + counts.branches for counts in counted)
    return judged.unsound(gate.kind, allowed) or judged.unreadable(gate.kind, whole, allowed)


def _sound(verdict: GateResult, why: str) -> GateResult:
    """The verdict, if nothing keeps it from being one."""
    return _unjudged(verdict, why) if why else verdict


def _unjudged(verdict: GateResult, why: str) -> GateResult:
    return verdict.model_copy(
        update={"passed": None, "detail": f"not judged, as {why}", "missing": None}
    )


def file_summaries(
    collector: Collector,
    patches: Mapping[str, Counts],
    gaps: Mapping[str, int],
    unmeasured: Mapping[str, Detail],
) -> tuple[FileSummary, ...]:
    """Every changed file of the report, worst first, then the worst of the others.

    Among the changed ones are those `unmeasured` that count all the same.
    """

    def summary(path: str) -> FileSummary:
        lacking = unmeasured.get(path)
        counts = Counts(statements=len(lacking.lines), covered=0) if lacking else None
        return FileSummary(
            path=path,
            counts=counts or collector.files[path].wire(),
            patch=patches.get(path),
            gaps=gaps.get(path, 0),
            measured=lacking is None,
        )

    others = [
        (counts.covered - counts.statements, path)
        for path, counts in collector.files.items()
        if path not in patches and counts.covered < counts.statements
    ]
    worst = [path for _, path in sorted(others)[:OTHER_SUMMARIES]]
    return tuple(summary(path) for path in (*patches, *worst))


def changed_but_unmeasured(paths: Iterable[str], measured: Collection[str]) -> Iterator[str]:
    """A note about those changed sources, outside of the report, that are of measured kinds."""
    kinds = {PurePosixPath(path).suffix for path in measured} - {""}
    missing = sorted(path for path in paths if PurePosixPath(path).suffix in kinds)
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        names = ", ".join(missing[:NAMED])
        files = plural(len(missing), "changed file is", "changed files are")
        yield f"{files} not in the report: {names}{more}."
