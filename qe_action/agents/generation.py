"""One run of the test generation: its targets one after the other, and the result."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path

from qe_action import defaults
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted, wanted
from qe_action.agents.target_run import GeneratorEvent, Shared, TargetRun
from qe_action.errors import QEError
from qe_action.events import Conclusion, GenerationComplete, GeneratorError, GeneratorProgress
from qe_action.findings import Counts
from qe_action.generators.given import GivenTests
from qe_action.generators.port import Generator
from qe_action.lab import Lab
from qe_action.sandboxed import SandboxLab
from qe_action.workspace import tree as trees
from qe_action.workspace.built import lay_over
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
        labs: Sequence[Lab],
        generator: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._labs = tuple(labs)
        self._generator = generator
        self._clock = clock
        self._spent = 0.0
        self._percent = -1
        self._notes: list[str] = []
        self._runs: list[TargetRun] = []

    async def events(self) -> AsyncGenerator[GeneratorEvent, None]:
        """The whole stream. It ends in one `complete`, also when it fails or is cancelled."""
        try:
            async with AsyncExitStack() as stack, aclosing(self._work(stack)) as events:
                async for event in events:
                    yield event
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
        labs = self._labs or await self._found()
        began = self._clock()
        targets, tree = await self._subject(stack)
        await asyncio.to_thread(_lay_over, labs, tree)
        slots = self._options.side_by_side(len(labs), defaults.cores())
        shared = Shared(self._options, labs, self._chosen(), tree, self._clock, slots)
        self._spent = self._clock() - began
        for number, target in enumerate(targets):
            left = self._options.time_budget - self._spent
            wanted_still = self._options.target_count - sum(len(run.kept) for run in self._runs)
            if wanted_still <= 0 or (number and left < LEAST):
                left_out = [other.target for other in targets[number:]]
                self._notes.append(f"No tests were tried for {', '.join(left_out[:5])}.")
                break
            run = TargetRun(shared, target, left / _sharing(targets[number:]), wanted_still)
            self._runs.append(run)
            try:
                async with aclosing(run.events()) as events:
                    async for found in events:
                        if isinstance(found, tuple):
                            part = (number + found[0]) / len(targets)
                            for event in self._progress(part * 100, found[1]):
                                yield event
                        else:
                            yield found
            except QEError as error:
                if len(targets) == 1 or error.message in self._notes:
                    raise  # it holds for all of them
                self._notes.append(error.message)
                yield GeneratorError(message=error.message, hint=error.hint, recoverable=True)
            self._spent += run.spent
        kept = sum(len(run.kept) for run in self._runs)
        for event in self._progress(100, f"{kept} {'test holds' if kept == 1 else 'tests hold'}"):
            yield event

    async def _found(self) -> tuple[Lab, ...]:
        """Labs for the interpreters that were named, or for the one that is active."""
        options = self._options
        repo = options.repo.resolve()
        found = await defaults.labs(options.pythons, sandbox=options.sandbox, repo=repo)
        self._notes += found.notes
        return found.labs

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
        self._notes += _left_out(export.left_out)
        for target in targets:
            if not (tree / target.target).is_file():
                with suppress(ValueError):
                    target.target = Path(target.target).resolve().relative_to(repo).as_posix()
        return targets, tree

    def _chosen(self) -> Generator:
        if self._generator is not None:
            return self._generator
        if self._options.given:
            return GivenTests(self._options.given)
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
            total=self._options.target_count,
        )

    def _complete(self, conclusion: Conclusion) -> GenerationComplete:
        """The result; tests that did not meet every gate are not in it."""
        whole = conclusion == "finished"
        tests = [case for run in self._runs for case in run.cases()] if whole else []
        notes = [*self._notes, *(note for run in self._runs for note in run.notes)]
        rejected = sum((run.rejected for run in self._runs), Counter[str]())
        proposed = [run for run in self._runs if run.kept]
        return GenerationComplete(
            tests=tuple(tests),
            total=len(tests),
            conclusion=conclusion,
            coverage_before=_percent([run.before for run in proposed]) if tests else None,
            coverage_estimate=_percent([run.after for run in proposed]) if tests else None,
            notes=tuple(dict.fromkeys(notes)),
            suspicions=tuple(dict.fromkeys(bug for run in self._runs for bug in run.suspicions)),
            rejected=dict(sorted(rejected.items())),
            framework=self._options.framework,
            test_type=self._options.test_type,
        )


def _left_out(found: Sequence[LeftOut]) -> list[str]:
    """What tests can't see of the project, in one sentence."""
    if not found:
        return []
    named = ", ".join(f"{one.path} ({one.reason})" for one in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [f"Tests are run without {named}{more}."]


def _sharing(targets: Sequence[Wanted]) -> int:
    """How many targets share the time that is left: changed lines first, the others after."""
    return sum(target.changed == targets[0].changed for target in targets)


def _percent(counts: Sequence[Counts | None]) -> float | None:
    """Of some targets together; None where one of them was not measured."""
    whole = Counts(statements=0, covered=0)
    for one in counts:
        if one is None:
            return None
        whole += one
    return whole.percent


def _lay_over(labs: Sequence[Lab], tree: Path) -> None:
    """What the set-up of an environment has made in the project, into a copy of it."""
    for lab in labs:
        if isinstance(lab, SandboxLab) and lab.built is not None:
            lay_over(lab.built, tree)
