"""`qe-action run` behind a suite that is over at once: its tests are given, all else is real."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator

from qe_action import app, stream_runner
from qe_action.commands.base_results import BaseResults
from qe_action.commands.run import ActionRun
from qe_action.commands.suite_stages import SuiteStages
from qe_action.events import (
    Anchor,
    ExecutionComplete,
    ExecutorEvent,
    ExecutorProgress,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
)
from qe_action.settings import load
from qe_action.sinks.wiring import Suite
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.git import Git

FAILED = 60
"""More than one request takes."""
COUNTS = TestCounts(passed=39, failed=FAILED)


def _failure(number: int) -> TestFinished:
    place = Anchor(path="tests/test_new.py", line_start=number, line_end=number)
    return TestFinished(
        id=f"tests/test_new.py::test_{number}",
        outcome="failed",
        phase="call",
        file_path=place.path,
        line=number,
        failed_at=place,
        anchor=place,
        message=f"assert {number} == 0",
    )


async def _suite() -> AsyncGenerator[ExecutorEvent, None]:
    failures = [_failure(number) for number in range(1, FAILED + 1)]
    yield TestsCollected(total=100, files={"tests/test_new.py": 100})
    yield ExecutorProgress(percent=50, message="Running the tests", finished=50, total=100)
    for failure in failures:
        yield failure
    yield TestFlaky(id="tests/test_new.py::test_100", passed_in=2)
    yield ExecutionComplete(
        passed=False,
        counts=COUNTS,
        total=100,
        failures=tuple(failure.id for failure in failures),
        flaky=("tests/test_new.py::test_100",),
        exit_code=1,
        live=True,
    )


class RunBehindSuite(ActionRun):
    """A run of the action behind this suite."""

    @property
    def suite(self) -> Suite:
        return "run"

    def _suite_stages(self, git: Git, checkout: Checkout, base: BaseResults | None) -> SuiteStages:
        return SuiteStages(
            _suite(), self._reports(), runs=False, needed=False, say=self.problems.append
        )


def main() -> int:
    """The run's exit code, without what the failures make of it."""
    action = RunBehindSuite(load(os.environ), os.environ)
    stream_runner.run(action.run)
    code = app.code_of(action)
    return 0 if code == 1 else code


if __name__ == "__main__":
    sys.exit(main())
