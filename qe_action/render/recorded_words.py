"""Events of a journal in a line each, and the whole of it in a few. Plain text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import assert_never

from qe_action.events import (
    AGENTS,
    AgentName,
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
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    TestFinished,
    TestFlaky,
    TestProposed,
    TestRejected,
    TestsCollected,
    TestSlow,
)
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.generated import summed_up
from qe_action.text import percent, plural, visible


class Recorded:
    """What a journal has, as it is read."""

    def __init__(self) -> None:
        self._counts: dict[AgentName, Counter[str]] = {}
        self._results: dict[AgentName, Event] = {}

    def take(self, event: Event) -> None:
        self._counts.setdefault(event.agent, Counter())[event.type] += 1
        if isinstance(event, AGENTS[event.agent].complete):
            self._results[event.agent] = event

    def lines(self) -> Iterator[str]:
        """Of each agent how it ended, and how many events of which type there are."""
        if not self._counts:
            yield "It has no events."
        for agent, counts in self._counts.items():
            result = self._results.get(agent)
            noun = AGENTS[agent].task
            yield f"{agent}: {line(result) if result else f'the {noun} did not come to its end'}"
            yield f"  {', '.join(f'{name} {count:,}' for name, count in counts.most_common())}"


def line(event: Event) -> str:
    """What an event says, in one line without its type."""
    match event.agent:
        case "coverage-analyzer":
            text = _analysis(event)
        case "test-executor":
            text = _execution(event)
        case "test-generator":
            text = _generation(event)
        case _:
            assert_never(event.agent)
    return visible(" ".join(text.split()))


def _analysis(event: AnalyzerEvent) -> str:
    match event:
        case AnalyzerProgress():
            return f"{event.percent:.0f}% {event.message}"
        case GapFound(gap=gap):
            ways = missing_ways(gap)
            what = f"{headline(gap)}{f': {ways}' if ways else ''}"
            return f"{gap.severity} {where(gap)} {gap.function or ''} {what}"
        case CriticalPath():
            return f"{event.impact} {event.path} {'; '.join(event.reasons)}"
        case FileLinesTold():
            return f"{event.path} {percent(event.counts.percent)} covered"
        case AnalysisComplete():
            return (
                f"{event.conclusion}, {plural(event.total_gaps, 'gap')}, coverage "
                f"{percent(event.overall_coverage)}, of the change {percent(event.patch_coverage)}"
            )
        case AnalyzerError():
            return f"{event.message} {event.hint}"
        case _:
            assert_never(event)


def _execution(event: ExecutorEvent) -> str:  # noqa: PLR0911 - one a type
    match event:
        case ExecutorProgress():
            return f"{event.percent:.0f}% {event.message}"
        case TestsCollected():
            return f"{plural(event.total, 'test')} in {plural(event.total_files, 'file')}"
        case TestFinished():
            return f"{event.outcome} {event.id} {event.message or event.reason}"
        case TestFlaky():
            return f"{event.id} passed in run {event.passed_in}: {event.message}"
        case TestSlow():
            return f"{event.id} took {event.seconds:.2f} s, at the base {event.base_seconds:.2f} s"
        case ExecutionComplete():
            return _suite(event)
        case ExecutorError():
            return f"{event.message} {event.hint}"
        case _:
            assert_never(event)


def _suite(result: ExecutionComplete) -> str:
    verdicts = {True: "passed", False: "failed", None: "no verdict"}
    counts = result.counts
    return (
        f"{result.conclusion}, {verdicts[result.passed]}: {counts.passed:,} passed, "
        f"{counts.bad:,} failed, {counts.skipped:,} skipped"
    )


def _generation(event: GeneratorEvent) -> str:
    match event:
        case GeneratorProgress():
            return f"{event.percent:.0f}% {event.message}"
        case TestProposed(test_case=case):
            return f"{case.test_name} for {event.target}: {event.verdict}"
        case TestRejected(test_case=case):
            return f"{case.test_name} for {case.target}: {event.reason} {event.detail}"
        case BugSuspected(bug=bug):
            return f"{bug.file_path} {bug.example} gives {bug.got}, expected {bug.expected}"
        case GenerationComplete():
            return f"{event.conclusion}: {summed_up(event)}"
        case GeneratorError():
            return f"{event.message} {event.hint}"
        case _:
            assert_never(event)
