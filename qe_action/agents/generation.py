"""One run of the test generation: its targets one after the other, and the result."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path

from qe_action import defaults
from qe_action.agents.generation_notes import check_target, left_out
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted, wanted
from qe_action.agents.shares import share
from qe_action.agents.target_run import GeneratorEvent, Shared, TargetRun
from qe_action.errors import QEError, SuiteFails
from qe_action.events import (
    Conclusion,
    Counts,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
)
from qe_action.generators.port import Generator
from qe_action.generators.provided import ProvidedTests
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.project_worker.sandboxed import SandboxedInterpreter
from qe_action.text import plural
from qe_action.workspace import tree as trees
from qe_action.workspace.built_files import lay_over
from qe_action.workspace.export import LeftOut

__all__ = ["Generation", "GeneratorEvent"]

MODULE = "subject/code.py"
"""Where source code that came as text lies."""
LEAST = 2.0
"""Seconds below which no further target is begun."""


class Generation:
    """The state of one generation, and the events it gives."""

    def __init__(
        self,
        options: GenerationOptions,
        interpreters: Sequence[ProjectInterpreter],
        generator: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._interpreters = tuple(interpreters)
        self._generator = generator
        self._clock = clock
        self._spent = 0.0
        self._percent = -1
        self._targets = 1
        self._failing: tuple[str, ...] = ()
        self._notes: list[str] = []
        self._runs: list[TargetRun] = []

    async def events(self) -> AsyncGenerator[GeneratorEvent, None]:
        """The whole stream. It ends in one `complete`, also when it fails or is cancelled."""
        try:
            async with AsyncExitStack() as stack, aclosing(self._work(stack)) as events:
                async for event in events:
                    yield event
        except SuiteFails as error:
            self._notes.append(error.message)
            self._failing = error.failing
            yield GeneratorError(message=error.message, hint=error.hint, count=0)
            yield self._complete("finished")
        except QEError as error:
            self._notes.append(error.message)
            yield GeneratorError(message=error.message, hint=error.hint, count=0)
            yield self._complete("failed")
        except asyncio.CancelledError:
            self._notes.append("The run was cancelled.")
            yield self._complete("cancelled")
            raise
        else:
            yield self._complete("finished")

    async def _work(self, stack: AsyncExitStack) -> AsyncGenerator[GeneratorEvent, None]:
        for event in self._progress(0, "Looking at the interpreter, copying the project"):
            yield event
        began = self._clock()
        targets, tree = await self._subject(stack)
        self._spent = self._clock() - began
        interpreters = self._interpreters or await self._found()
        await asyncio.to_thread(_lay_over, interpreters, tree)
        slots = self._options.side_by_side(len(interpreters), defaults.cores())
        shared = Shared(self._options, interpreters, self._chosen(), tree, self._clock, slots)
        self._targets = len(targets)
        for changed in (True, False):
            tier = [target for target in targets if target.changed is changed]
            async with aclosing(self._tier(tier, shared)) as events:
                async for made in events:
                    yield made
        kept = sum(len(run.kept) for run in self._runs)
        for event in self._progress(100, f"{kept} {'test holds' if kept == 1 else 'tests hold'}"):
            yield event

    async def _tier(
        self, tier: Sequence[Wanted], shared: Shared
    ) -> AsyncGenerator[GeneratorEvent, None]:
        """Targets that count alike: each with its share, then with what others have left over."""
        first, runs = len(self._runs), self._runs
        waiting = list(tier)
        for in_turn in (True, False):
            late, queue, waiting = list[Wanted](), waiting, []
            for number, target in enumerate(queue):
                rest = queue[number:] if in_turn else [target]
                room = share([one.places for one in rest], self._room) if in_turn else self._room
                time = self._options.time_budget - self._spent
                if runs and time < LEAST:
                    late.append(target)
                elif not room:
                    waiting.append(target)
                else:
                    runs.append(TargetRun(shared, target, time / len(rest), room))
                    async with aclosing(self._one(runs[-1])) as events:
                        async for event in events:
                            yield event
            self._left_out(late, "the time was over")
        self._left_out(waiting, self._enough)
        async with aclosing(self._spare(runs[first:])) as more:
            async for event in more:
                yield event

    async def _spare(self, runs: Sequence[TargetRun]) -> AsyncGenerator[GeneratorEvent, None]:
        """Tests that had no room beside others, as far as there is room in the end."""
        for run in runs:
            if run.has_spare and self._room:
                try:
                    async with aclosing(run.more(self._room)) as more:
                        async for refused in more:
                            yield refused
                except QEError as error:
                    self._notes.append(error.message)
            for event in run.no_room():
                yield event

    async def _one(self, run: TargetRun) -> AsyncGenerator[GeneratorEvent, None]:
        number = len(self._runs) - 1
        try:
            async with aclosing(run.events()) as events:
                async for found in events:
                    if isinstance(found, tuple):
                        part = (number + found[0]) / self._targets
                        for event in self._progress(part * 100, found[1]):
                            yield event
                    else:
                        yield found
        except SuiteFails:
            raise  # it holds for all of them
        except QEError as error:
            if self._targets == 1 or error.message in self._notes:
                raise  # so does this
            self._notes.append(error.message)
            yield GeneratorError(message=error.message, hint=error.hint, recoverable=True)
        self._spent += run.spent

    @property
    def _room(self) -> int:
        """How many tests there may be yet."""
        return self._options.max_tests - sum(len(run.kept) for run in self._runs)

    @property
    def _enough(self) -> str:
        return f"the limit of {plural(self._options.max_tests, 'test')} was reached"

    def _left_out(self, targets: Sequence[Wanted], why: str) -> None:
        if targets:
            tried = {run.target for run in self._runs}
            self._notes.append(left_out([target.target for target in targets], tried, why))

    async def _found(self) -> tuple[ProjectInterpreter, ...]:
        """The interpreters that were named, or the one that is active."""
        options = self._options
        repo = options.repo.resolve()
        found = await defaults.interpreters(options.pythons, sandbox=options.sandbox, repo=repo)
        self._notes += found.notes
        return found.interpreters

    async def _subject(self, stack: AsyncExitStack) -> tuple[list[Wanted], Path]:
        """The targets, and a tree that holds them."""
        options = self._options
        if options.code is not None:
            files = {MODULE: options.code, str(Path(MODULE).parent / "__init__.py"): ""}
            return [Wanted(MODULE)], await stack.enter_async_context(trees.written(files))
        targets, notes = await wanted(options)
        self._notes += notes
        repo = options.repo.resolve()
        export = await stack.enter_async_context(trees.copied(repo, os.environ))
        tree = export.root
        self._notes += _unseen(export.left_out)
        for target in targets:
            if not (tree / target.target).is_file():
                with suppress(ValueError):
                    target.target = Path(target.target).resolve().relative_to(repo).as_posix()
        if options.file is not None:
            place = tree / targets[0].target
            good = {targets[0].target} if place.is_file() and place.suffix == ".py" else ()
            check_target(targets[0].target, good, tree)
        return targets, tree

    def _chosen(self) -> Generator:
        if self._generator is not None:
            return self._generator
        if self._options.given:
            return ProvidedTests(self._options.given)
        from qe_action.generators import GENERATORS

        name = self._options.generator
        return GENERATORS["offline" if name == "auto" else name]()

    def _progress(self, percent: float, message: str) -> Iterator[GeneratorProgress]:
        """At most one event for each whole percent: 101 a run."""
        if int(percent) <= self._percent:
            return
        self._percent = int(percent)
        yield GeneratorProgress(
            percent=float(self._percent),
            message=message,
            count=sum(len(run.shown) for run in self._runs),
            total=self._options.max_tests,
        )

    def _complete(self, conclusion: Conclusion) -> GenerationComplete:
        """The result; tests that did not meet every gate are not in it."""
        whole = conclusion == "finished"
        tests = [case for run in self._runs for case in run.cases()] if whole else []
        notes = [*self._notes, *(note for run in self._runs for note in run.notes)]
        rejected = sum((run.rejected for run in self._runs), Counter[str]())
        proposed = [run for run in self._runs if run.kept]
        first = {run.target: run.before for run in reversed(proposed)}
        last = {run.target: run.after for run in proposed}
        return GenerationComplete(
            tests=tuple(tests),
            total=len(tests),
            conclusion=conclusion,
            coverage_before=_percent(list(first.values())) if tests else None,
            coverage_estimate=_percent(list(last.values())) if tests else None,
            notes=tuple(dict.fromkeys(notes)),
            suspicions=tuple(dict.fromkeys(bug for run in self._runs for bug in run.suspicions)),
            rejected=dict(sorted(rejected.items())),
            failing=self._failing,
            framework=self._options.framework,
            test_type=self._options.test_type,
        )


def _unseen(found: Sequence[LeftOut]) -> list[str]:
    """What tests can't see of the project, in one sentence."""
    if not found:
        return []
    named = ", ".join(f"{one.path} ({one.reason})" for one in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [f"Tests are run without {named}{more}."]


def _percent(counts: Sequence[Counts | None]) -> float | None:
    """Of some targets together; None where one of them was not measured."""
    whole = Counts(statements=0, covered=0)
    for one in counts:
        if one is None:
            return None
        whole += one
    return whole.percent


def _lay_over(interpreters: Sequence[ProjectInterpreter], tree: Path) -> None:
    """What the set-up of an environment has made in the project, into a copy of it."""
    for interpreter in interpreters:
        if isinstance(interpreter, SandboxedInterpreter) and interpreter.built is not None:
            lay_over(interpreter.built, tree)
