"""One target of a test generation: its goals, the candidates, and what holds of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from qe_action.agents.generation_notes import check_target, named, suite_fails
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import functions_around
from qe_action.agents.target_report import TargetReport
from qe_action.agents.target_runners import checked, collected, imported, others, tools, warm
from qe_action.agents.trials import Trials
from qe_action.analysis.python_module import parse_module
from qe_action.errors import WorkspaceError
from qe_action.events import Counts
from qe_action.generators.port import (
    Doing,
    Generator,
    Goals,
    Job,
    Layout,
    Suspicion,
    Trouble,
)
from qe_action.generators.whole_file import first_lines
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.verify.batch import Batch
from qe_action.verify.gates import Refusal, Setting, Trial
from qe_action.verify.mutants import mutants
from qe_action.verify.project import Project, describe
from qe_action.verify.run_answers import Hello, Measured
from qe_action.verify.suite import Suite
from qe_action.verify.test_runner import TestRunner
from qe_action.workspace import tree as trees

BEYOND = 4
"""How many tests more than twice those asked for are found before the search ends."""
IMPORTED = 0.03
SUITE = 0.04
"""The parts of the progress, of 1, at which the target is imported and its suite is run."""


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

    What comes of it stands in `report`, and goes up from there. `spent` are the seconds of search
    and of the gates of single tests.
    """

    def __init__(self, shared: Shared, report: TargetReport, budget: float, limit: int) -> None:
        self._shared = shared
        self.report = report
        self._target = report.target
        self._budget = budget
        self._limit = limit
        self._began = shared.clock()
        self._full = False
        self.spent = 0.0

    @property
    def target(self) -> str:
        """The file that it is about."""
        return self._target.target

    async def run(self) -> None:
        """Search for tests, and have the gates judge them.

        Raises `WorkspaceError` where the target can't be used, `SuiteFails` where the suite is red.
        """
        try:
            async with AsyncExitStack() as stack:
                await self._run(stack)
        except (RecursionError, MemoryError):
            raise WorkspaceError(
                f"{self.target} was given up: code that belongs to it is nested too deeply."
            ) from None

    async def _run(self, stack: AsyncExitStack) -> None:
        shared, report = self._shared, self.report
        project, runner = await self._runner(stack, shared.slots)
        hello = await checked(runner)
        rest, notes = await others(stack, shared.interpreters[1:], hello, project, shared.tree)
        report.notes += notes
        report.progress(IMPORTED, f"Importing {project.module}")
        at_import = await imported(runner, self._for_import())
        suite = Suite(runner, hello.plugins, shared.options.suite_timeout)
        asked = shared.clock()
        spared = await self._red(suite, at_import)
        self._began += shared.clock() - asked  # the suite comes on top of the budget
        setting, goals = self._setting(runner, at_import, spared)
        report.before = report.after = at_import.counts
        if not setting.lines and not setting.arcs:
            beside = " beside what they run" if spared else ""
            report.notes.append(f"Nothing of {self.target} is missed{beside}.")
            return
        if not setting.lines & set(at_import.lines):  # else each run has to import
            await warm(runner, hello.plugins, at_import, self._for_import())
        await self._search(setting, goals)
        self.spent = shared.clock() - self._began
        await self._judge_all(suite, rest, hello)
        report.before = suite.before or _none_of(at_import.counts)
        report.after = suite.after if report.kept else report.before
        await self._settle(suite, report.kept)

    async def _runner(self, stack: AsyncExitStack, slots: int) -> tuple[Project, TestRunner]:
        """The project as it is by now, with the tests that were accepted, and a runner for it."""
        shared, path = self._shared, self.target
        files = await asyncio.to_thread(trees.python_files, shared.tree)
        check_target(path, files, shared.tree)
        collects = await asyncio.to_thread(collected, shared.tree, path)
        project = await asyncio.to_thread(describe, files, path, collects)
        self.report.place = project.place
        self.report.module = parse_module(path, project.source)
        opened = TestRunner.open(shared.interpreters[0], project, shared.tree, slots)
        return project, await stack.enter_async_context(opened)

    async def _red(self, suite: Suite, at_import: Measured) -> frozenset[int]:
        """The lines that failing tests run, if tests are made all the same.

        Raises `SuiteFails` where they are not: what is missed by a red suite is not known.
        """
        options = self._shared.options
        if options.tests_known or self._shared.green:
            return frozenset()
        self.report.progress(SUITE, "Running the suite as it is")
        failing = await suite.failing()
        self._shared.green = not failing
        if failing and not options.allow_red:
            raise suite_fails(failing)
        if not failing:
            return frozenset()
        self.report.notes.append(f"{named(failing)}: no test is made for what they run.")
        own = await suite.lines_of(list(failing)) - frozenset(at_import.lines)
        return functions_around(suite.runner.project.source, own)

    def _setting(
        self, runner: TestRunner, at_import: Measured, spared: frozenset[int]
    ) -> tuple[Setting, Goals]:
        """What is missed: of the report's gaps, or of all statements."""
        lines, arcs = self._target.goals(runner.project.source, at_import, at_import)
        lines, arcs = lines - spared, frozenset(arc for arc in arcs if arc[0] not in spared)
        first = first_lines(runner.project.source.decode("utf-8", "replace"))
        return Setting(runner, lines, arcs, self._patience), Goals(lines, arcs, first)

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
            gaps=tuple(self._target.gaps or ()),
            limit=self._limit,
            left=self._left,
        )

    async def _search(self, setting: Setting, goals: Goals) -> None:
        """Report the candidates as they pass or are refused, and what was left untried."""
        report, told = self.report, len(self.report.notes)
        job, ahead = self._job(setting, goals), 2 * self._shared.slots
        trials = Trials(self._shared.generator, job, setting, ahead)
        async with aclosing(trials.released(self._left)) as found:
            async for item in found:
                if isinstance(item, Trouble):
                    report.trouble(item)
                elif isinstance(item, Suspicion):
                    report.suspected(item, setting.runner.project.source)
                elif isinstance(item, Doing):
                    report.doing(item)
                elif item.refusal is not None:
                    report.refused(item, item.refusal)
                else:
                    report.proposed(item)
                report.searching(self._searched())
                if len(report.shown) >= self._most:
                    self._full = True
                    break
        if not (report.shown or report.rejected or report.notes[told:]):
            report.found_nothing(in_time=self._left() > 0)
        if self._full:
            report.gaps_untried(goals, "so many tests hold already")
        elif self._left() <= 0 and report.shown:
            report.gaps_untried(goals, "the time was over")

    async def _judge_all(
        self, suite: Suite, others: Sequence[tuple[str, TestRunner]], hello: Hello
    ) -> None:
        """The gates of the whole set; what falls is withdrawn."""
        report = self.report
        report.batch = batch = Batch(
            suite.runner,
            others,
            suite,
            report.shown.copy(),
            self._limit,
            rank=self._target.rank,
            python=hello.python,
            tools=tools(self._shared.tree),
            progress=report.judging,
        )
        async with aclosing(batch.judge()) as out:
            async for trial, refusal in out:
                report.refused(trial, refusal)
        report.kept = batch.trials

    async def more(self, limit: int) -> None:
        """Of the tests that had no room, as many as there is room for now."""
        batch, report = self.report.batch, self.report
        assert batch is not None
        added, batch.spare = batch.spare[:limit], batch.spare[limit:]
        async with AsyncExitStack() as stack:
            _, runner = await self._runner(stack, 1)
            plugins = (await checked(runner)).plugins
            suite = Suite(runner, plugins, self._shared.options.suite_timeout)
            async with aclosing(suite.judge(added)) as out:
                async for trial, why in out:
                    added.remove(trial)
                    report.refused(trial, Refusal("suite", why))
            report.kept += added
            report.after = suite.after or report.after
            await self._settle(suite, added)

    @property
    def has_spare(self) -> bool:
        return self.report.batch is not None and bool(self.report.batch.spare)

    async def _settle(self, suite: Suite, trials: Sequence[Trial]) -> None:
        """The tests into the tree: what comes after is tried beside them."""
        if trials:
            place = self._shared.tree / suite.runner.project.place
            await asyncio.to_thread(_put, place, suite.text(trials).encode())

    @property
    def _most(self) -> int:
        """How many tests that hold alone end the search."""
        return 2 * self._limit + BEYOND

    def _searched(self) -> float:
        """Which part of the search is done, of 1."""
        time = 1 - max(0.0, self._left()) / self._budget
        return min(1.0, max(time, len(self.report.shown) / self._most))

    def _left(self) -> float:
        return self._budget - (self._shared.clock() - self._began)

    def _patience(self) -> float:
        return max(0.05, min(self._shared.options.test_timeout, self._left()))

    def _for_import(self) -> float:
        return max(5.0, min(60.0, self._left()))


def _put(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _none_of(counts: Counts) -> Counts:
    """The same statements and branches, none of them covered."""
    return Counts(statements=counts.statements, covered=0, branches=counts.branches)
