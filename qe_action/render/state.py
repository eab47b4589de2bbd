"""Events folded into what can be shown at any moment."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    BugSuspected,
    CriticalPath,
    Event,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    FileLinesTold,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    History,
    SuspectedBug,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestProposed,
    TestRejected,
    TestsCollected,
    TestSlow,
    keep_worst,
)

IN_DIFF_KEPT = 1000
"""How many gaps in changed lines, the worst, are kept for showing."""
ELSEWHERE_KEPT = 200
"""How many other gaps, the worst, are kept for showing."""
BUGS_KEPT = 100
"""How many suspected bugs are kept."""
ERRORS_KEPT = 20
"""How many errors of the generation are kept."""
PATHS_KEPT = 50
"""How many critical paths, the worst, are kept."""


FAILURES_KEPT = 200
"""How many failures of tests, the first, are kept with what they say."""
NEW: History = "new"
KNOWN: History = "known"
SKIPPED_KEPT = 100
"""How many skipped tests are kept."""


@dataclass(slots=True)
class Executed:
    """What is known of the tests that are run.

    `failures` are those that failed and are not flaky, `flaky` those that passed when they were
    run again, `slow` those slower than at the base.
    """

    progress: ExecutorProgress | None = None
    collected: TestsCollected | None = None
    failures: list[TestFinished] = field(default_factory=list)
    skipped: list[TestFinished] = field(default_factory=list)
    flaky: list[TestFlaky] = field(default_factory=list)
    slow: list[TestSlow] = field(default_factory=list)
    errors: list[ExecutorError] = field(default_factory=list)
    result: ExecutionComplete | None = None

    @property
    def begun(self) -> bool:
        return bool(self.progress or self.collected or self.failures or self.errors or self.result)

    @property
    def running(self) -> bool:
        return self.begun and self.result is None

    @property
    def failed(self) -> int:
        """How many failures there are but for the flaky tests; not all of them need be kept."""
        result, progress = self.result, self.progress
        counts = result.counts if result else progress.counts if progress else TestCounts()
        flaky = max(len(self.flaky), len(result.flaky) if result else 0)
        return max(counts.bad - flaky, len(self.failures), len(result.failures) if result else 0)

    def fold(self, event: ExecutorEvent) -> None:
        """Take one event in."""
        match event:
            case ExecutorProgress():
                self.progress = event
            case TestsCollected():
                self.collected = event
            case TestFinished():
                if event.bad:
                    _keep(self.failures, event, FAILURES_KEPT)
                elif event.outcome in ("skipped", "xfailed"):
                    _keep(self.skipped, event, SKIPPED_KEPT)
            case TestFlaky(id=name):
                self.failures = [failure for failure in self.failures if failure.id != name]
                _keep(self.flaky, event, FAILURES_KEPT)
            case TestSlow():
                _keep(self.slow, event, FAILURES_KEPT)
            case ExecutorError():
                _keep(self.errors, event, ERRORS_KEPT)
            case ExecutionComplete():
                self.result = event
                self.failures = list(_with_history(self.failures, event))
            case _:
                assert_never(event)


def _with_history(
    failures: Iterable[TestFinished], result: ExecutionComplete
) -> Iterator[TestFinished]:
    """Failures with what the end tells of those that came before the base's tests were known."""
    told: dict[str, History] = {}
    for names, history in ((result.new, NEW), (result.known, KNOWN)):
        told.update(dict.fromkeys(names, history))
    for event in failures:
        found = event.history or told.get(event.id, "")
        yield event.model_copy(update={"history": found}) if found else event


_Kept = TypeVar("_Kept")


def _keep(kept: list[_Kept], event: _Kept, most: int) -> None:
    """The first ones stay."""
    if len(kept) < most:
        kept.append(event)


@dataclass(slots=True)
class Generated:
    """What is known of the tests that are made for the gaps."""

    progress: GeneratorProgress | None = None
    errors: list[GeneratorError] = field(default_factory=list)
    bugs: list[SuspectedBug] = field(default_factory=list)
    result: GenerationComplete | None = None

    @property
    def begun(self) -> bool:
        return bool(self.progress or self.errors or self.bugs or self.result)

    def fold(self, event: GeneratorEvent) -> None:
        """Take one event in."""
        match event:
            case GeneratorProgress():
                self.progress = event
            case BugSuspected(bug=bug):
                self.bugs = [*self.bugs, bug][:BUGS_KEPT]
            case GeneratorError():
                self.errors = [*self.errors, event][:ERRORS_KEPT]
            case GenerationComplete():
                self.result = event
            case TestProposed() | TestRejected():
                pass  # what is proposed in the end stands in the result
            case _:
                assert_never(event)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What became of the tests beside the comment.

    `url` and `number` are of the pull request that holds them, `closed` says that it was closed
    since there are none any more. `reason` completes a sentence on why there is none, or why it is
    as it was. `patch` is shown, `file` is where it lies for `git apply`; `remarks` are sentences on
    what it lacks.
    """

    url: str = ""
    number: int = 0
    draft: bool = False
    closed: bool = False
    reason: str = ""
    patch: str = ""
    file: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, repr=False)  # asyncio would write it out with all its gaps
class RunState:
    """What a reader of the stream knows so far."""

    progress: AnalyzerProgress | None = None
    in_diff: list[Gap] = field(default_factory=list)
    elsewhere: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    in_diff_count: int = 0
    paths: list[CriticalPath] = field(default_factory=list)
    errors: list[AnalyzerError] = field(default_factory=list)
    result: AnalysisComplete | None = None
    tests: Executed = field(default_factory=Executed)
    generation: Generated = field(default_factory=Generated)
    annotated: tuple[int, int] | None = None
    """How many annotations stand of how many that are to: said by whoever delivers them."""
    proposal: Proposal | None = None
    """What became of the generated tests: likewise."""

    @property
    def running(self) -> bool:
        """Whether more is to come: the analysis has no result, nor have tests that are alone."""
        if self.result is not None:
            return False
        return self.tests.result is None or self.progress is not None or bool(self.errors)

    @property
    def gaps(self) -> list[Gap]:
        """The gaps kept: those in changed lines first, each part worst first."""
        return self.in_diff + self.elsewhere

    def _shelf(self, gap: Gap) -> tuple[list[Gap], int]:
        if gap.in_diff:
            return self.in_diff, IN_DIFF_KEPT
        return self.elsewhere, ELSEWHERE_KEPT

    def fold(self, event: Event) -> None:
        """Take one event in: each agent has a part of its own."""
        if event.agent == "test-executor":
            self.tests.fold(event)
        elif event.agent == "coverage-analyzer":
            self._fold_analysis(event)
        elif event.agent == "test-generator":
            self.generation.fold(event)
        else:
            assert_never(event)

    def _fold_analysis(self, event: AnalyzerEvent) -> None:
        match event:
            case AnalyzerProgress():
                self.progress = event
            case GapFound(gap=gap):
                self.gap_count += 1
                self.in_diff_count += gap.in_diff
                kept, limit = self._shelf(gap)
                keep_worst(kept, gap, limit)
            case AnalyzerError():
                self.errors.append(event)
            case AnalysisComplete():
                self.result = event
            case CriticalPath():
                insort(self.paths, event, key=lambda path: path.rank)
                del self.paths[PATHS_KEPT:]
            case FileLinesTold():  # for who shows sources
                pass
            case _:
                assert_never(event)
