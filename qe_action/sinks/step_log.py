"""The step's log in a workflow: progress in a few lines, the gaps in a foldable group."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO, assert_never

from qe_action.events import (
    AnalyzerProgress,
    BugSuspected,
    Counts,
    Event,
    ExecutionComplete,
    ExecutorProgress,
    FileSummary,
    Gap,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    TestProposed,
    TestRejected,
)
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.executed_lines import (
    again_lines,
    closing_lines,
    flaky_line,
    last_lines,
    log_groups,
)
from qe_action.render.generated import summed_up, suspicion
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude, gate_lines
from qe_action.sinks.stream_parts import up_to_result
from qe_action.sinks.workflow_commands import group, log_line
from qe_action.text import duration, percent, plural
from qe_action.verbosity import Words

EVERY = 20.0
"""Percent between two lines of progress."""
GAPS = 200
"""Gaps listed in the log."""


class StepLogSink:
    """Prints the run for those who open the step's log.

    With `few` words without gaps and files, with `all` with every gap that is kept.
    """

    name = "step log"

    def __init__(self, out: IO[str], *, words: Words = "some") -> None:
        self._out = out
        self._words = words
        self._state = RunState()
        self._next = 0.0

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in up_to_result(events, "coverage-analyzer"):
            self._state.fold(event)
            if isinstance(event, AnalyzerProgress):
                self._progress(event)
            elif isinstance(event, ExecutorProgress) and event.attempt > 1:
                self._say(event.message)
            elif isinstance(event, ExecutionComplete):
                self._suite()
        self._close()
        self._next = 0.0
        async for event in events:
            match event.agent:
                case "test-generator":
                    self._tests(event)
                case "coverage-analyzer" | "test-executor":
                    pass
                case _:
                    assert_never(event.agent)

    def _suite(self) -> None:
        """The end of the tests. While they ran, the log had their own output."""
        tests = self._state.tests
        for error in tests.errors:
            if error.output:
                group("The last lines of what failed", list(error.output), self._out)
        if self._words != "few":
            for name, lines in log_groups(tests, skipped=self._words == "all"):
                group(name, lines, self._out)
        for line in (
            *map(flaky_line, tests.flaky),
            *closing_lines(tests),
            *again_lines(tests),
            *last_lines(tests),
        ):
            self._say(line)

    def _tests(self, event: GeneratorEvent) -> None:
        match event:
            case GeneratorProgress():
                self._progress(event)
            case TestProposed(test_case=case):
                self._say(f"test  {case.test_name}  {event.verdict}")
            case TestRejected():
                pass  # counted in the result; the journal has each with its reason
            case BugSuspected(bug=bug):
                self._say(suspicion(bug))
            case GeneratorError(output=output):
                # Its message is said at the run's end, as a command for the run's page too.
                if output:
                    group("The last lines of what failed", list(output), self._out)
            case GenerationComplete():
                for note in event.notes:
                    self._say(f"Note: {note}")
                self._say(summed_up(event))
            case _:
                assert_never(event)

    def _progress(self, event: AnalyzerProgress | GeneratorProgress) -> None:
        if event.percent < self._next:
            return
        self._next = event.percent + EVERY
        self._say(f"{event.percent:3.0f}%  {event.message}")

    def _close(self) -> None:
        state = self._state
        if self._words != "few":
            self._lists()
        result = state.result
        # The errors are said at the run's end, as commands that put them on the run's page too.
        told = {error.message for error in state.errors}
        for note in result.notes if result else ():
            if note not in told:
                self._say(f"Note: {note}")
        for line in gate_lines(result) if result else ():
            self._say(line)
        took = f" ({duration(result.analysis_time_ms)})" if result else ""
        if result is None and state.tests.result is not None and not state.running:
            return  # the title of the tests is the last line
        failed = result is not None and result.conclusion == "failed" and state.errors
        self._say(f"{'No result' if failed else conclude(state).title}{took}")

    def _lists(self) -> None:
        state = self._state
        if state.gap_count:
            most = None if self._words == "all" else GAPS
            shown = [_gap_line(gap) for gap in state.gaps[:most]]
            if state.gap_count > len(shown):
                shown.append(f"… and {plural(state.gap_count - len(shown), 'more gap')}")
            group(plural(state.gap_count, "gap"), shown, self._out)
        result = state.result
        if result and result.files:
            rows = [
                f"{_share(file.patch):>8} of the change, {_whole(file):>20}  {file.path}"
                for file in result.files
            ]
            group(plural(len(rows), "file"), rows, self._out)

    def _say(self, text: str) -> None:
        print(log_line(text), file=self._out, flush=True)


def _share(counts: Counts | None) -> str:
    """A percentage, or a dash where there is nothing to measure."""
    return percent(counts.percent) if counts and counts.statements else "–"


def _whole(file: FileSummary) -> str:
    return f"{_share(file.counts)} of the file" if file.measured else "not measured"


def _gap_line(gap: Gap) -> str:
    ways = missing_ways(gap)
    never = f": {ways}" if ways else ""
    inside = f" {gap.function}" if gap.function else ""
    return f"{gap.severity:<8} {where(gap)}{inside}  {headline(gap).lower()}{never}"
