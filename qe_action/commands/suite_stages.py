"""The run of the tests as the first stage, and then the analysis of what it has written."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.options import AnalysisOptions
from qe_action.errors import ReportError
from qe_action.events import (
    AnalyzerError,
    AnalyzerEvent,
    ExecutionComplete,
    ExecutorEvent,
    TestFinished,
    without_figures,
)
from qe_action.secret_names import secret_values
from qe_action.settings import Settings
from qe_action.stream import Stage

_WRITTEN = "pytest writes it with --cov=PACKAGE --cov-report=xml; coverage-file names another."
SLACK = 0.1
"""Seconds by which a file's date may be before the clock's time."""


class Place(NamedTuple):
    """Where and when a command is run: `here`, or in working-directory; in the repository `top`.

    `began` is when it was started, where it already is. `earlier` are tests of a run that was cut
    off.
    """

    top: Path | None
    here: bool
    began: float | None
    earlier: tuple[TestFinished, ...] = ()


def execution_options(
    settings: Settings, place: Place, environment: Mapping[str, str], *, keeps: bool
) -> ExecutionOptions:
    """What the inputs say of the tests. With `keeps` the result has a digest for later runs.

    What looks like a secret in the `environment` of the tests is taken out of what they say.
    """
    inputs = settings.inputs
    folder = settings.workspace / inputs.working_directory
    secrets = (inputs.token, inputs.pr_token, inputs.model_key)
    return ExecutionOptions(
        command=inputs.test_command,
        results=tuple(folder / name for name in inputs.test_results),
        repo=place.top or settings.workspace,
        folder=Path.cwd() if place.here else folder,
        rerun_failures=inputs.rerun_failures,
        flaky=inputs.flaky,
        test_timeout=inputs.test_timeout,
        check_name=inputs.name,
        keeps_digest=keeps,
        began=place.began,
        earlier=place.earlier,
        secrets=(
            *(secret.get_secret_value() for secret in secrets),
            *secret_values(environment),
        ),
        place="workflow" if settings.in_workflow else "command line",
    )


Analysing = Callable[[AnalysisOptions], AsyncGenerator[AnalyzerEvent, None]]


class SuiteStages:
    """Puts the run of the tests before the stages of a report.

    `tests` are its events, `reports` the names of the files that it should write. Where it `runs` a
    command they count if they are not older than that: it `began` then, or begins with its events.
    `say` is told of what is missing; where a report is `needed`, since a gate is about it or it was
    asked for, the analysis fails. `named` is what people call the reports. Where the run goes on
    with an earlier one, it is a `part` of the tests, which writes none.
    """

    def __init__(
        self,
        tests: AsyncGenerator[ExecutorEvent, None],
        reports: Sequence[Path],
        *,
        runs: bool,
        began: float | None = None,
        needed: bool,
        say: Callable[[str], None],
        named: str = "",
        part: bool = False,
    ) -> None:
        self._part = part
        self._tests = tests
        self._reports = reports
        self._runs = runs
        self._began = began
        self._needed = needed
        self._say = say
        self._named = named
        self.result: ExecutionComplete | None = None

    def before(self, stages: Sequence[Stage]) -> list[Stage]:
        """The tests, and then `stages`: of them the first is the analysis."""
        analysis, *more = stages
        return [
            Stage("test-executor", self._noted()),
            replace(analysis, needs=self._is_reported),
            *more,
        ]

    @property
    def outcome(self) -> str:
        """How the tests ended, as GitHub says it of a step."""
        failed = self.result is not None and self.result.passed is False
        return "failure" if failed else "success"

    def written(self) -> tuple[Path, ...]:
        """The reports that the command has written."""
        return tuple(path for name in self._reports for path in self._found(name))

    async def analysis(
        self,
        options: AnalysisOptions,
        events_of: Analysing,
    ) -> AsyncGenerator[AnalyzerEvent, None]:
        """The analysis, begun when the tests have ended; its failure where there is no report."""
        written = self.written()
        if self._runs and not written:
            yield AnalyzerError(message=self._missing())
            yield without_figures("failed")
            return
        told: dict[str, object] = {"tests_outcome": options.tests_outcome or self.outcome}
        if self._runs:
            told["coverage_file"] = written
        async with aclosing(events_of(options.model_copy(update=told))) as events:
            async for event in events:
                yield event

    async def _noted(self) -> AsyncGenerator[ExecutorEvent, None]:
        self._began = self._began or time.time()
        async with aclosing(self._tests) as events:
            async for event in events:
                if isinstance(event, ExecutionComplete):
                    self.result = event
                yield event

    async def _is_reported(self) -> bool:
        if self.result is None or self.result.conclusion != "finished":
            return False
        if self._needed or self.written():
            return True
        self._say(self._missing())
        return False

    def _missing(self) -> str:
        if self._part:
            return "There is no analysis: a run that goes on with another writes no report."
        names = self._named or ", ".join(path.name for path in self._reports)
        old = any(self._expanded(name) for name in self._reports)
        if old:
            return (
                f"{names} is from before this run of the tests, so there is no analysis of it. "
                f"{_WRITTEN}"
            )
        none = "The tests wrote no" if self._runs else "There is no"
        return f"{none} {names}, so there is no analysis of coverage. {_WRITTEN}"

    def _found(self, name: Path) -> list[Path]:
        begin = (self._began or 0.0) - SLACK if self._runs else 0.0
        return [path for path in self._expanded(name) if _modified(path) >= begin]

    def _expanded(self, name: Path) -> list[Path]:
        from qe_action.workspace.report_file import expand  # when the tests have ended

        with suppress(ReportError):
            return [path for path in expand(name) if path.exists()]
        return []


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
