"""`qe-action run` whose generation is over at once: its tests are given, all else is real."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator

from qe_action import app, stream_runner
from qe_action.commands.run import ActionRun
from qe_action.events import (
    AnalyzerEvent,
    Evidence,
    GenerationComplete,
    GeneratorEvent,
    TestCase,
)
from qe_action.settings import load
from qe_action.sinks.delivery import Delivery
from qe_action.stream import Stage
from qe_action.workspace.git import Git

TEST = TestCase(
    id="1",
    test_name="test_new",
    test_code="def test_new():\n    assert new.b1 == 1",
    framework="pytest",
    test_type="unit",
    imports=("import new",),
    path="tests/test_new.py",
    target="new.py",
    evidence=Evidence(lines=(2,), mutants=1, killed=1, runs=5, pythons=("3.12",)),
)


class GivenTests:
    """The stages of a run with tests, as `GapTests` has them."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def stages(self, analysis: AsyncGenerator[AnalyzerEvent, None]) -> list[Stage]:
        return [
            Stage("coverage-analyzer", analysis),
            Stage("test-generator", self._tests(), self._ready),
        ]

    async def _ready(self) -> bool:
        return await self._delivery.once_shown("coverage-analyzer")

    async def _tests(self) -> AsyncGenerator[GeneratorEvent, None]:
        yield GenerationComplete(
            tests=(TEST,), total=1, coverage_estimate=None, framework="pytest", test_type="unit"
        )


class RunWithTests(ActionRun):
    """A run of the action with these tests."""

    def _gap_tests(self, git: Git) -> GivenTests:  # type: ignore[override]
        return GivenTests(self.delivery)


def main() -> int:
    """The run's exit code."""
    action = RunWithTests(load(os.environ), os.environ)
    stream_runner.run(action.run)
    return app.code_of(action)


if __name__ == "__main__":
    sys.exit(main())
