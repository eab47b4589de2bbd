"""What an analysis has gathered so far, and the result that this makes."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from qe_action.agents.comparison import compared, with_digest
from qe_action.agents.options import AnalysisOptions
from qe_action.agents.result import Judged, changed_but_unmeasured, file_summaries, gates
from qe_action.agents.unmeasured_changes import Unmeasured
from qe_action.analysis.collect import Collector
from qe_action.analysis.deltas import Lookup
from qe_action.analysis.diff import Diff
from qe_action.analysis.doubts import Doubts
from qe_action.analysis.foreign_names import ForeignNames
from qe_action.analysis.globs import PathFilter
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.path_report import (
    PathReport,
    could_be_changed,
    diagnose,
    printable,
    report_of,
    used,
)
from qe_action.analysis.paths import Ambiguous, Match
from qe_action.analysis.unread_counts import UnreadCounts
from qe_action.errors import sentence
from qe_action.events import (
    AnalysisComplete,
    Conclusion,
    Counts,
    CriticalPath,
    FileSummary,
    Gap,
    GateResult,
    Measured,
    percentage,
)
from qe_action.journal import WorstGaps
from qe_action.place import setting
from qe_action.reports.model import FileLines
from qe_action.text import plural
from qe_action.workspace.change import Change

PATHS_IN_RESULT = 50
"""How many critical paths, the worst, the result holds."""

_GLOBS = ("include", "exclude")
_ENDED = {"failure": "failed", "cancelled": "were cancelled", "skipped": "were skipped"}
UNMEASURED_IN_RESULT = 20
"""How many changed files that the report does not list the result names."""


@dataclass(slots=True)
class Accumulator:
    """Filled step by step; `complete` may be asked for at any moment.

    `whole` says that the report was read to its end: figures of less than that are unknown.
    `written` is when the report was written. `patches` are the changed files' counts, worst
    first, once they are known. `foreign` are the files that the repository lacks or that
    can't be placed, `ambiguous` those of them that could be one of its files, `left_out`
    those that the globs leave out. `unmeasured` is what became of changed files that the report
    does not list, `misfit` says why it is one of something else. `lookup` is what came of looking
    for a baseline, None where nobody looked.
    """

    options: AnalysisOptions
    change: Change | None = None
    mapper: PathMapper | None = None
    collector: Collector | None = None
    whole: bool = False
    patches: dict[str, Counts] | None = None
    notes: list[str] = field(default_factory=list)
    total_gaps: int = 0
    gaps_in_diff: int = 0
    foreign: set[str] = field(default_factory=set)
    ambiguous: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    unmeasured: Unmeasured = field(default_factory=Unmeasured)
    misfit: str = ""
    lookup: Lookup | None = None
    doubts: Doubts = field(default_factory=Doubts)
    unresolved_calls: int = 0
    written: float | None = None
    label: str = ""
    _names: ForeignNames | None = None
    _globs: PathFilter = field(default_factory=PathFilter)
    _gap_counts: dict[str, int] = field(default_factory=dict)
    _worst: WorstGaps = field(default_factory=WorstGaps)
    _critical: list[CriticalPath] = field(default_factory=list)

    @property
    def files(self) -> int:
        return len(self.collector.files) if self.collector else 0

    @property
    def diff(self) -> Diff | None:
        return self.change.diff if self.change else None

    def placing(self, mapper: PathMapper, globs: PathFilter) -> Callable[[FileLines], str | None]:
        """A file that the repository lacks keeps the report's name and counts all the same."""
        self.foreign.clear()
        self.ambiguous.clear()
        self.left_out.clear()
        self._names, self._globs = ForeignNames(mapper.tree.index), globs

        def place(file: FileLines) -> str | None:
            name = file.placed or self._name(file, mapper)
            if not globs.allows(name):
                self.left_out.add(name)
                return None
            return name

        return place

    def _name(self, file: FileLines, mapper: PathMapper) -> str:
        found = mapper.resolve(file.path, group=file.group, package=file.package, lines=file.hits)
        if isinstance(found, Match) and (mapper.tree.known or not file.group):
            return found.path
        assert self._names is not None
        sources = mapper.bases.sources
        name = self._names.name(
            found.path if isinstance(found, Match) else file.path,
            group=file.group,
            package=file.package,
            report=mapper.report,
            label=self.label,
            source=sources[0] if len(sources) == 1 else "",
        )
        self.foreign.add(name)
        if isinstance(found, Ambiguous):
            self.ambiguous.add(name)
        return name

    def add_gap(self, gap: Gap) -> None:
        """Count a gap that is being sent."""
        self.total_gaps += 1
        self.gaps_in_diff += gap.in_diff
        self._gap_counts[gap.file_path] = self._gap_counts.get(gap.file_path, 0) + 1
        self._worst.add(gap)

    def add_path(self, path: CriticalPath) -> None:
        """Keep a critical path that is being sent, if it is one of the worst."""
        insort(self._critical, path, key=lambda each: each.rank)
        del self._critical[PATHS_IN_RESULT:]

    def complete(self, conclusion: Conclusion, analysis_time_ms: int) -> AnalysisComplete:
        """The result of what was gathered."""
        sums = self.collector.files.totals() if self.collector and self.whole else None
        totals = sums.wire() if sums else None
        paths = self._paths()
        patch = self._patch(paths)
        target = self.options.target_coverage
        result = AnalysisComplete(
            conclusion=conclusion,
            overall_coverage=totals.percent if totals else None,
            line_coverage=totals.line_percent if totals else None,
            branch_coverage=totals.branch_percent if totals else None,
            function_coverage=percentage(sums.covered_functions, sums.functions) if sums else None,
            patch_coverage=patch.percent if patch else None,
            totals=totals,
            patch=patch,
            gaps=self._worst.result(),
            total_gaps=self.total_gaps,
            gaps_in_diff=self.gaps_in_diff,
            critical_paths=tuple(self._critical),
            files=self._summaries(),
            total_files=self.files,
            gates=self._gates(patch, totals, self._unsettled(paths) if paths else ""),
            measured=self._measured(),
            unmeasured=tuple(self.unmeasured.names[:UNMEASURED_IN_RESULT]),
            misfit=self.misfit,
            meets_threshold=totals.reaches(target) if totals and target is not None else None,
            notes=tuple(dict.fromkeys(self._all_notes(paths))),
            tests_failed=self.options.tests_failed,
            analysis_time_ms=analysis_time_ms,
            framework=self.options.framework,
        )
        return self._against_baseline(result)

    def _gates(
        self, patch: Counts | None, totals: Counts | None, unsettled: str
    ) -> tuple[GateResult, ...]:
        if self.collector is None or not self.whole:
            return ()
        judged = Judged(
            patch,
            totals,
            self.patches,
            self.collector.files,
            self.lookup,
            unfit=self.doubts.unfit,
            miscounted=self.collector.stale,
            unsettled=unsettled,
            unread=self._unread(self.collector),
            unmeasured=self.unmeasured.names,
            misfit=self.misfit,
        )
        return gates(self.options, judged)

    def _unread(self, collector: Collector) -> UnreadCounts:
        changed = self.diff.files if self.diff else {}
        return UnreadCounts(
            collector.unreadable, collector.unkept & changed.keys(), collector.beyond
        )

    def _against_baseline(self, result: AnalysisComplete) -> AnalysisComplete:
        """The result with deltas and digest; what may be partial has neither."""
        finished = self.whole and result.conclusion == "finished" and not self.misfit
        if self.collector is None or not finished or self.options.tests_failed:
            return result
        files = self.collector.files
        if self.lookup is not None:
            result = compared(result, self.lookup, self.diff, files)
        if not self.options.keeps_digest:
            return result
        return with_digest(result, self.options.key, files)

    def _paths(self) -> PathReport | None:
        """What became of the reports' paths; None where there was nothing to look them up in."""
        return report_of(self.mapper, self._globs.allows) if self.mapper else None

    def _unsettled(self, paths: PathReport) -> str:
        """Why the changed files can't all be told from the report's paths; empty where they can."""
        if self.mapper is None or self.diff is None or self.collector is None:
            return ""
        if not self.mapper.tree.known:
            return ""
        if paths.total and not paths.matched:
            return "no path of the report is one of the repository"
        changed = {
            path
            for path, change in self.diff.files.items()
            if change.status != "deleted" and (change.added or not change.lines_known)
        }
        found = could_be_changed(paths, self.mapper.tree, changed, self.collector.files)
        if found is None:
            return ""
        path, file = map(printable, found)
        return f"{path} of the report could be {file}, which is changed"

    def _patch(self, paths: PathReport | None) -> Counts | None:
        """Counts of the changed lines; None where not all of them are known."""
        if not self.whole or self.patches is None or self.diff is None:
            return None
        if self.diff.incomplete or not self.diff.whole:
            return None
        if self.unmeasured.unknown or self.misfit:
            return None
        if paths is not None and self._unsettled(paths):
            return None
        return sum(self.patches.values(), Counts(statements=0, covered=0))

    def _summaries(self) -> tuple[FileSummary, ...]:
        if self.collector is None:
            return ()
        lacking = self.unmeasured.details
        return file_summaries(self.collector, self.patches or {}, self._gap_counts, lacking)

    def _measured(self) -> Measured | None:
        if self.change is None:
            return None
        tree = self.change.tree
        return Measured(tree=tree.kind, sha=tree.sha, base_sha=tree.base_sha)

    def _about(self, paths: PathReport, mapper: PathMapper) -> Iterator[str]:
        """What the paths were taken as, what did not match, and what that leaves unknown."""
        if not self.misfit:
            yield from used(paths)
        yield from diagnose(paths, mapper, self.options.place)
        if self.whole and paths.matched and (why := self._unsettled(paths)):
            yield f"Patch coverage is unknown: {why}"

    def _all_notes(self, paths: PathReport | None) -> Iterator[str]:
        yield from self.notes
        if self.mapper is not None and paths is not None:
            yield from map(sentence, self._about(paths, self.mapper))
        tree = self.mapper.tree if self.mapper else None
        for root in self.options.source_roots:
            if tree is not None and tree.known and not tree.index.has_folder(root):
                yield f"The repository has no file below the source-root {root}."
        if self.left_out and not self.files:
            both = " and ".join(setting(self.options.place, name) for name in _GLOBS)
            yield f"{both} leave out all {len(self.left_out)} files of the report."
        if self.options.tests_failed:
            outcome = self.options.tests_outcome
            how = _ENDED.get(outcome, f"ended with {outcome!r}")
            yield f"The tests {how}, so the report may be partial."
        yield from self.doubts.notes()
        if self.collector is not None:
            yield from self._unread(self.collector).notes()
        if self._critical and self.unresolved_calls:
            calls = plural(self.unresolved_calls, "call")
            yield f"Critical paths leave out {calls} whose target the sources don't tell."
        yield from self.unmeasured.notes()
        if self.collector:
            yield from changed_but_unmeasured(self.unmeasured.outside, self.collector.files)
