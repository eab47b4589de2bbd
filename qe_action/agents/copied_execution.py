"""A suite run in the sandbox, in a copy of the checkout, with the environment that is there."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qe_action import defaults
from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.errors import QEError
from qe_action.events import (
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    without_outcomes,
)
from qe_action.execution.copied_suite import CopiedSuite
from qe_action.execution.suite_copy import suite_copy

GRACE = 0.3
"""Seconds that a suite has to end by itself where the stream is closed: somebody waits for that."""
UNPROTECTED = "The project's code was run without a sandbox."


@dataclass(frozen=True)
class CopiedExecution:
    """How the suite is run: `pythons` may name the project's interpreter, else it is looked for.

    `variables` are our own. What the suite prints is dropped: failures have the end of it.
    """

    variables: Mapping[str, str]
    sandbox: Literal["on", "off"] = "on"
    network: bool = False
    pythons: tuple[Path, ...] = ()

    async def events(self, options: ExecutionOptions) -> AsyncGenerator[ExecutorEvent, None]:
        """The events of the run, the last one `complete`, also where it can't be set up."""
        # The only event of 0 percent: there are at most 101.
        message = "Looking at the interpreter, copying the project"
        yield ExecutorProgress(percent=0, message=message, finished=0)
        try:
            found = await defaults.interpreters(
                self.pythons, sandbox=self.sandbox, repo=options.repo
            )
            async with aclosing(self._run(options, found)) as events:
                async for event in events:
                    yield event
        except QEError as error:
            yield ExecutorError(message=error.message, hint=error.hint)
            failed = without_outcomes("failed", (error.message,))
            yield failed.model_copy(update={"command": shlex.join(options.command)})

    async def _run(
        self, options: ExecutionOptions, found: defaults.ProjectInterpreters
    ) -> AsyncGenerator[ExecutorEvent, None]:
        protected = self.sandbox == "on"
        notes = (*(() if protected else (UNPROTECTED,)), *found.notes)
        suite = CopiedSuite(
            found.environment,
            found.sandbox,
            self.variables,
            network=self.network,
            protected=protected,
            relay=_dropped,
            grace=GRACE,
        )
        below = defaults.below(options.repo)
        async with AsyncExitStack() as stack:
            taken = stack.enter_context(tempfile.TemporaryDirectory(prefix="qe-action-"))
            copying = suite_copy(options.repo, found.environment, self.variables, Path(taken))
            copy = await stack.enter_async_context(copying)
            agent = TestExecutorAgent(runner=await suite.runner(copy, stack))
            inside = {"repo": copy.root, "folder": copy.root / below}
            events = agent.events(options.model_copy(update=inside))
            async for event in await stack.enter_async_context(aclosing(events)):
                if isinstance(event, ExecutorProgress) and not event.percent:
                    continue
                if isinstance(event, ExecutionComplete):
                    yield event.model_copy(update={"notes": (*notes, *event.notes)})
                else:
                    yield event


async def _dropped(_descriptor: int, _data: bytes) -> None:
    pass
