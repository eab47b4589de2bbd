"""Generators that hear what became of their candidates while they go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from generation import SHAPES, forks, generate, project, workers
from projects import job, written
from test_generation_gaps import gap

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Candidate, Job, Proposal, Verdict, Verdicts
from qe_action.task import QETask
from qe_action.verify.mutants import mutants


class Repairing:
    """Offers a wrong test, and what it should have been once it has heard why it is refused."""

    name = "repairing"

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.heard: list[Verdict | None] = []

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        self.jobs.append(job)
        yield self._candidate(job, "assert area(3, 3) == 8")
        self.heard.append(await verdicts.next())
        yield self._candidate(job, "assert area(3, 3) == 9")
        self.heard.append(await verdicts.next())
        self.heard.append(await verdicts.next())

    def _candidate(self, job: Job, line: str) -> Candidate:
        code = f"def test_area():\n    {line}\n"
        imports = ("from shapes import area",)
        return Candidate(line, "test_area", code, imports, job.target, "area", job.goals.lines)


def test_a_generator_hears_why_a_test_is_refused_and_repairs_it(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    generator = Repairing()
    gaps = [gap("shapes.py", 6, 9)]
    outcome = generate({"repo": tmp_path, "gaps": gaps}, generator=generator)
    assert outcome.accepted == ["test_area"]
    first, second, none = generator.heard
    assert first is not None
    assert (first.reason, first.kept) == ("fails", False)
    assert "assert 9 == 8" in first.detail
    assert first.traceback.splitlines()[0] == "tests/test_qe_candidate_0.py:5: in test_area"
    assert "assert area(3, 3) == 8" in first.traceback
    assert first.missed_lines == {6, 7, 8, 9}
    assert second is not None
    assert second.kept
    assert second.lines == {6, 8, 9}
    assert second.missed_lines == {7}
    assert second.killed
    assert none is None
    (made,) = generator.jobs
    assert [one.id for one in made.gaps] == [gaps[0].id]


@pytest.mark.slow
def test_a_generator_is_told_where_long_statements_begin(tmp_path: Path) -> None:
    """A report names their first lines, and what runs of them first is another one."""
    project(
        tmp_path, {"shapes.py": SHAPES.replace("width * height", "(\n        width\n * height)")}
    )
    generator = Repairing()
    generate({"repo": tmp_path, "file": "shapes.py", "tests_known": True}, generator=generator)
    (made,) = generator.jobs
    assert made.goals.first_line == {11: 10, 12: 10}
    assert 10 in made.goals.lines


class Waiting(Repairing):
    """Offers a test that never ends, and waits for the verdict."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()
        self.closed = False

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        try:
            yield self._candidate(job, "while area(2, 2): pass\n    assert area(1, 1) == 1")
            self.waits.set()
            self.heard.append(await verdicts.next())
        finally:
            self.closed = True


def test_a_generator_that_waits_for_a_verdict_is_closed_with_the_stream(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "tests_known": True}
    task = QETask(task_type="test_generation", context=context)

    async def main() -> Waiting:
        generator = Waiting()
        agent = TestGeneratorAgent(interpreter=forks(), generator=generator)
        reader = asyncio.create_task(agent.execute(task))
        await generator.waits.wait()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        assert reader.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return generator

    generator = asyncio.run(main())
    assert generator.closed
    assert generator.heard == []
    assert not workers()


FICKLE = dedent(
    """
    import os


    def label(number: int) -> str:
        if number > 10:
            if "PYTEST_CURRENT_TEST" in os.environ and number in (11, 12):
                return "never"
            return "large"
        return "small"
    """
).lstrip()
"""Calls with 11 and 12 give something else in a test than where the generator tries them."""


class Brief(OfflineGenerator):
    """Gives up early: one goal of the code can't be reached where it searches."""

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        stream = super().candidates(replace(job, budget=4000), verdicts)
        async with aclosing(stream) as proposals:
            async for proposal in proposals:
                yield proposal


def test_the_offline_generator_makes_another_test_for_goals_of_one_that_is_refused(
    tmp_path: Path,
) -> None:
    project(tmp_path, {"fickle.py": FICKLE})
    context = {"repo": tmp_path, "file": "fickle.py", "time_budget": 60, "tests_known": True}
    outcome = generate(context, generator=Brief())
    assert "fails" in outcome.refused.values()
    evidence = [case.evidence for case in outcome.result.tests if case.evidence]
    large = FICKLE.splitlines().index('        return "large"') + 1
    assert large in {line for one in evidence for line in one.lines}


MESSAGE = dedent(
    """
    def half(number: int) -> float:
        if number < 0:
            raise ValueError("below zero")
        return number / 2


    def label(number: int) -> str:
        return "small" if number < 100 else "large"
    """
).lstrip()


class Refusing:
    """Tells of each candidate what `verdict` makes of it, as late as somebody waits for it."""

    def __init__(self, verdict: Callable[[Candidate], Verdict], pause: float) -> None:
        self._verdict, self._pause = verdict, pause
        self.offered: list[Candidate] = []
        self.heard = 0

    async def next(self) -> Verdict | None:
        await asyncio.sleep(self._pause)
        if self.heard == len(self.offered):
            return None
        self.heard += 1
        return self._verdict(self.offered[self.heard - 1])


def offered(
    made: Job, verdict: Callable[[Candidate], Verdict], pause: float = 0
) -> list[Candidate]:
    """The candidates of the offline generator that hears these verdicts."""

    async def drained() -> list[Candidate]:
        verdicts = Refusing(verdict, pause)
        async with aclosing(OfflineGenerator().candidates(made, verdicts)) as stream:
            async for proposal in stream:
                if isinstance(proposal, Candidate):
                    verdicts.offered.append(proposal)
        return verdicts.offered

    return asyncio.run(drained())


def refused(candidate: Candidate) -> Verdict:
    aims = candidate.aim_lines, candidate.aim_arcs
    return Verdict(candidate, "fails", missed_lines=aims[0], missed_arcs=aims[1])


def kept(candidate: Candidate) -> Verdict:
    return Verdict(candidate, lines=candidate.aim_lines, arcs=candidate.aim_arcs)


def test_verdicts_are_heard_at_points_that_time_does_not_move(tmp_path: Path) -> None:
    written(tmp_path, {"target.py": MESSAGE})
    made = job(tmp_path / "target.py", [tmp_path], "target", budget=2500, seed=3)
    early, late = offered(made, refused), offered(made, refused, pause=0.05)
    assert early == late
    accepted = offered(made, kept)
    # Each goal of a refused test is searched for a few times more, with other inputs.
    assert len(early) > len(accepted)
    assert len({candidate.code for candidate in early}) == len(early)


def test_mutants_that_survive_a_test_are_searched_for_with_other_inputs(tmp_path: Path) -> None:
    written(tmp_path, {"target.py": MESSAGE})
    source = MESSAGE.encode()
    every = mutants(source, frozenset(range(1, MESSAGE.count("\n") + 1)))
    plain = job(tmp_path / "target.py", [tmp_path], "target", budget=4000)
    made = replace(plain, mutants=every)

    def surviving(candidate: Candidate) -> Verdict:
        return replace(kept(candidate), survived=frozenset(mutant.id for mutant in every))

    def noticing(candidate: Candidate) -> Verdict:
        return replace(kept(candidate), killed=frozenset(mutant.id for mutant in every))

    assert len(offered(made, surviving)) > len(offered(made, noticing))
