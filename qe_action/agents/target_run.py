"""One target of a test generation: its goals, the candidates, and what holds of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from qe_action.agents.benches import checked, imported, others, tools, warm
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted
from qe_action.agents.proposals import bug_of, case_of, verdict
from qe_action.agents.trials import trials
from qe_action.errors import UsageError, WorkspaceError
from qe_action.events import (
    BugSuspected,
    GeneratorError,
    GeneratorEvent,
    SuspectedBug,
    TestCase,
    TestProposed,
    TestRejected,
)
from qe_action.findings import Counts
from qe_action.generators.port import Generator, Goals, Job, Layout, Suspicion, Trouble
from qe_action.lab import Lab
from qe_action.verify.answers import Measured
from qe_action.verify.batch import Batch
from qe_action.verify.bench import Bench
from qe_action.verify.gates import Setting, Trial
from qe_action.verify.mutants import mutants
from qe_action.verify.project import Project, describe
from qe_action.verify.suite import Suite
from qe_action.workspace import tree as trees

__all__ = ["GeneratorEvent", "Shared", "TargetRun"]

Step = tuple[float, str]
"""How much of the target is done, of 1, and what is being done."""
Found = Step | TestProposed | TestRejected | BugSuspected | GeneratorError

ALONE = 10.0
"""Seconds that one test may take."""
SEARCHED = 0.7
"""The part of the progress that the search is."""


@dataclass(frozen=True)
class Shared:
    """What all targets of a generation have in common."""

    options: GenerationOptions
    labs: Sequence[Lab]
    generator: Generator
    tree: Path
    clock: Callable[[], float]
    slots: int


class TargetRun:
    """The tests of one target: at most `limit`, searched for in `budget` seconds.

    `kept` hold every gate, `before` and `after` count the target's coverage; `spent` are the
    seconds of search and of the gates of single tests.
    """

    def __init__(self, shared: Shared, target: Wanted, budget: float, limit: int) -> None:
        self._shared = shared
        self._target = target
        self._budget = budget
        self._limit = limit
        self._began = shared.clock()
        self._batch: Batch | None = None
        self._project: Project | None = None
        self.shown: list[Trial] = []
        self.kept: list[Trial] = []
        self.rejected: Counter[str] = Counter()
        self.notes: list[str] = []
        self.suspicions: list[SuspectedBug] = []
        self.before: Counts | None = None
        self.after: Counts | None = None
        self.spent = 0.0

    async def events(self) -> AsyncGenerator[Found, None]:
        """Tests as they hold alone, those that fall later, and steps of progress."""
        try:
            async with AsyncExitStack() as stack, aclosing(self._work(stack)) as found:
                async for event in found:
                    yield event
        except (RecursionError, MemoryError):
            raise WorkspaceError(
                f"{self._target.target} was given up: code that belongs to it is nested too deeply."
            ) from None

    def cases(self) -> list[TestCase]:
        """What is proposed."""
        return [self._case(trial) for trial in self.kept]

    async def _work(self, stack: AsyncExitStack) -> AsyncGenerator[Found, None]:
        shared, path = self._shared, self._target.target
        files = await asyncio.to_thread(trees.python_files, shared.tree)
        if path not in files:
            what = "no tracked Python file; a new one needs `git add`"
            if (shared.tree / path).is_file():
                what = "no Python source, and lines of nothing else can be measured"
            raise UsageError(f"{path} is {what}.", anchor="command-line")
        self._project = project = await asyncio.to_thread(describe, files, path)
        slots = shared.slots
        bench = await stack.enter_async_context(
            Bench.open(shared.labs[0], project, shared.tree, slots)
        )
        hello = await checked(bench)
        rest, notes = await others(stack, shared.labs[1:], hello, project, shared.tree)
        self.notes += notes
        yield 0.03, f"Importing {project.module}"
        at_import = await imported(bench, max(5.0, min(60.0, self._left())))
        setting, goals = self._setting(bench, at_import)
        self.before = self.after = at_import.counts
        if not setting.lines and not setting.arcs:
            self.notes.append(f"Nothing of {path} is missed.")
            return
        if not setting.lines & set(at_import.lines):  # else each run has to import
            await warm(bench, hello.plugins, at_import, max(5.0, min(60.0, self._left())))
        async with aclosing(self._search(setting, goals)) as found:
            async for event in found:
                yield event
        self.spent = shared.clock() - self._began
        if not (self.shown or self.rejected or self.notes[len(notes) :]):
            self.notes.append(self._nothing())
        suite = Suite(bench, hello.plugins, shared.options.suite_timeout)
        batch = Batch(bench, rest, suite, self.shown.copy(), self._limit, python=hello.python)
        batch.tools = tools(shared.tree)
        self._batch = batch
        async with aclosing(self._judge_all(batch)) as found:
            async for event in found:
                yield event
        self.kept = batch.trials
        self.before = suite.before or _none_of(at_import.counts)
        self.after = suite.after if self.kept else self.before

    def _setting(self, bench: Bench, at_import: Measured) -> tuple[Setting, Goals]:
        """What is missed: of the report's gaps, or of all statements."""
        lines, arcs = self._target.goals(bench.project.source, at_import, at_import)
        gaps = self._target.gaps or ()
        ids = {n: gap.id for gap in gaps for n in gap.branch_lines}
        ids |= {n: gap.id for gap in gaps for n in range(gap.line_start, gap.line_end + 1)}
        return Setting(bench, lines, arcs, self._patience), Goals(lines, arcs, {}, ids)

    def _left(self) -> float:
        return self._budget - (self._shared.clock() - self._began)

    def _patience(self) -> float:
        return max(0.05, min(ALONE, self._left()))

    def _job(self, setting: Setting, goals: Goals) -> Job:
        project, tree = setting.bench.project, self._shared.tree
        paths = tuple(str(tree / path) for path in project.paths)
        return Job(
            target=project.target,
            source=project.source.decode("utf-8", "replace"),
            goals=goals,
            root=str(tree),
            layout=Layout(project.module, paths, project.nearest_first()),
            lab=self._shared.labs[0],
            seed=self._shared.options.seed,
            mutants=mutants(project.source, setting.lines | {arc[0] for arc in setting.arcs}),
        )

    async def _search(self, setting: Setting, goals: Goals) -> AsyncGenerator[Found, None]:
        """The candidates, as they pass or are refused."""
        job, ahead = self._job(setting, goals), 2 * self._shared.slots
        released = trials(self._shared.generator, job, setting, self._left, ahead)
        async with aclosing(released) as found:
            async for item in found:
                if isinstance(item, Trouble):
                    yield self._trouble(item)
                elif isinstance(item, Suspicion):
                    yield self._suspected(item, setting)
                else:
                    yield self._released(item, setting)
                yield self._step()
                if len(self.shown) >= 2 * self._limit:
                    break

    def _nothing(self) -> str:
        """Why there is no test, where no other reason was given."""
        if self._left() <= 0:
            return f"The time was over before a test for {self._target.target} was found."
        return f"Nothing that was tried gives a test for {self._target.target}."

    def _step(self) -> Step:
        time = 1 - max(0.0, self._left()) / self._budget
        part = min(1.0, max(time, len(self.shown) / (2 * self._limit)))
        refused = sum(self.rejected.values())
        holds = "test holds" if len(self.shown) == 1 else "tests hold"
        return part * SEARCHED, f"{len(self.shown)} {holds} alone, {refused} refused"

    def _trouble(self, trouble: Trouble) -> GeneratorError:
        self.notes.append(trouble.message)
        return GeneratorError(
            message=trouble.message, hint=trouble.detail, recoverable=True, count=len(self.shown)
        )

    def _suspected(self, found: Suspicion, setting: Setting) -> BugSuspected:
        bug = bug_of(found, setting.bench.project.source)
        self.suspicions.append(bug)
        return BugSuspected(bug=bug)

    def _released(self, trial: Trial, setting: Setting) -> TestProposed | TestRejected:
        if trial.refusal is not None:
            return self._refused(trial)
        setting.reached |= trial.reached
        self.shown.append(trial)
        case = self._case(trial)
        return TestProposed(test_case=case, target=case.target, verdict=verdict(trial))

    def _refused(self, trial: Trial) -> TestRejected:
        assert trial.refusal is not None
        self.rejected[trial.refusal.reason] += 1
        return TestRejected(
            test_case=self._case(trial),
            reason=trial.refusal.reason,
            detail=trial.refusal.detail,
        )

    def _case(self, trial: Trial) -> TestCase:
        assert self._project is not None
        batch = self._batch
        return case_of(
            trial,
            path=self._project.place,
            test_type=self._shared.options.test_type,
            runs=len(batch.rounds) if batch and batch.pythons else 0,
            pythons=tuple(batch.pythons) if batch else (),
            suite=batch.suite.words if batch else "",
        )

    async def _judge_all(self, batch: Batch) -> AsyncGenerator[Found, None]:
        """The gates of the whole set; what falls is withdrawn."""
        heard: list[Step] = []
        batch.progress = lambda part, words: heard.append((part, words))
        async with aclosing(batch.judge()) as out:
            async for trial, _ in out:
                while heard:
                    part, words = heard.pop(0)
                    yield SEARCHED + part * (1 - SEARCHED), words
                yield self._refused(trial)


def _none_of(counts: Counts) -> Counts:
    """The same statements and branches, none of them covered."""
    return Counts(statements=counts.statements, covered=0, branches=counts.branches)
