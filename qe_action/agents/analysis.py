"""One run of the coverage analysis, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from itertools import islice

from qe_action.agents.options import AnalysisOptions
from qe_action.agents.result import changed_but_unmeasured, file_summaries, gates, share
from qe_action.analysis.collect import Collector, Detail
from qe_action.analysis.gaps import find_gaps, patch_counts
from qe_action.analysis.path_report import PathReport, diagnose
from qe_action.analysis.paths import Match, PathFilter, PathMapper, is_test_or_migration
from qe_action.analysis.source import Regions, python_regions, reported_regions
from qe_action.errors import QEError
from qe_action.events import (
    BASE_LINE,
    AnalysisComplete,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    Anchor,
    Conclusion,
    Counts,
    Gap,
    GapFound,
    Measured,
)
from qe_action.journal import WorstGaps
from qe_action.workspace.change import Change
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.report_file import Report

OTHER_FILES = 50
"""Of how many unchanged files, the worst, the gaps are looked for."""
OTHER_GAPS = 100
"""How many gaps of unchanged files are sent."""
GAPS_A_TURN = 200
"""How many gaps are sent before others get their turn in the event loop."""
REREAD_AT_ONCE = 500
"""How many files that recur in a report are merged in one further pass, to bound memory."""


class Analysis:
    """The state of one analysis, and the events it gives."""

    def __init__(
        self,
        options: AnalysisOptions,
        report: Report,
        checkout: Checkout,
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._report = report
        self._checkout = checkout
        self._clock = clock
        self._started = clock()
        self._percent = -1
        self._change: Change | None = None
        self._mapper: PathMapper | None = None
        self._paths = PathReport()
        self._collector: Collector | None = None
        self._whole = False
        self._gaps = WorstGaps()
        self._gap_counts: dict[str, int] = {}
        self._gaps_in_diff = 0
        self._emitted = 0
        self._patches: dict[str, Counts] = {}
        self._notes: list[str] = []

    async def events(self) -> AsyncGenerator[AnalyzerEvent, None]:
        """The whole stream. It ends in one `complete`, also when it fails or is cancelled."""
        conclusion: Conclusion = "finished"
        try:
            async for event in self._prepare():
                yield event
            try:
                async for event in self._read():
                    yield event
            except QEError as error:
                # What was read before is worth showing: the gaps of it follow.
                conclusion = "failed"
                yield self._error(error, recoverable=bool(self._files))
            async for event in self._rank():
                yield event
        except QEError as error:
            yield self._error(error, recoverable=False)
            yield self._complete("failed")
        except asyncio.CancelledError:
            self._notes.append(f"The run was cancelled after {self._files} files.")
            yield self._complete("cancelled")
            raise
        else:
            yield self._complete(conclusion)

    @property
    def _files(self) -> int:
        return len(self._collector.files) if self._collector else 0

    async def _prepare(self) -> AsyncIterator[AnalyzerEvent]:
        for event in self._progress(0, "Comparing with the base"):
            yield event
        self._change = await self._checkout.change()
        self._notes.extend(self._change.notes)
        index = await self._checkout.index()
        options = self._options
        self._mapper = PathMapper(
            index, source_roots=options.source_roots, sources=(), workspaces=options.workspaces
        )
        self._collector = Collector(
            self._placing(self._mapper, PathFilter(options.include, options.exclude)),
            changed=self._change.diff.files if self._change.diff else frozenset(),
            shown=lambda path: not is_test_or_migration(path),
            worst=None if options.all_files else OTHER_FILES,
        )

    def _placing(self, mapper: PathMapper, globs: PathFilter) -> Callable[[str], str | None]:
        """A file that the repository lacks keeps the report's name and counts all the same."""

        def place(path: str) -> str | None:
            found = mapper.resolve(path)
            name = found.path if isinstance(found, Match) else path
            if not globs.allows(name):
                return None
            if self._collector is None or name not in self._collector.files:
                self._paths.record(path, found)
            return name

        return place

    async def _read(self) -> AsyncIterator[AnalyzerEvent]:
        """The pass over the report, and further ones for files that came in parts."""
        assert self._collector is not None
        assert self._mapper is not None
        for part in self._report.read():
            self._mapper.sources = tuple(self._report.sources)
            for file in part.files:
                self._collector.add(file)
            message = f"Read {self._files} files"
            for event in self._progress(part.fraction * 85, message):
                yield event
            await asyncio.sleep(0)
        recurring = sorted(self._collector.recurring)
        for at in range(0, len(recurring), REREAD_AT_ONCE):
            await self._reread(set(recurring[at : at + REREAD_AT_ONCE]))
        self._whole = True
        for event in self._progress(90, f"Read all {self._files} files"):
            yield event

    async def _reread(self, wanted: set[str]) -> None:
        assert self._collector is not None
        parts = self._collector.parts(wanted)
        for part in self._report.read():
            for file in part.files:
                parts.add(file)
            await asyncio.sleep(0)
        self._collector.add_merged(parts)

    async def _rank(self) -> AsyncIterator[AnalyzerEvent]:
        """Gaps of the changed files, worst first, then those of the worst other files."""
        if self._collector is None:
            return
        changed, others = self._ordered(self._collector)
        allowed = OTHER_GAPS
        total = len(changed) + len(others)
        for number, detail in enumerate(changed + others, 1):
            limited = number > len(changed) and not self._options.all_files
            for gap in islice(self._gaps_of(detail), allowed if limited else None):
                allowed -= limited
                yield self._found(gap)
                if self._emitted % GAPS_A_TURN == 0:
                    await asyncio.sleep(0)
            for event in self._progress(90 + 9 * number / total, "Looking for gaps"):
                yield event
            await asyncio.sleep(0)
        for event in self._progress(100, f"Analysed {self._files} files"):
            yield event

    def _ordered(self, collector: Collector) -> tuple[list[Detail], list[Detail]]:
        """The changed files and the others, each worst first."""
        diff = self._change.diff if self._change else None
        changed: list[Detail] = []
        others: list[Detail] = []
        for path, detail in collector.details.items():
            if diff is None or path not in diff.files:
                others.append(detail)
                continue
            self._patches[path] = patch_counts(detail, diff.added(path))
            changed.append(detail)

        def missed(path: str) -> int:
            return collector.files[path].statements - collector.files[path].covered

        def patch_missed(path: str) -> int:
            patch = self._patches[path]
            return patch.missed + patch.branches - patch.covered_branches

        changed.sort(key=lambda d: (-patch_missed(d.path), -missed(d.path), d.path))
        self._patches = {detail.path: self._patches[detail.path] for detail in changed}
        others.sort(key=lambda d: (-missed(d.path), d.path))
        return changed, others

    def _gaps_of(self, detail: Detail) -> Iterator[Gap]:
        if detail.complete or is_test_or_migration(detail.path):
            return
        diff = self._change.diff if self._change else None
        added = diff.added(detail.path) if diff else frozenset()
        for gap in find_gaps(detail, self._regions(detail), added):
            yield gap.model_copy(update={"anchor": self._anchor(gap)})

    def _regions(self, detail: Detail) -> Regions:
        if detail.path.endswith((".py", ".pyi")):
            source = self._checkout.source(detail.path)
            regions = python_regions(source) if source is not None else None
            if regions is not None:
                return regions
        return reported_regions(detail.functions)

    def _anchor(self, gap: Gap) -> Anchor | None:
        """Where the gap stands at the pull request's head."""
        assert self._change is not None
        if self._change.line_map is None:
            return None
        found = self._change.line_map.range_to_head(gap.file_path, gap.line_start, gap.line_end)
        if found is None:
            return None
        path, start, end = found
        ways = tuple(self._way_at_head(gap.file_path, way) for way in gap.missing_branches)
        return Anchor(path=path, line_start=start, line_end=end, missing_branches=ways)

    def _way_at_head(self, path: str, way: str) -> str:
        """A branch's target with the line it has at the head."""
        if not (way.isdecimal() and self._change and self._change.line_map):
            return way
        found = self._change.line_map.to_head(path, int(way))
        return str(found[1]) if found else BASE_LINE

    def _found(self, gap: Gap) -> GapFound:
        self._emitted += 1
        self._gap_counts[gap.file_path] = self._gap_counts.get(gap.file_path, 0) + 1
        self._gaps_in_diff += gap.in_diff
        self._gaps.add(gap)
        return GapFound(gap=gap)

    def _progress(self, percent: float, message: str) -> Iterator[AnalyzerProgress]:
        """At most one event for each whole percent: 101 a run."""
        if int(percent) <= self._percent:
            return
        self._percent = int(percent)
        yield AnalyzerProgress(
            percent=float(self._percent),
            message=message,
            files_analyzed=self._files,
            total_files=self._files if self._whole else None,
        )

    def _error(self, error: QEError, *, recoverable: bool) -> AnalyzerError:
        self._notes.append(error.message)
        return AnalyzerError(
            message=error.message,
            hint=error.hint,
            recoverable=recoverable,
            files_analyzed=self._files,
            gaps_found=self._emitted,
        )

    def _complete(self, conclusion: Conclusion) -> AnalysisComplete:
        """The result of what was gathered; figures of a report not read to its end are null."""
        collector, change = self._collector, self._change
        sums = collector.totals() if collector and self._whole else None
        totals = sums.wire() if sums else None
        patch = self._patch() if self._whole else None
        verdicts = gates(self._options, patch) if self._whole else ()
        target = self._options.target_coverage
        tree = change.tree if change else None
        return AnalysisComplete(
            conclusion=conclusion,
            overall_coverage=totals.percent if totals else None,
            line_coverage=totals.line_percent if totals else None,
            branch_coverage=totals.branch_percent if totals else None,
            function_coverage=share(sums.covered_functions, sums.functions) if sums else None,
            patch_coverage=patch.percent if patch else None,
            totals=totals,
            patch=patch,
            gaps=self._gaps.result(),
            total_gaps=self._emitted,
            gaps_in_diff=self._gaps_in_diff,
            files=file_summaries(collector, self._patches, self._gap_counts) if collector else (),
            total_files=self._files,
            gates=verdicts,
            measured=Measured(tree=tree.kind, sha=tree.sha, base_sha=tree.base_sha)
            if tree
            else None,
            meets_threshold=totals.reaches(target) if totals and target is not None else None,
            notes=tuple(self._all_notes()),
            analysis_time_ms=round((self._clock() - self._started) * 1000),
            framework=self._options.framework,
        )

    def _patch(self) -> Counts | None:
        """Counts of the changed lines; None where a changed file's lines are not known."""
        if self._change is None or self._change.diff is None or self._change.diff.incomplete:
            return None
        return sum(self._patches.values(), Counts(statements=0, covered=0))

    def _all_notes(self) -> Iterator[str]:
        yield from dict.fromkeys(self._notes)
        if self._mapper is not None:
            yield from (f"{sentence}." for sentence in diagnose(self._paths, self._mapper))
        if self._options.tests_failed:
            outcome = self._options.tests_outcome
            yield f"The tests ended with {outcome!r}, so the report may be partial."
        if self._whole and self._change and self._change.diff and self._collector:
            yield from changed_but_unmeasured(self._change.diff, self._collector.files)
