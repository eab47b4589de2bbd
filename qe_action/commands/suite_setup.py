"""The run of `test-command` in the project's own environment, which is set up once for all.

The suite comes first, in the sandbox and in a copy of the checkout; tests for what it misses are
made in the same environment afterwards.
"""

from __future__ import annotations

import asyncio
import shlex
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.options import AnalysisOptions
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.commands.gap_tests import UNPROTECTED, OpenInterpreters, project_setup
from qe_action.commands.suite_stages import Analysing
from qe_action.defaults import ProjectInterpreters, ProjectSetup
from qe_action.errors import QEError, SetupFailed
from qe_action.events import (
    AnalyzerEvent,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    without_outcomes,
)
from qe_action.execution.copied_suite import CopiedSuite
from qe_action.execution.suite_copy import SuiteCopy, suite_copy
from qe_action.execution.suite_port import Ended, Message, Run, SuiteRunner
from qe_action.settings import Inputs
from qe_action.workspace.folders import remove

FOREIGN = "The sandbox is off, and code of a fork is never run without one: no tests were run."

AgentFor = Callable[[SuiteRunner], TestExecutorAgent]


class SuiteSetup:
    """Runs the tests of the project checked out at `repo`, as the inputs ask for.

    `environment` is our own, without secrets. `taken` is where the files lie that the suite has
    written, as they lay in the checkout's copy; `forget` removes it.
    """

    def __init__(
        self,
        inputs: Inputs,
        repo: Path,
        environment: Mapping[str, str],
        *,
        fork: bool,
        interpreters: OpenInterpreters,
    ) -> None:
        self._inputs = inputs
        self._repo = repo
        self._environment = environment
        self._fork = fork
        self._interpreters = interpreters
        self._found: ProjectInterpreters | None = None
        self._root: Path | None = None
        self.taken = Path(tempfile.mkdtemp(prefix="qe-action-")).resolve()

    def forget(self) -> None:
        """Remove what was taken."""
        remove(self.taken)

    @asynccontextmanager
    async def interpreters(self, setup: ProjectSetup) -> AsyncGenerator[ProjectInterpreters, None]:
        """Those of the environment that the suite ran in; set up where it did not come to that."""
        if self._found is None:
            async with self._interpreters(setup) as found:
                self._found = found
        yield self._found

    def analysing(self, events_of: Analysing) -> Analysing:
        """An analysis that knows of the copy: the report's paths are of that."""

        def events(options: AnalysisOptions) -> AsyncGenerator[AnalyzerEvent, None]:
            roots = () if self._root is None else (str(self._root),)
            return events_of(
                options.model_copy(update={"workspaces": (*options.workspaces, *roots)})
            )

        return events

    async def events(
        self, options: ExecutionOptions, agent_for: AgentFor
    ) -> AsyncGenerator[ExecutorEvent, None]:
        """The set-up, and the agent's events."""
        if self._fork and self._inputs.sandbox == "off":
            yield ExecutorError(message=FOREIGN)
            yield _not_run(options, FOREIGN)
            return
        # The only event of 0 percent: there are at most 101.
        yield ExecutorProgress(percent=0, message="Setting up the project", finished=0)
        try:
            async with (
                self.interpreters(project_setup(self._inputs, self._repo)) as found,
                aclosing(self._run(found, options, agent_for)) as events,
            ):
                async for event in events:
                    yield event
        except QEError as error:
            output = error.output if isinstance(error, SetupFailed) else ()
            yield ExecutorError(message=error.message, hint=error.hint, output=output)
            yield _not_run(options, error.message)

    async def _run(
        self, found: ProjectInterpreters, options: ExecutionOptions, agent_for: AgentFor
    ) -> AsyncGenerator[ExecutorEvent, None]:
        notes = (*((UNPROTECTED,) if self._inputs.sandbox == "off" else ()), *found.notes)
        async with AsyncExitStack() as stack:
            copy = await stack.enter_async_context(
                suite_copy(self._repo, found.environment, self._environment, self.taken)
            )
            self._root = copy.root
            names = self._report_names()
            copy.note(names)
            runner = _Taking(await self._runner(found, copy, stack), copy, names)
            events = agent_for(runner).events(self._in_copy(options, copy))
            async for event in await stack.enter_async_context(aclosing(events)):
                if isinstance(event, ExecutorProgress) and not event.percent:
                    continue
                if isinstance(event, ExecutionComplete):
                    yield event.model_copy(update={"notes": (*notes, *event.notes)})
                else:
                    yield event

    async def _runner(
        self, found: ProjectInterpreters, copy: SuiteCopy, stack: AsyncExitStack
    ) -> SuiteRunner:
        suite = CopiedSuite(
            found.environment,
            found.sandbox,
            self._environment,
            network=self._inputs.test_network == "on",
            protected=self._inputs.sandbox == "on",
        )
        return await suite.runner(copy, stack)

    def _report_names(self) -> tuple[str, ...]:
        below = Path(self._inputs.working_directory)
        named = (*self._inputs.coverage_file, *self._inputs.test_results)
        return tuple((below / name).as_posix() for name in named)

    def _in_copy(self, options: ExecutionOptions, copy: SuiteCopy) -> ExecutionOptions:
        below = Path(self._inputs.working_directory)
        results = tuple(self.taken / below / name for name in self._inputs.test_results)
        return options.model_copy(
            update={"repo": copy.root, "folder": copy.root / below, "results": results}
        )


class _Taking:
    """A runner after whose first run the reports are taken from the copy."""

    def __init__(self, runner: SuiteRunner, copy: SuiteCopy, names: tuple[str, ...]) -> None:
        self._runner = runner
        self._copy = copy
        self._names = names
        self._took = False

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        async with aclosing(self._runner.run(run)) as messages:
            async for message in messages:
                if isinstance(message, Ended) and not self._took:
                    self._took = True
                    await asyncio.to_thread(self._copy.take, self._names)
                yield message


def _not_run(options: ExecutionOptions, why: str) -> ExecutionComplete:
    """The result of a command that could not be run."""
    command = shlex.join(options.command)
    return without_outcomes("failed", (why,)).model_copy(update={"command": command})
