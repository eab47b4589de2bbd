"""One run of the coverage analysis, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence

from qe_action.agents.accumulator import Accumulator
from qe_action.agents.baseline_search import Baselines, BaselineSearch
from qe_action.agents.options import AnalysisOptions
from qe_action.agents.ranking import OTHER_FILES, Ranking, Step
from qe_action.agents.told_files import ToldFiles
from qe_action.agents.unmeasured_changes import Search
from qe_action.analysis.collect import Collector
from qe_action.analysis.coverage_paths import read_aliases
from qe_action.analysis.globs import PathFilter, is_test_or_migration
from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import PathIndex
from qe_action.analysis.source_lines import excludes
from qe_action.analysis.unmeasured_files import misfit
from qe_action.errors import QEError
from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    Conclusion,
    FileLinesTold,
)
from qe_action.reports.model import Part
from qe_action.text import plural
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.report_file import Report
from qe_action.workspace.sources import Foreign, Sources

REREAD_AT_ONCE = 600_000
"""Size of the files that recur and are merged in one further pass, to bound memory."""


class Analysis:
    """The state of one analysis, and the events it gives."""

    def __init__(
        self,
        options: AnalysisOptions,
        report: Report,
        checkout: Checkout,
        clock: Callable[[], float],
        baselines: Baselines | None = None,
    ) -> None:
        self._options = options
        self._report = report
        self._checkout = checkout
        self._clock = clock
        self._started = clock()
        self._percent = -1
        self._found = Accumulator(options)
        self._search = BaselineSearch(baselines)
        self._told: ToldFiles | None = None

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
                yield self._error(error, recoverable=bool(self._found.files))
            async for event in self._rank():
                yield event
            self._found.lookup = await self._search.result()
        except QEError as error:
            yield self._error(error, recoverable=False)
            yield self._complete("failed")
        except asyncio.CancelledError:
            self._found.notes.append(
                f"The run was cancelled after {plural(self._found.files, 'file')}."
            )
            yield self._complete("cancelled")
            raise
        else:
            yield self._complete(conclusion)
        finally:
            self._search.close()

    async def _prepare(self) -> AsyncIterator[AnalyzerEvent]:
        for event in self._progress(0, "Comparing with the base"):
            yield event
        found, options = self._found, self._options
        found.change = await self._checkout.change()
        found.notes.extend(found.change.notes)
        self._search.begin(found.change.tree.base_sha, options.key)
        found.mapper = self._mapper(await self._checkout.index())

    def _collector(self) -> Collector:
        """An empty collection of what the report has."""
        found, options = self._found, self._options
        assert found.mapper is not None
        return Collector(
            found.placing(found.mapper, PathFilter(options.include, options.exclude)),
            changed=found.diff.files if found.diff else frozenset(),
            shown=lambda path: not is_test_or_migration(path),
            worst=None if options.all_files else OTHER_FILES,
        )

    def _mapper(self, index: PathIndex | None) -> PathMapper:
        options, checkout = self._options, self._checkout
        tree = Tree.of(
            index,
            workspaces=(*options.workspaces, *filter(None, [checkout.top])),
            source_roots=options.source_roots,
            working=options.working,
            aliases=read_aliases(checkout.source, working=options.working),
            target=checkout.link,
        )
        return PathMapper(tree, excluded=self._excluded)

    def _excluded(self, file: str, lines: Sequence[int]) -> bool:
        """Whether a file of the checkout can't have these lines."""
        content = self._checkout.source(file)
        return content is not None and excludes(file, content, lines)

    async def _read(self) -> AsyncIterator[AnalyzerEvent]:
        """The pass over the report, and further ones for files that came in parts.

        Where the whole report gives paths another meaning than they had at first, it is read
        once more.
        """
        mapper = self._found.mapper
        assert mapper is not None
        for _ in range(2):
            collector = self._found.collector = self._collector()
            async for event in self._pass(collector, mapper):
                yield event
            if not mapper.settle():
                break
        diff = self._found.diff
        if self._options.lines:
            self._told = ToldFiles(collector, diff.files if diff else ())
        told = self._told
        if told is not None:
            async for event in self._tell(told, mapper):
                yield event
        for wanted in _batches(collector):
            for event in await self._reread(collector, wanted):
                yield event
        self._found.notes.extend(collector.defects.notes("the merged files"))
        self._found.notes.extend(told.notes() if told else ())
        self._found.doubts.stale |= collector.stale
        self._found.whole = True
        self._found.written = self._report.written
        self._compare()
        for event in self._progress(90, f"Read all {plural(self._found.files, 'file')}"):
            yield event

    async def _pass(self, collector: Collector, mapper: PathMapper) -> AsyncIterator[AnalyzerEvent]:
        for part in self._parts(mapper):
            for take in part.one_by_one():
                collector.add(take())
            message = f"Read {plural(self._found.files, 'file')}"
            for event in self._progress(part.fraction * 85, message):
                yield event
            await asyncio.sleep(0)

    def _compare(self) -> None:
        """What of the change the report lacks, and whether it is about this repository at all."""
        found = self._found
        assert found.collector is not None
        assert found.mapper is not None
        if (index := found.mapper.index) is not None:
            unchecked = self._mapper(None)
            unchecked.begin(sources=self._report.sources)
            foreign = Foreign(unchecked, self._checkout)
            misfits = misfit(
                found.collector.files,
                found.foreign,
                lambda name: name in found.ambiguous or foreign.is_here(name),
            )
            found.misfit = str(misfits or "")
        if found.diff is None or found.misfit:
            return
        edited = found.change is not None and found.change.tree.kind == "worktree"
        search = Search(self._options, self._checkout, found.written if edited else None)
        files = set(index or ())
        found.unmeasured = search.find(found.diff, found.collector, found.foreign, files)

    async def _tell(self, told: ToldFiles, mapper: PathMapper) -> AsyncIterator[AnalyzerEvent]:
        """A pass that tells each file that came in one part: only now it is known to be whole."""
        for part in self._parts(mapper):
            for take in part.one_by_one():
                for event in told.of(take()):
                    yield event
            await asyncio.sleep(0)

    async def _reread(self, collector: Collector, wanted: set[str]) -> list[FileLinesTold]:
        """Merge the files `wanted`; what there is to tell of their lines."""
        mapper = self._found.mapper
        assert mapper is not None
        parts = collector.parts(wanted)
        for part in self._parts(mapper):
            for take in part.one_by_one():
                parts.add(take(), part.report)
            await asyncio.sleep(0)
        events: list[FileLinesTold] = []
        if self._told is None:
            collector.add_merged(parts)
        else:
            tell = self._told.event
            collector.add_merged(parts, lambda path, file: events.extend(tell(path, file)))
        self._found.doubts.disagreeing |= parts.disagreeing
        return events

    def _parts(self, mapper: PathMapper) -> Iterator[Part]:
        """The report's parts in turn, the mapper ready for each."""
        for part in self._report.read(Sources(mapper, self._checkout)):
            mapper.begin(part.report, place=self._report.place, sources=self._report.sources)
            self._found.label = part.label
            yield part

    async def _rank(self) -> AsyncIterator[AnalyzerEvent]:
        """The gaps, while the progress goes from 90 on."""
        if self._found.collector is None or not (self._found.files or self._found.whole):
            return
        told = self._told
        ranking = Ranking(self._found, self._checkout, taken=told.bytes if told else 0)
        async for step in ranking.steps():
            if isinstance(step, Step):
                for event in self._progress(90 + 9 * step.fraction, step.message):
                    yield event
                await asyncio.sleep(0)
            else:
                yield step
        for event in self._progress(100, f"Analysed {plural(self._found.files, 'file')}"):
            yield event

    def _progress(self, percent: float, message: str) -> Iterator[AnalyzerProgress]:
        """At most one event for each whole percent: 101 a run."""
        if int(percent) <= self._percent:
            return
        self._percent = int(percent)
        yield AnalyzerProgress(
            percent=float(self._percent),
            message=message,
            files_analyzed=self._found.files,
            total_files=self._found.files if self._found.whole else None,
        )

    def _error(self, error: QEError, *, recoverable: bool) -> AnalyzerError:
        self._found.notes.append(error.message)
        return AnalyzerError(
            message=error.message,
            hint=error.hint,
            recoverable=recoverable,
            files_analyzed=self._found.files,
            gaps_found=self._found.total_gaps,
        )

    def _complete(self, conclusion: Conclusion) -> AnalysisComplete:
        self._found.notes.extend(self._report.notes)
        return self._found.complete(conclusion, round((self._clock() - self._started) * 1000))


def _batches(collector: Collector) -> Iterator[set[str]]:
    """The recurring files, parted so that no further pass holds too many lines at once."""
    batch: set[str] = set()
    statements = 0
    for path in sorted(collector.recurring):
        statements += collector.largest[path]
        if batch and statements > REREAD_AT_ONCE:
            yield batch
            batch, statements = set(), collector.largest[path]
        batch.add(path)
    if batch:
        yield batch
