"""The coverage analyzer: a task in, a stream of events out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from qe_action import defaults
from qe_action.agents.analysis import Analysis
from qe_action.agents.baseline_search import Baselines
from qe_action.agents.options import AnalysisOptions, options_of
from qe_action.events import AnalysisComplete, AnalyzerEvent
from qe_action.task import QETask
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.report_file import Report, ReportData, ReportFiles


class CoverageAnalyzerAgent:
    """Says which changed and which other lines the tests miss.

    `checkout` is the port to the repository and `clock` gives seconds; without them the
    task's `repo` (or no repository at all) and the system's clock serve. `baselines` is where
    earlier results are found; without it nothing is compared.
    """

    def __init__(
        self,
        name: str = "coverage-analyzer",
        *,
        checkout: Checkout | None = None,
        clock: Callable[[], float] | None = None,
        baselines: Baselines | None = None,
    ) -> None:
        self.name = name
        self._checkout = checkout
        self._clock = clock or defaults.monotonic
        self._baselines = baselines

    def analyze_coverage_streaming(self, task: QETask) -> AsyncGenerator[AnalyzerEvent, None]:
        """`events` of a task. Raises `UsageError` where the task does not fit."""
        return self.events(options_of(task))

    def execute_streaming(self, task: QETask) -> AsyncGenerator[AnalyzerEvent, None]:
        """The same, under the name that all agents have for it."""
        return self.analyze_coverage_streaming(task)

    def events(self, options: AnalysisOptions) -> AsyncGenerator[AnalyzerEvent, None]:
        """The analysis as events, the last one `complete`.

        A problem with the report or the repository is an `error` event before a `complete`
        whose conclusion is `failed`. Closing the stream early leaves nothing running.
        """
        report: Report = ReportFiles(options.coverage_files, options.place)
        if options.coverage_data is not None:
            report = ReportData(options.coverage_data)
        checkout = self._checkout or defaults.checkout(options.repo, options.base)
        return Analysis(options, report, checkout, self._clock, self._baselines).events()

    async def execute(self, task: QETask) -> AnalysisComplete:
        """The result alone: the same stream, drained."""
        result: AnalysisComplete | None = None
        async with aclosing(self.analyze_coverage_streaming(task)) as events:
            async for event in events:
                if isinstance(event, AnalysisComplete):
                    result = event
        assert result is not None, "every stream ends in a complete event"
        return result
