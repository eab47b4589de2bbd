"""The test generator: a task in, a stream of events out, the last one with verified tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from qe_action import defaults
from qe_action.agents.generation import Generation
from qe_action.agents.generation_options import GenerationOptions, generation_options
from qe_action.events import GenerationComplete, GeneratorEvent
from qe_action.generators import generator_for
from qe_action.generators.port import Generator, Ports
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.task import QETask


class TestGeneratorAgent:
    """Makes tests for gaps, and proposes those alone that hold all it can measure.

    `model` is for generators that ask one. `interpreter` is where the project's code runs (or
    several, for more versions of Python), `generator` what writes candidates, `clock` gives
    seconds; the task's options and the system's clock serve where they are absent.
    """

    __test__ = False

    def __init__(
        self,
        name: str = "test-generator",
        model: object | None = None,
        *,
        interpreter: ProjectInterpreter | Sequence[ProjectInterpreter] | None = None,
        generator: Generator | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name
        self._model = model
        self._interpreters = (
            ()
            if interpreter is None
            else tuple(interpreter)
            if isinstance(interpreter, Sequence)
            else (interpreter,)
        )
        self._generator = generator
        self._clock = clock or defaults.monotonic

    def generate_tests_streaming(self, task: QETask) -> AsyncGenerator[GeneratorEvent, None]:
        """`events` of a task. Raises `UsageError` where the task does not fit."""
        return self.events(generation_options(task))

    def execute_streaming(self, task: QETask) -> AsyncGenerator[GeneratorEvent, None]:
        """The same, under the name that all agents have for it."""
        return self.generate_tests_streaming(task)

    def events(self, options: GenerationOptions) -> AsyncGenerator[GeneratorEvent, None]:
        """The generation as events, the last one `complete`: only its tests are proposed.

        A test that was shown may be withdrawn by a `rejected` with its id. Closing the stream
        early leaves nothing running.
        """
        make = partial(self._generator_for, options)
        return Generation(options, self._interpreters, make, self._clock).events()

    def _generator_for(self, options: GenerationOptions) -> Generator:
        ports = Ports(self._clock, self._model, options)
        return self._generator or generator_for(options.generator, ports)

    async def execute(self, task: QETask) -> GenerationComplete:
        """The result alone: the same stream, drained."""
        result: GenerationComplete | None = None
        async with aclosing(self.generate_tests_streaming(task)) as events:
            async for event in events:
                if isinstance(event, GenerationComplete):
                    result = event
        assert result is not None, "every stream ends in a complete event"
        return result
