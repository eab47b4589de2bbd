"""One run of the test generation, step by step."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path

from qe_action import defaults
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted, wanted
from qe_action.agents.proposals import case_of, verdict
from qe_action.agents.trials import trials
from qe_action.errors import QEError, UsageError, WorkspaceError
from qe_action.events import (
    Conclusion,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    TestCase,
    TestProposed,
    TestRejected,
)
from qe_action.generators.given import GivenTests
from qe_action.generators.port import Generator, Goals, Job, Layout, Suspicion, Trouble
from qe_action.lab import Lab
from qe_action.verify.answers import Hello, Measured
from qe_action.verify.batch import Batch
from qe_action.verify.bench import Bench
from qe_action.verify.gates import Setting, Trial
from qe_action.verify.project import Project, describe
from qe_action.verify.suite import Suite
from qe_action.workspace import tree as trees

GeneratorEvent = (
    GeneratorProgress | TestProposed | TestRejected | GenerationComplete | GeneratorError
)

ALONE = 10.0
"""Seconds that one test may take."""
SEARCH, DONE = 70.0, 100.0
"""Percent when the search ends, and at the end."""
MODULE = "subject/code.py"
"""Where source code that came as text lies."""


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
        self._end = clock() + options.time_budget
        self._percent = -1
        self._shown: list[Trial] = []
        self._rejected: Counter[str] = Counter()
        self._notes: list[str] = []
        self._suite: Suite | None = None
        self._batch: Batch | None = None
        self._project: Project | None = None

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
        for event in self._progress(0, "Copying the project"):
            yield event
        labs = self._labs or defaults.labs(self._options.pythons, sandbox=self._options.sandbox)
        target, tree = await self._subject(stack)
        if not target.target:
            return
        files = await asyncio.to_thread(trees.python_files, tree)
        if target.target not in files:
            raise UsageError(f"{target.target} is no tracked Python file.", anchor="command-line")
        self._project = project = describe(files, target.target)
        slots = self._options.slots
        bench = await stack.enter_async_context(Bench.open(labs[0], project, tree, slots))
        hello = await _checked(bench)
        others = []
        for lab in labs[1:]:
            other = await stack.enter_async_context(Bench.open(lab, project, tree, 1))
            others.append(((await _checked(other)).python, other))
        for event in self._progress(3, f"Importing {project.module}"):
            yield event
        setting, goals = await self._setting(bench, target)
        self._notes += target.notes
        if not setting.lines and not setting.arcs:
            self._notes.append(f"Nothing of {target.target} is missed.")
            return
        async for found in self._search(setting, goals, tree):
            yield found
        self._suite = Suite(bench, hello.plugins, self._options.suite_timeout)
        self._batch = Batch(
            bench,
            others,
            self._suite,
            self._shown.copy(),
            self._options.target_count,
            python=hello.python,
        )
        async for found in self._judge_all(self._batch):
            yield found
        for event in self._progress(DONE, f"{len(self._batch.trials)} tests hold"):
            yield event

    async def _subject(self, stack: AsyncExitStack) -> tuple[Wanted, Path]:
        """The target, and a tree that holds it."""
        options = self._options
        if options.code is not None:
            files = {MODULE: options.code, str(Path(MODULE).parent / "__init__.py"): ""}
            return Wanted(MODULE), await stack.enter_async_context(trees.written(files))
        target = await wanted(options)
        repo = options.repo.resolve()
        tree = await stack.enter_async_context(trees.copied(repo, os.environ))
        if not (tree / target.target).is_file():
            with suppress(ValueError):
                target.target = Path(target.target).resolve().relative_to(repo).as_posix()
        return target, tree

    async def _setting(self, bench: Bench, target: Wanted) -> tuple[Setting, Goals]:
        """What is missed: of the report's gaps, or of all statements."""
        at_import = await _imported(bench, max(5.0, min(60.0, self._left())))
        lines, arcs = target.goals(bench.project.source, at_import, at_import)
        setting = Setting(bench, lines, arcs, self._patience)
        ids = {n: g.id for g in target.gaps or () for n in range(g.line_start, g.line_end + 1)}
        return setting, Goals(lines, arcs, {}, ids)

    def _left(self) -> float:
        return self._end - self._clock()

    def _patience(self) -> float:
        return max(0.05, min(ALONE, self._left()))

    async def _search(
        self, setting: Setting, goals: Goals, tree: Path
    ) -> AsyncIterator[GeneratorEvent]:
        """The candidates, as they pass or are refused."""
        project, options = setting.bench.project, self._options
        layout = Layout(
            project.module,
            tuple(str(tree / path) for path in project.paths),
            tuple(project.test_files),
        )
        job = Job(
            target=project.target,
            source=project.source.decode("utf-8", "replace"),
            goals=goals,
            root=str(tree),
            layout=layout,
            lab=(self._labs or defaults.labs(options.pythons, sandbox=options.sandbox))[0],
            seed=options.seed,
        )
        generator = self._generator or self._chosen()
        async with aclosing(
            trials(generator, job, setting, self._left, 2 * options.slots)
        ) as found:
            async for item in found:
                if isinstance(item, Trouble):
                    yield self._trouble(item)
                elif isinstance(item, Suspicion):
                    self._notes.append(_suspected(item))
                else:
                    yield self._released(item, setting)
                for event in self._searching():
                    yield event
                if len(self._shown) >= 2 * options.target_count:
                    break

    def _chosen(self) -> Generator:
        if self._options.given:
            return GivenTests(self._options.given)
        from qe_action.generators import GENERATORS

        name = self._options.generator
        make = GENERATORS.get("offline" if name == "auto" else name)
        if make is None:
            raise UsageError(f"There is no generator {name}.", hint="Give tests to be judged.")
        return make()

    def _trouble(self, trouble: Trouble) -> GeneratorError:
        self._notes.append(trouble.message)
        return GeneratorError(
            message=trouble.message, hint=trouble.detail, recoverable=True, count=len(self._shown)
        )

    def _released(self, trial: Trial, setting: Setting) -> GeneratorEvent:
        if trial.refusal is not None:
            return self._refused(trial)
        setting.reached |= trial.reached
        self._shown.append(trial)
        return TestProposed(
            test_case=self._case(trial), target=self._target(trial), verdict=verdict(trial)
        )

    def _refused(self, trial: Trial) -> TestRejected:
        assert trial.refusal is not None
        self._rejected[trial.refusal.reason] += 1
        return TestRejected(
            test_case=self._case(trial),
            reason=trial.refusal.reason,
            detail=trial.refusal.detail,
        )

    def _case(self, trial: Trial) -> TestCase:
        assert self._project is not None
        batch = self._batch
        words = batch.suite.words if batch else ""
        return case_of(
            trial,
            path=self._project.place,
            test_type=self._options.test_type,
            runs=len(batch.rounds) if batch and batch.pythons else 0,
            pythons=tuple(batch.pythons) if batch else (),
            suite=words,
        )

    def _target(self, trial: Trial) -> str:
        name = trial.candidate.qualname
        return f"{trial.candidate.target}::{name}" if name else trial.candidate.target

    async def _judge_all(self, batch: Batch) -> AsyncIterator[GeneratorEvent]:
        """The gates of the whole set; what falls is withdrawn."""
        heard: list[tuple[float, str]] = []
        batch.progress = lambda part, words: heard.append((part, words))
        async with aclosing(batch.judge()) as out:
            async for trial, _ in out:
                while heard:
                    part, words = heard.pop(0)
                    for event in self._progress(SEARCH + part * (DONE - SEARCH), words):
                        yield event
                yield self._refused(trial)

    def _searching(self) -> Iterator[GeneratorProgress]:
        time = 1 - max(0.0, self._left()) / self._options.time_budget
        tests = len(self._shown) / (2 * self._options.target_count)
        part = min(1.0, max(time, tests))
        message = f"{len(self._shown)} tests hold alone, {sum(self._rejected.values())} refused"
        yield from self._progress(5 + part * (SEARCH - 5), message)

    def _progress(self, percent: float, message: str) -> Iterator[GeneratorProgress]:
        """At most one event for each whole percent: 101 a run."""
        if int(percent) <= self._percent:
            return
        self._percent = int(percent)
        yield GeneratorProgress(
            percent=float(self._percent),
            message=message,
            count=len(self._shown),
            total=self._options.target_count,
        )

    def _complete(self, conclusion: Conclusion) -> GenerationComplete:
        """The result; tests that did not meet every gate are not in it."""
        batch, suite = self._batch, self._suite
        kept = batch.trials if batch and conclusion == "finished" else []
        return GenerationComplete(
            tests=tuple(self._case(trial) for trial in kept),
            total=len(kept),
            conclusion=conclusion,
            coverage_before=suite.before if suite else None,
            coverage_estimate=suite.after if suite and kept else None,
            notes=tuple(dict.fromkeys(self._notes)),
            rejected=dict(sorted(self._rejected.items())),
            framework=self._options.framework,
            test_type=self._options.test_type,
        )


def _suspected(found: Suspicion) -> str:
    return (
        f"A suspected bug in {found.qualname or found.target}: its documentation says that "
        f"{found.example.strip()} gives {found.expected}, and it gives {found.got}."
    )


async def _checked(bench: Bench) -> Hello:
    """The interpreter's versions. Raises `WorkspaceError` where it has no pytest or coverage."""
    hello = await bench.hello()
    for name, version in (("pytest", hello.pytest), ("coverage", hello.coverage)):
        if version is None:
            raise WorkspaceError(
                f"The project's interpreter (Python {hello.python}) has no {name}.",
                hint=f"Install {name} beside the project, or name another one with --python.",
            )
    return hello


async def _imported(bench: Bench, timeout: float) -> Measured:
    """What the target's import alone runs. Raises `WorkspaceError` where it can't be imported."""
    path = f"{bench.project.folder}/test_qe_import.py"
    text = f"def test_import():\n    import {bench.project.module}\n"
    run = await bench.run({path: text}, [path], timeout=timeout, measure=True)
    if run.measured is None or run.measured.error is not None or len(run.passed) != 1:
        raise WorkspaceError(
            f"{bench.project.module} can't be imported by a test: {run.trouble()[:200]}.",
            hint="Is the project installed in the interpreter that --python names?",
        )
    return run.measured
