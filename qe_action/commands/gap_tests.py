"""Tests for the gaps of an analysis, as the stage that follows it.

It never costs the analysis anything: that has ended and is delivered before a line of the
project's code runs, and what goes wrong here is said where the tests would have been shown.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path

from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.defaults import ProjectInterpreters, ProjectSetup
from qe_action.errors import QEError, SetupFailed
from qe_action.events import (
    AnalysisComplete,
    AnalyzerEvent,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    keep_worst,
    without_tests,
)
from qe_action.settings import Inputs
from qe_action.sinks.delivery import Delivery
from qe_action.stream import Stage

GAPS = 1000
"""How many gaps of each kind, the worst, tests are made for at most."""
RED = "The suite did not pass, so that what it misses is not known: no tests were made."
NO_GAP = "No Python file has a gap that is known, so no tests were made."
FOREIGN = "The sandbox is off, and code of a fork is never run without one: no tests were made."
OWN = "This branch holds tests that qe-action made: none are made for it."
UNPROTECTED = "The project's code was run without a sandbox, as sandbox: off asks for."

OpenInterpreters = Callable[[ProjectSetup], AbstractAsyncContextManager[ProjectInterpreters]]


def project_setup(inputs: Inputs, repo: Path) -> ProjectSetup:
    """How the project checked out at `repo` is made to run, by the inputs."""
    return ProjectSetup(
        repo=repo,
        below=Path(inputs.working_directory).as_posix(),
        sandbox=inputs.sandbox,
        command=inputs.setup_command,
        python_version=inputs.python_version,
        cache=repo / inputs.cache_dir if inputs.cache_dir else None,
    )


class GapTests:
    """Makes tests for the project checked out at `repo`, as the inputs ask for.

    None are made on an `own` branch, which holds tests of ours: else they would have tests, too.
    """

    def __init__(
        self,
        inputs: Inputs,
        repo: Path,
        delivery: Delivery,
        *,
        fork: bool,
        own: bool = False,
        interpreters: OpenInterpreters,
    ) -> None:
        self._inputs = inputs
        self._repo = repo
        self._delivery = delivery
        self._fork = fork
        self._own = own
        self._interpreters = interpreters
        self._changed: list[Gap] = []
        self._elsewhere: list[Gap] = []
        self._result: AnalysisComplete | None = None

    def stages(self, analysis: AsyncGenerator[AnalyzerEvent, None]) -> list[Stage]:
        """The analysis, and the generation that begins once its result is delivered.

        An analysis without a result has no second stage.
        """
        return [
            Stage("coverage-analyzer", self._noted(analysis)),
            Stage("test-generator", self._tests(), self._ready),
        ]

    async def _noted(
        self, analysis: AsyncGenerator[AnalyzerEvent, None]
    ) -> AsyncGenerator[AnalyzerEvent, None]:
        """The analysis as it is; its gaps and its result are kept."""
        async with aclosing(analysis) as events:
            async for event in events:
                if isinstance(event, GapFound) and event.gap.file_path.endswith(".py"):
                    kept = self._changed if event.gap.in_diff else self._elsewhere
                    keep_worst(kept, event.gap, GAPS)
                elif isinstance(event, AnalysisComplete):
                    self._result = event
                yield event

    async def _ready(self) -> bool:
        if self._result is None or self._result.conclusion != "finished":
            return False
        return await self._delivery.once_shown("coverage-analyzer")

    async def _tests(self) -> AsyncGenerator[GeneratorEvent, None]:
        gaps = [*self._changed, *self._elsewhere]
        why_not = self._why_not(gaps)
        if why_not:
            yield without_tests("finished", (why_not,))
            return
        # The only event of 0 percent: there are at most 101.
        yield GeneratorProgress(
            percent=0, message="Setting up the project", count=0, total=self._inputs.max_tests
        )
        try:
            async with (
                self._interpreters(project_setup(self._inputs, self._repo)) as found,
                aclosing(self._generated(found, gaps)) as events,
            ):
                async for event in events:
                    yield event
        except QEError as error:
            output = error.output if isinstance(error, SetupFailed) else ()
            yield GeneratorError(message=error.message, hint=error.hint, output=output)
            yield without_tests("failed", (error.message,))

    def _why_not(self, gaps: list[Gap]) -> str:
        """Why no tests are made; empty where they are."""
        if self._own:
            return OWN
        if self._fork and self._inputs.sandbox == "off":
            return FOREIGN
        if self._result is not None and self._result.tests_failed:
            return RED
        return "" if gaps else NO_GAP

    async def _generated(
        self, found: ProjectInterpreters, gaps: list[Gap]
    ) -> AsyncGenerator[GeneratorEvent, None]:
        """The agent's events; its result with what is to be said of the set-up."""
        notes = (*((UNPROTECTED,) if self._inputs.sandbox == "off" else ()), *found.notes)
        agent = TestGeneratorAgent(interpreter=found.interpreters)
        async with aclosing(agent.events(self._options(gaps))) as events:
            async for event in events:
                if isinstance(event, GeneratorProgress) and not event.percent:
                    continue
                if isinstance(event, GenerationComplete):
                    yield event.model_copy(update={"notes": (*notes, *event.notes)})
                else:
                    yield event

    def _options(self, gaps: list[Gap]) -> GenerationOptions:
        inputs = self._inputs
        return GenerationOptions(
            repo=self._repo,
            gaps=tuple(gaps),
            max_tests=inputs.max_tests,
            time_budget=inputs.time_budget,
            suite_timeout=inputs.suite_timeout,
            tests_known=True,
            sandbox=inputs.sandbox,
            generator=inputs.generator,
            model=inputs.model_options(self._repo),
        )
