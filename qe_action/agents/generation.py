"""One run of the test generation: its targets one after the other, and the result."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from qe_action import defaults
from qe_action.agents.earlier_tests import EarlierTests
from qe_action.agents.emission import Emit, emitted
from qe_action.agents.generation_notes import check_target, left_out, unasked
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted, wanted
from qe_action.agents.shares import share
from qe_action.agents.target_report import TargetReport
from qe_action.agents.target_run import Shared, TargetRun
from qe_action.errors import QEError, SuiteFails
from qe_action.events import (
    Activity,
    Conclusion,
    Counts,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
)
from qe_action.generators.port import Closing, Generator, Metered
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.project_worker.sandboxed import SandboxedInterpreter
from qe_action.text import plural
from qe_action.workspace import tree as trees
from qe_action.workspace.built_files import lay_over
from qe_action.workspace.export import LeftOut

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
        make_generator: Callable[[], Generator],
        clock: Callable[[], float],
    ) -> None:
        self._options = options
        self._interpreters = tuple(interpreters)
        self._make_generator = make_generator
        self._clock = clock
        self._spent = 0.0
        self._percent = -1
        self._targets = 1
        self._failing: tuple[str, ...] = ()
        self._notes: list[str] = []
        self._reports: list[TargetReport] = []
        self._generator: Generator | None = None
        self._earlier = EarlierTests(options.earlier)
        self._emit: Emit[GeneratorEvent]

    def events(self) -> AsyncGenerator[GeneratorEvent, None]:
        """The whole stream. It ends in one `complete`, also when it fails or is cancelled."""
        return emitted(self._run)

    async def _run(self, emit: Emit[GeneratorEvent]) -> None:
        self._emit = self._earlier.once(emit)
        self._earlier.tell(emit)
        self._notes += self._earlier.notes
        try:
            async with AsyncExitStack() as stack:
                await self._work(stack)
        except SuiteFails as error:
            self._failing = error.failing
            self._ended("finished", error)
        except QEError as error:
            self._ended("failed", error)
        except asyncio.CancelledError:
            self._notes.append("The run was cancelled.")
            self._emit(self._complete("cancelled"))
            raise
        else:
            self._emit(self._complete("finished"))

    def _ended(self, conclusion: Conclusion, error: QEError) -> None:
        """The end of a run that an error has cut short."""
        self._notes.append(error.message)
        self._emit(GeneratorError(message=error.message, hint=error.hint, count=0))
        self._emit(self._complete(conclusion))

    async def _work(self, stack: AsyncExitStack) -> None:
        self._progress(0, "Looking at the interpreter, copying the project")
        began = self._clock()
        targets, tree = await self._subject(stack)
        self._spent = self._clock() - began
        interpreters = self._interpreters or await self._found()
        await asyncio.to_thread(_lay_over, interpreters, tree)
        slots = self._options.side_by_side(len(interpreters), defaults.cores())
        generator = self._generator = self._make_generator()
        if not isinstance(generator, Metered):
            self._notes += unasked(self._options)
        if isinstance(generator, Closing):
            stack.push_async_callback(generator.aclose)
        begins = self._earlier.before(generator)
        shared = Shared(self._options, interpreters, begins, tree, self._clock, slots)
        self._targets = len(targets)
        for changed in (True, False):
            await self._tier([target for target in targets if target.changed is changed], shared)
        kept = sum(len(report.kept) for report in self._reports)
        self._progress(100, f"{kept} {'test holds' if kept == 1 else 'tests hold'}")

    async def _tier(self, tier: Sequence[Wanted], shared: Shared) -> None:
        """Targets that count alike: each with its share, then with what others have left over."""
        runs: list[TargetRun] = []
        waiting = list(tier)
        for in_turn in (True, False):
            late, queue, waiting = list[Wanted](), waiting, []
            for number, target in enumerate(queue):
                rest = queue[number:] if in_turn else [target]
                room = share([one.places for one in rest], self._room) if in_turn else self._room
                time = self._options.time_budget - self._spent
                if self._reports and time < LEAST:
                    late.append(target)
                elif not room:
                    waiting.append(target)
                else:
                    runs.append(TargetRun(shared, self._report(target), time / len(rest), room))
                    await self._one(runs[-1])
            self._left_out(late, "the time was over")
        self._left_out(waiting, self._enough)
        await self._spare(runs)

    def _report(self, target: Wanted) -> TargetReport:
        """What is told of one more target; its part of the progress comes after those before."""
        number = len(self._reports)

        def progress(part: float, words: str, activity: Activity = "") -> None:
            self._progress((number + part) / self._targets * 100, words, activity)

        self._reports.append(TargetReport(target, self._options, self._emit, progress))
        return self._reports[-1]

    async def _one(self, run: TargetRun) -> None:
        try:
            await run.run()
        except SuiteFails:
            raise  # it holds for all of them
        except QEError as error:
            if self._targets == 1 or error.message in self._notes:
                raise  # so does this
            self._notes.append(error.message)
            self._emit(GeneratorError(message=error.message, hint=error.hint, recoverable=True))
        self._spent += run.spent

    async def _spare(self, runs: Sequence[TargetRun]) -> None:
        """Tests that had no room beside others, as far as there is room in the end."""
        for run in runs:
            if run.has_spare and self._room:
                try:
                    await run.more(self._room)
                except QEError as error:
                    self._notes.append(error.message)
            run.report.no_room()

    @property
    def _room(self) -> int:
        """How many tests there may be yet."""
        return self._options.max_tests - sum(len(report.kept) for report in self._reports)

    @property
    def _enough(self) -> str:
        return f"the limit of {plural(self._options.max_tests, 'test')} was reached"

    def _left_out(self, targets: Sequence[Wanted], why: str) -> None:
        if targets:
            tried = {report.target.target for report in self._reports}
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

    def _progress(self, percent: float, message: str, activity: Activity = "") -> None:
        """At most one event for each whole percent: 101 a run."""
        if int(percent) <= self._percent:
            return
        self._percent = int(percent)
        event = GeneratorProgress(
            percent=float(self._percent),
            message=message,
            count=sum(len(report.shown) for report in self._reports),
            total=self._options.max_tests,
            activity=activity,
        )
        self._emit(event)

    def _complete(self, conclusion: Conclusion) -> GenerationComplete:
        """The result; tests that did not meet every gate are not in it."""
        whole = conclusion == "finished"
        reports = self._reports
        tests = [case for report in reports for case in report.cases()] if whole else []
        notes = [*self._notes, *(note for report in reports for note in report.notes)]
        rejected = sum((report.rejected for report in reports), self._earlier.rejected)
        proposed = [report for report in reports if report.kept]
        first = {report.target.target: report.before for report in reversed(proposed)}
        last = {report.target.target: report.after for report in proposed}
        return GenerationComplete(
            tests=tuple(tests),
            total=len(tests),
            conclusion=conclusion,
            coverage_before=_percent(list(first.values())) if tests else None,
            coverage_estimate=_percent(list(last.values())) if tests else None,
            notes=tuple(dict.fromkeys(notes)),
            suspicions=tuple(dict.fromkeys(bug for report in reports for bug in report.suspicions)),
            rejected=dict(sorted(rejected.items())),
            failing=self._failing,
            by_generator=dict(sorted(Counter(t.generator for t in tests if t.generator).items())),
            model=self._generator.use if isinstance(self._generator, Metered) else None,
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
