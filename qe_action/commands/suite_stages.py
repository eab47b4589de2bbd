"""The run of the tests as the first stage, and the analysis of what it has written as the second."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from qe_action.errors import ReportError
from qe_action.events import AGENTS, AnalyzerEvent, ExecutionComplete, ExecutorEvent
from qe_action.stream import Stage
from qe_action.workspace.report_file import expand

SLACK = 0.1
"""Seconds by which a file's date may be before the clock's time."""


class SuiteStages:
    """Puts the run of the tests before the stages of a report.

    `tests` are its events, `reports` the names of the files that it should write. They count where
    they are as new as `began`, when the command was started; None takes any. `say` is told of what
    is missing; where it is `needed`, for a gate, the analysis fails then.
    """

    def __init__(
        self,
        tests: AsyncGenerator[ExecutorEvent, None],
        reports: Sequence[Path],
        *,
        began: Callable[[], float] | None,
        needed: bool,
        say: Callable[[str], None],
    ) -> None:
        self._tests = tests
        self._reports = reports
        self._began = began
        self._needed = needed
        self._say = say
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

    async def events(
        self, analysis: Callable[[], AsyncGenerator[AnalyzerEvent, None]]
    ) -> AsyncGenerator[AnalyzerEvent, None]:
        """The analysis, begun when the tests have ended; its failure where there is no report."""
        if self._began is not None and not self.written():
            for event in AGENTS["coverage-analyzer"].ending("failed", self._missing()):
                yield event  # type: ignore[misc]
            return
        async with aclosing(analysis()) as events:
            async for event in events:
                yield event

    async def _noted(self) -> AsyncGenerator[ExecutorEvent, None]:
        async with aclosing(self._tests) as events:
            async for event in events:
                if isinstance(event, ExecutionComplete):
                    self.result = event
                yield event

    async def _is_reported(self) -> bool:
        if self.result is None or self.result.conclusion != "finished":
            return False
        if self._began is None or self.written() or self._needed:
            return True
        self._say(self._missing())
        return False

    def _missing(self) -> str:
        names = ", ".join(path.name for path in self._reports)
        old = any(self._expanded(name) for name in self._reports)
        if old:
            return f"{names} is from before this run of the tests, so there is no analysis of it."
        return f"The tests wrote no {names}, so there is no analysis of coverage."

    def _found(self, name: Path) -> list[Path]:
        begin = self._began() - SLACK if self._began is not None else 0.0
        return [path for path in self._expanded(name) if _modified(path) >= begin]

    def _expanded(self, name: Path) -> list[Path]:
        with suppress(ReportError):
            return [path for path in expand(name) if path.exists()]
        return []


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


class Clock:
    """Notes when the command was started: before the events are asked for, where it was."""

    def __init__(self, began: float | None = None) -> None:
        self._began = began

    def start(self) -> None:
        if self._began is None:
            self._began = time.time()

    def began(self) -> float:
        return self._began if self._began is not None else time.time()
