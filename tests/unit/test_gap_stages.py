"""Tests for gaps as a stage behind the analysis: when it begins, and when it is left out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from qe_action.commands.gap_tests import FOREIGN, NO_GAP, RED, GapTests
from qe_action.defaults import ProjectInterpreters, ProjectSetup
from qe_action.errors import SetupFailed
from qe_action.events import (
    AnalysisComplete,
    AnalyzerEvent,
    Conclusion,
    Event,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    without_figures,
)
from qe_action.settings import load
from qe_action.sinks.delivery import Delivery
from qe_action.stream import Broadcast, EventLog

GAP = Gap(id="1", file_path="a.py", line_start=1, line_end=2, gap_type="uncovered", severity="low")
DELIVERED = "delivered"


class Run:
    """An analysis with these gaps and this end, and the stage behind it.

    The check run shows the analysis a moment after its result, unless it is never to. The project
    can't be set up, so that the generation ends there.
    """

    def __init__(
        self,
        gap: Gap = GAP,
        conclusion: Conclusion = "finished",
        *,
        fork: bool = False,
        tests_failed: bool = False,
        shown: bool = True,
    ) -> None:
        self.delivery = Delivery()
        self.seen: list[Event] = []
        self.happened: list[str] = []
        self._result = without_figures(conclusion).model_copy(update={"tests_failed": tests_failed})
        self._gap = gap
        self._fork = fork
        self._shown = shown

    name = "run"

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.seen.append(event)
            if isinstance(event, AnalysisComplete) and self._shown:
                await asyncio.sleep(0.01)
                self.happened.append(DELIVERED)
                self.delivery.shown["coverage-analyzer"].set()

    async def _analysis(self) -> AsyncGenerator[AnalyzerEvent, None]:
        yield GapFound(gap=self._gap)
        yield self._result

    def _interpreters(
        self, setup: ProjectSetup
    ) -> AbstractAsyncContextManager[ProjectInterpreters]:
        @asynccontextmanager
        async def opened() -> AsyncGenerator[ProjectInterpreters, None]:
            self.happened.append(f"set up {setup.sandbox}")
            raise SetupFailed("There is no Python.", output=("the last line",))
            yield

        return opened()

    def play(self, *, hurry: bool = False, interrupt: bool = False) -> list[str]:
        """Run it; the types of the generation's events."""
        inputs = load({}, {"sandbox": "off" if self._fork else "on"}).inputs
        tests = GapTests(
            inputs,
            Path("/nowhere"),
            self.delivery,
            fork=self._fork,
            interpreters=self._interpreters,
        )

        async def main() -> None:
            loop = asyncio.get_running_loop()
            with tempfile.TemporaryFile() as spool:
                running = Broadcast(EventLog(spool), [self], grace=5, on_failure=lambda *_: None)
                if hurry:
                    loop.call_later(0.05, self.delivery.hurry)
                if interrupt:
                    loop.call_later(0.05, running.interrupt, 5)
                await running.run(tests.stages(self._analysis()))

        asyncio.run(main())
        return [event.type for event in self.seen if event.agent == "test-generator"]

    @property
    def last(self) -> GenerationComplete:
        last = self.seen[-1]
        assert isinstance(last, GenerationComplete)
        return last


def test_nothing_of_the_project_runs_before_the_analysis_is_delivered() -> None:
    run = Run()
    assert run.play() == ["progress", "error", "complete"]
    assert run.happened == [DELIVERED, "set up on"]
    error = run.seen[-2]
    assert isinstance(error, GeneratorError)
    assert error.output == ("the last line",)
    assert (run.last.conclusion, run.last.notes) == ("failed", ("There is no Python.",))


@pytest.mark.parametrize("conclusion", ["failed", "cancelled"])
def test_an_analysis_without_a_result_has_no_tests(conclusion: Conclusion) -> None:
    run = Run(conclusion=conclusion)
    assert run.play() == []
    assert "set up on" not in run.happened


def test_where_the_delivery_never_comes_the_generation_is_cancelled_as_it_waits() -> None:
    run = Run(shown=False)
    assert run.play(interrupt=True) == ["error", "complete"]
    assert run.last.conclusion == "cancelled"
    assert run.happened == []


def test_in_a_hurry_the_delivery_is_not_waited_for() -> None:
    run = Run(shown=False)
    assert run.play(hurry=True) == ["progress", "error", "complete"]


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (Run(fork=True), FOREIGN),
        (Run(tests_failed=True), RED),
        (Run(GAP.model_copy(update={"file_path": "a.js"})), NO_GAP),
    ],
)
def test_where_no_tests_are_made_the_result_says_why(run: Run, why: str) -> None:
    assert run.play() == ["complete"]
    assert (run.last.conclusion, run.last.notes) == ("finished", (why,))
    assert run.happened == [DELIVERED]


def test_the_end_of_the_check_run_and_a_hurry_keep_nobody_waiting() -> None:
    async def main() -> None:
        ended, hurried = Delivery(), Delivery()
        ended.end_check()
        hurried.hurry()
        for delivery in (ended, hurried):
            assert await delivery.once_shown("test-generator")
            await delivery.once_all_shown()
        assert await ended.own_app() is None
        some = Delivery()
        some.shown["coverage-analyzer"].set()
        assert await some.once_shown("coverage-analyzer")
        rest = asyncio.create_task(some.once_all_shown())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not rest.done()
        some.end_check()
        await rest

    asyncio.run(main())
