"""One target of a test generation: its goals, the candidates, and what holds of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from qe_action.agents.generation_notes import at, check_target, named, suite_fails, untried
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted, functions_around
from qe_action.agents.proposals import bug_of, case_of, verdict
from qe_action.agents.target_runners import checked, collected, imported, others, tools, warm
from qe_action.agents.trials import trials
from qe_action.errors import WorkspaceError
from qe_action.events import (
    BugSuspected,
    Counts,
    GeneratorError,
    GeneratorEvent,
    SuspectedBug,
    TestCase,
    TestProposed,
    TestRejected,
)
from qe_action.generators.port import Generator, Goals, Job, Layout, Suspicion, Trouble
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.text import plural
from qe_action.verify.batch import Batch
from qe_action.verify.gates import Refusal, Setting, Trial
from qe_action.verify.mutants import mutants
from qe_action.verify.project import Project, describe
from qe_action.verify.run_answers import Measured
from qe_action.verify.suite import Suite
from qe_action.verify.test_runner import TestRunner
from qe_action.workspace import tree as trees

__all__ = ["GeneratorEvent", "Shared", "TargetRun"]

Step = tuple[float, str]
"""How much of the target is done, of 1, and what is being done."""
Found = Step | TestProposed | TestRejected | BugSuspected | GeneratorError

ALONE = 10.0
"""Seconds that one test may take."""
BEYOND = 4
"""How many tests more than twice those asked for are found before the search ends."""
SEARCHED = 0.7
"""The part of the progress that the search is."""


@dataclass
class Shared:
    """What all targets of a generation have in common. `green`: the suite was seen to pass."""

    options: GenerationOptions
    interpreters: Sequence[ProjectInterpreter]
    generator: Generator
    tree: Path
    clock: Callable[[], float]
    slots: int
    green: bool = False


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
        self._full = False
        self._goals = Goals()
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

    @property
    def target(self) -> str:
        """The file that it is about."""
        return self._target.target

    def cases(self) -> list[TestCase]:
        """What is proposed."""
        return [self._case(trial) for trial in self.kept]

    async def _work(self, stack: AsyncExitStack) -> AsyncGenerator[Found, None]:
        shared, path = self._shared, self._target.target
        project, runner = await self._runner(stack, shared.slots)
        hello = await checked(runner)
        rest, notes = await others(stack, shared.interpreters[1:], hello, project, shared.tree)
        self.notes += notes
        yield 0.03, f"Importing {project.module}"
        at_import = await imported(runner, max(5.0, min(60.0, self._left())))
        suite = Suite(runner, hello.plugins, shared.options.suite_timeout)
        asked = shared.clock()
        spared = await self._red(suite, at_import)
        self._began += shared.clock() - asked  # the suite comes on top of the budget
        setting, goals = self._setting(runner, at_import, spared)
        self._goals = goals
        self.before = self.after = at_import.counts
        if not setting.lines and not setting.arcs:
            beside = " beside what they run" if spared else ""
            self.notes.append(f"Nothing of {path} is missed{beside}.")
            return
        told = len(self.notes)
        if not setting.lines & set(at_import.lines):  # else each run has to import
            await warm(runner, hello.plugins, at_import, max(5.0, min(60.0, self._left())))
        async with aclosing(self._search(setting, goals)) as found:
            async for event in found:
                yield event
        self.spent = shared.clock() - self._began
        if not (self.shown or self.rejected or self.notes[told:]):
            self.notes.append(self._nothing())
        self.notes += self._untried()
        batch = Batch(runner, rest, suite, self.shown.copy(), self._limit, python=hello.python)
        batch.rank = self._target.rank
        batch.tools = tools(shared.tree)
        self._batch = batch
        async with aclosing(self._judge_all(batch)) as found:
            async for event in found:
                yield event
        self.kept = batch.trials
        self.before = suite.before or _none_of(at_import.counts)
        self.after = suite.after if self.kept else self.before
        await self._settle(suite, self.kept)

    async def _runner(self, stack: AsyncExitStack, slots: int) -> tuple[Project, TestRunner]:
        """The project as it is by now, with the accepted tests, and a test runner for it."""
        shared, path = self._shared, self._target.target
        files = await asyncio.to_thread(trees.python_files, shared.tree)
        check_target(path, files, shared.tree)
        collects = await asyncio.to_thread(collected, shared.tree, path)
        self._project = project = await asyncio.to_thread(describe, files, path, collects)
        opened = TestRunner.open(shared.interpreters[0], project, shared.tree, slots)
        return project, await stack.enter_async_context(opened)

    async def more(self, limit: int) -> AsyncGenerator[TestRejected, None]:
        """Of the tests that had no room, as many as there is room for now."""
        batch = self._batch
        assert batch is not None
        added, batch.spare = batch.spare[:limit], batch.spare[limit:]
        async with AsyncExitStack() as stack:
            _, runner = await self._runner(stack, 1)
            suite = Suite(
                runner, (await checked(runner)).plugins, self._shared.options.suite_timeout
            )
            async for trial, why in suite.judge(added):
                trial.refusal = Refusal("suite", why)
                added.remove(trial)
                yield self._refused(trial)
            self.kept += added
            self.after = suite.after or self.after
            await self._settle(suite, added)

    def no_room(self) -> list[TestRejected]:
        """The tests that hold and go beyond what was asked for; they are out."""
        spare, limit = (self._batch.spare if self._batch else []), self._shared.options.max_tests
        for trial in spare:
            trial.refusal = Refusal(
                "limit",
                f"no more than {plural(limit, 'test')} {'was' if limit == 1 else 'were'} asked for",
            )
        return [self._refused(trial) for trial in spare]

    @property
    def has_spare(self) -> bool:
        return self._batch is not None and bool(self._batch.spare)

    async def _settle(self, suite: Suite, trials: Sequence[Trial]) -> None:
        """The tests into the tree: what comes after is tried beside them."""
        if trials:
            place = self._shared.tree / suite.runner.project.place
            await asyncio.to_thread(_put, place, suite.text(trials).encode())

    async def _red(self, suite: Suite, at_import: Measured) -> frozenset[int]:
        """The lines that failing tests run, if tests are made all the same.

        Raises `SuiteFails` where they are not: what is missed by a red suite is not known.
        """
        options = self._shared.options
        known = options.tests_known or self._shared.green
        failing = {} if known else await suite.failing()
        self._shared.green = not failing
        if failing and not options.allow_red:
            raise suite_fails(failing)
        if not failing:
            return frozenset()
        self.notes.append(f"{named(failing)}: no test is made for what they run.")
        own = await suite.lines_of(list(failing)) - frozenset(at_import.lines)
        return functions_around(suite.runner.project.source, own)

    def _setting(
        self, runner: TestRunner, at_import: Measured, spared: frozenset[int]
    ) -> tuple[Setting, Goals]:
        """What is missed: of the report's gaps, or of all statements."""
        lines, arcs = self._target.goals(runner.project.source, at_import, at_import)
        lines, arcs = lines - spared, frozenset(arc for arc in arcs if arc[0] not in spared)
        return Setting(runner, lines, arcs, self._patience), Goals(lines, arcs)

    def _left(self) -> float:
        return self._budget - (self._shared.clock() - self._began)

    def _patience(self) -> float:
        return max(0.05, min(ALONE, self._left()))

    def _job(self, setting: Setting, goals: Goals) -> Job:
        project, tree = setting.runner.project, self._shared.tree
        paths = tuple(str(tree / path) for path in project.paths)
        return Job(
            target=project.target,
            source=project.source.decode("utf-8", "replace"),
            goals=goals,
            root=str(tree),
            layout=Layout(project.module, paths, project.nearest_first()),
            interpreter=self._shared.interpreters[0],
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
                if len(self.shown) >= 2 * self._limit + BEYOND:
                    self._full = True
                    break

    def _untried(self) -> list[str]:
        """The gaps that no test was tried for, and why."""
        over = self._left() <= 0 and bool(self.shown)
        if not (self._full or over):
            return []
        wanted = self._goals.lines | {abs(arc[0]) for arc in self._goals.arcs}
        reached = {abs(n) for t in self.shown for n in (*t.lines, *(arc[0] for arc in t.arcs))}
        gaps = [
            gap
            for gap in self._target.gaps or ()
            if wanted.difference(reached).intersection(range(gap.line_start, gap.line_end + 1))
            and reached.isdisjoint(range(gap.line_start, gap.line_end + 1))
        ]
        if not gaps:
            return []
        why = "so many tests hold already" if self._full else "the time was over"
        return [untried(self._target.target, [gap.line_start for gap in gaps], why)]

    def _nothing(self) -> str:
        """Why there is no test, where no other reason was given."""
        where = at(self._target.target, [gap.line_start for gap in self._target.gaps or ()])
        if self._left() <= 0:
            return f"The time was over before a test for {where} was found."
        return f"Nothing that was tried gives a test for {where}."

    def _step(self) -> Step:
        time = 1 - max(0.0, self._left()) / self._budget
        part = min(1.0, max(time, len(self.shown) / (2 * self._limit + BEYOND)))
        refused = sum(self.rejected.values())
        holds = "test holds" if len(self.shown) == 1 else "tests hold"
        return part * SEARCHED, f"{len(self.shown)} {holds} alone, {refused} refused"

    def _trouble(self, trouble: Trouble) -> GeneratorError:
        self.notes.append(trouble.message)
        return GeneratorError(
            message=trouble.message, hint=trouble.detail, recoverable=True, count=len(self.shown)
        )

    def _suspected(self, found: Suspicion, setting: Setting) -> BugSuspected:
        bug = bug_of(found, setting.runner.project.source)
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


def _put(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _none_of(counts: Counts) -> Counts:
    """The same statements and branches, none of them covered."""
    return Counts(statements=counts.statements, covered=0, branches=counts.branches)
