"""Drives a search through a worker and offers what it finds as tests, round by round."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from qe_action.generators.offline.arguments import ArgumentMaker
from qe_action.generators.offline.code_hints import CodeHints, imported_tops, quoted_words
from qe_action.generators.offline.examples import contradicts, examples_of, inputs_of
from qe_action.generators.offline.feedback import Feedback
from qe_action.generators.offline.mutant_search import MutantSearch
from qe_action.generators.offline.pools import Pool, pool_for
from qe_action.generators.offline.relevance import worth_calling
from qe_action.generators.offline.search import Search
from qe_action.generators.offline.subjects import Input, Subject, subjects_of
from qe_action.generators.offline.synthesis import Synthesis
from qe_action.generators.offline.test_source import SourceWriter
from qe_action.generators.offline.values import Call
from qe_action.generators.offline.worker_client import Survey, WorkerClient
from qe_action.generators.port import Job, Proposal, Suspicion, Trouble, Verdicts
from qe_action.project_worker.client import WorkerLost

BATCH = 250
ROUND = 6
"""How many batches are run before what they found is written."""
WARM = 40
TEST_FILES = 20
"""Test files that are read for the names they use."""


class OfflineGenerator:
    """Needs no model: the code, its tests and its documentation are what it works from."""

    name = "offline"

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """Tests for the job's goals, in the same order for the same seed, budget and verdicts."""
        try:
            hints = CodeHints(job.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            yield Trouble(job.target, "The file can't be parsed.", str(error))
            return
        try:
            async with job.interpreter.worker(readable=(Path(job.root),)) as worker:
                run = JobRun(job, hints, WorkerClient(worker, job))
                async with aclosing(run.proposals(verdicts)) as proposals:
                    async for proposal in proposals:
                        yield proposal
        except WorkerLost as error:
            yield Trouble(
                job.target, f"The search in {job.target} ended early.", f"The reason: {error}."
            )
        except ValidationError as error:
            detail = f"{error.error_count()} wrong fields"
            yield Trouble(job.target, "The worker's answer is not understood.", detail)


class JobRun:
    """One job from the survey to the last test."""

    def __init__(self, job: Job, hints: CodeHints, worker: WorkerClient) -> None:
        self.job, self.hints, self.worker = job, hints, worker
        self.rng = random.Random(job.seed)  # noqa: S311 - a repeatable search, no secret

    async def proposals(self, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """What there is to say of the job, round by round."""
        survey = await self.worker.survey()
        found = subjects_of(survey.functions, survey.own, survey.module)
        subjects = worth_calling(found, self.hints, _words(self.job))
        if not subjects:
            yield Trouble(self.job.target, f"Nothing public in {self.job.target} can be called.")
            return
        maker = ArgumentMaker(self.rng, survey.classes, survey.module)
        pools = self._pools(subjects, survey)
        goals = self.job.goals
        search = Search(goals, self.hints, subjects, pools, maker, self.rng)
        search.imported(survey.arcs)
        seeds = await self._seeds(subjects, survey, pools, maker)
        suspicions = await self._suspicions(survey)
        for suspicion in suspicions:
            yield suspicion
        doubtful = {suspicion.qualname for suspicion in suspicions}
        await self._warm(subjects, pools, maker)
        mutants = self.job.mutants
        mutant_search = MutantSearch(search, self.worker, mutants) if mutants else None
        writer, allowed = SourceWriter(self.job, _taken(self.job)), self._allowed()
        synthesis = Synthesis(search, self.worker, writer, doubtful, allowed, mutant_search)
        feedback = Feedback(verdicts, synthesis)
        while self.worker.spent < self.job.budget:
            if not (search.open or (mutant_search and mutant_search.open)):
                if not await feedback.rest():
                    return
                continue
            before = self.worker.spent
            seeds = await self._round(search, seeds)
            candidates = await synthesis.tests()
            for candidate in candidates:
                yield candidate
            heard = await feedback.round(len(candidates))
            if self.worker.spent == before and not (heard or await feedback.rest()):
                return  # every input there is has been tried

    def _allowed(self) -> frozenset[str]:
        """The packages that tests may import beside the standard library."""
        layout = self.job.layout
        beside = [entry.name for path in layout.paths for entry in _entries(path)]
        own = {layout.module.partition(".")[0], *(name.partition(".")[0] for name in beside)}
        return imported_tops(self.hints.tree) | own

    def _pools(self, subjects: list[Subject], survey: Survey) -> dict[str, Pool]:
        docs = [*self.hints.classes.values(), self.hints.functions[""].examples]
        pools = {}
        for subject in subjects:
            own = self.hints.functions.get(self.hints.home(subject.qualname))
            owner = self.hints.classes.get(subject.owner.name, "") if subject.owner else ""
            words = quoted_words([own.examples if own else "", owner, *docs[-1:]])
            pools[subject.id] = pool_for(subject, self.hints, survey.constants, words[:80])
        return pools

    async def _seeds(
        self, subjects: list[Subject], survey: Survey, pools: dict[str, Pool], maker: ArgumentMaker
    ) -> list[Input]:
        """Inputs from the project's tests and documentation; their values go into the pools."""
        known = {subject.names[0][0]: subject.module for subject in subjects}
        known.update({name.split(".")[0]: info.module for name, info in survey.classes.items()})
        seeds = await self.worker.recorded(subjects, known)
        seeds += inputs_of(examples_of(self.hints), subjects, known)
        seeds = [replace(call, shown=True) for call in seeds]
        for call in seeds:
            pool = pools[call.subject.id]
            parameters = [p for p in call.subject.parameters if p.kind.startswith("POSITIONAL")]
            for parameter, value in zip(parameters, call.args, strict=False):
                pool.by_parameter.setdefault(parameter.name, []).append(value)
                for other in pools.values():
                    if value not in other.literals and len(other.literals) < 60:
                        other.literals.append(value)
            if isinstance(call.receiver, Call) and call.subject.owner:
                maker.keep(call.subject.owner.name, call.receiver)
        return seeds

    async def _suspicions(self, survey: Survey) -> list[Suspicion]:
        """Examples of the documentation that the code contradicts."""
        examples = [e for e in examples_of(self.hints) if e.want.strip()][:200]
        got = await self.worker.examples(examples, survey)
        found = []
        for example, ran in zip(examples, got, strict=True):
            if ran is None or ran.value is None or ran.iterator:
                continue
            shown = ran.act_printed + ("" if ran.value.text == "None" else ran.repr)
            if ran.printed is not None and contradicts(example.want, shown):
                place = self.job.target, example.qualname
                found.append(Suspicion(*place, example.source, example.want.strip(), shown.strip()))
        return found

    async def _warm(
        self, subjects: list[Subject], pools: dict[str, Pool], maker: ArgumentMaker
    ) -> None:
        """Find constructor calls that work."""
        for _ in range(2):
            calls = [
                maker.input(subject, pools[subject.id])
                for subject in subjects
                if subject.kind == "class"
                for _ in range(WARM)
            ]
            for call, ran in await self.worker.run(calls, every=True):
                if ran.good and ran.outcome == "value" and call.subject.owner:
                    value = Call(call.subject.name, call.args, call.kwargs, call.subject.names)
                    maker.keep(call.subject.owner.name, value)

    async def _round(self, search: Search, seeds: list[Input]) -> list[Input]:
        """Some batches; while one runs, the next one is made."""
        batch = seeds[:BATCH] or search.batch(BATCH)
        seeds = seeds[BATCH:]
        for _ in range(ROUND):
            if not batch:
                break
            running = asyncio.ensure_future(self.worker.run(batch))
            try:
                await asyncio.sleep(0)
                following = seeds[:BATCH] or search.batch(BATCH)
                seeds = seeds[BATCH:]
                for call, ran in await running:
                    if search.learn(call, ran):  # the worker takes it for known
                        self.worker.forget(ran.arcs)
            finally:
                running.cancel()
            batch = following
        return batch + seeds


def _words(job: Job) -> frozenset[str]:
    """The names that the project's tests use, those nearest to the target first."""
    found: set[str] = set()
    for path in job.layout.test_files[:TEST_FILES]:
        with suppress(OSError, ValueError):
            found |= set(re.findall(r"\w+", Path(job.root, path).read_text(encoding="utf-8")))
    return frozenset(found)


def _taken(job: Job) -> set[str]:
    """The names of the tests in the nearest test file, which new ones may be added to."""
    try:
        text = Path(job.root, *job.layout.test_files[:1]).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return set(re.findall(r"^ *(?:async )?def (test_\w+)", text, re.MULTILINE))


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []
