"""The test executor: a task in, a stream of events out, the last one with the suite's result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from qe_action import defaults
from qe_action.agents.baseline_search import TestBaselines
from qe_action.agents.execution_options import ExecutionOptions, execution_options
from qe_action.agents.execution_run import ExecutionRun
from qe_action.events import ExecutionComplete, ExecutorEvent
from qe_action.execution.suite_port import SuiteRunner
from qe_action.task import QETask
from qe_action.workspace.checkout import Checkout


class TestExecutorAgent:
    """Runs a suite, or reads the results of one, and says what becomes of each test.

    `runner` is the port to the command, `checkout` that to the repository, and `clock` gives
    seconds; the task's `repo`, a process of its own and the system's clock serve without them.
    `baselines` is where tests of the base are found; without it nothing is compared.
    """

    __test__ = False

    def __init__(
        self,
        name: str = "test-executor",
        *,
        runner: SuiteRunner | None = None,
        checkout: Checkout | None = None,
        baselines: TestBaselines | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self._runner = runner
        self._checkout = checkout
        self._baselines = baselines
        self._clock = clock or defaults.monotonic

    def execute_tests_streaming(self, task: QETask) -> AsyncGenerator[ExecutorEvent, None]:
        """`events` of a task. Raises `UsageError` where the task does not fit."""
        return self.events(execution_options(task))

    def execute_streaming(self, task: QETask) -> AsyncGenerator[ExecutorEvent, None]:
        """The same, under the name that all agents have for it."""
        return self.execute_tests_streaming(task)

    def events(self, options: ExecutionOptions) -> AsyncGenerator[ExecutorEvent, None]:
        """The run of the tests as events, the last one `complete`.

        A problem around the tests is an `error` event before a `complete` whose conclusion is
        `failed`. Closing the stream early leaves nothing running.
        """
        checkout = self._checkout or defaults.checkout(options.repo, None)
        return ExecutionRun(
            options, self._runner_of_its_own, checkout, self._clock, self._baselines
        ).events()

    def _runner_of_its_own(self) -> SuiteRunner:
        return self._runner or defaults.suite_runner()

    async def execute(self, task: QETask) -> ExecutionComplete:
        """The result alone: the same stream, drained."""
        result: ExecutionComplete | None = None
        async with aclosing(self.execute_tests_streaming(task)) as events:
            async for event in events:
                if isinstance(event, ExecutionComplete):
                    result = event
        assert result is not None, "every stream ends in a complete event"
        return result
