"""A search first, then a model for what the search has left: one generator out of two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from math import isinf
from typing import Protocol

from qe_action.events import ModelUse
from qe_action.generators.port import (
    Arc,
    Candidate,
    Generator,
    Goals,
    Job,
    Mutant,
    Proposal,
    Verdict,
    Verdicts,
)

FIRST = 0.5
"""The part of the time that the search has where a model comes after it."""
IDLE, IDLE_SECONDS = 0.1, 3.0
"""How long a search that has found tests may find no more: a part of the time, and the least."""


class Asking(Generator, Protocol):
    """A generator that asks a model, as long as that answers."""

    @property
    def usable(self) -> bool: ...
    @property
    def use(self) -> ModelUse | None: ...
    async def aclose(self) -> None: ...


class Chained:
    """What `first` finds, and what `then` makes of the goals and mutants that it leaves.

    The search ends at half of the time, or when it finds no more, or with as many tests as are
    proposed in the end: so there is time and room for those of the model. Where nothing is left, or
    no model answers, it is the search.
    """

    name = "auto"

    def __init__(self, first: Generator, then: Asking) -> None:
        self._first, self._then = first, then

    @property
    def use(self) -> ModelUse | None:
        return self._then.use

    async def aclose(self) -> None:
        await self._then.aclose()

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """The candidates of both, one after the other."""
        if not self._then.usable:
            async with aclosing(self._first.candidates(job, verdicts)) as proposals:
                async for proposal in proposals:
                    yield proposal
            return
        heard = Heard(verdicts)
        async with aclosing(self._searched(job, heard)) as proposals:
            async for proposal in proposals:
                yield proposal
        await heard.rest()
        left = left_of(job, heard)
        if left.goals.lines or left.goals.arcs or left.survivors:
            async with aclosing(self._then.candidates(left, heard)) as proposals:
                async for proposal in proposals:
                    yield proposal

    async def _searched(self, job: Job, heard: Heard) -> AsyncGenerator[Proposal, None]:
        """The search, up to its part of the time and of the tests."""
        whole = job.left()
        kept_back = 0.0 if isinf(whole) else whole * (1 - FIRST)
        found = False
        idle = None if isinf(whole) else max(IDLE_SECONDS, whole * IDLE)
        searching = replace(job, left=lambda: job.left() - kept_back)
        async with aclosing(self._first.candidates(searching, heard)) as proposals:
            while heard.kept < job.limit and (seconds := searching.left()) > 0:
                try:
                    async with asyncio.timeout(idle and (min(idle, seconds) if found else seconds)):
                        proposal = await anext(proposals)
                except (StopAsyncIteration, TimeoutError):
                    return
                yield proposal
                if isinstance(proposal, Candidate):
                    heard.offered()
                    found = True


class Heard:
    """Verdicts on their way to a generator, noted as they pass."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._open = 0
        self.kept = 0
        self.lines: set[int] = set()
        self.arcs: set[Arc] = set()
        self.killed: set[str] = set()
        self.survived: set[str] = set()

    def offered(self) -> None:
        """One more verdict is to come."""
        self._open += 1

    async def next(self) -> Verdict | None:
        """The next one, for the generator as well."""
        verdict = await self._verdicts.next()
        if verdict is not None:
            self._open -= 1
            self._note(verdict)
        return verdict

    async def rest(self) -> None:
        """Wait for those that the search did not wait for."""
        while self._open > 0 and await self.next() is not None:
            pass

    def _note(self, verdict: Verdict) -> None:
        if verdict.kept:
            self.kept += 1
            self.lines |= verdict.lines
            self.arcs |= verdict.arcs
            self.killed |= verdict.killed
            self.survived |= verdict.survived


def left_of(job: Job, heard: Heard) -> Job:
    """The job with what no test reaches, and the mutants that the tests that hold let pass."""
    goals = Goals(job.goals.lines - heard.lines, job.goals.arcs - heard.arcs, job.goals.first_line)
    missed = heard.survived - heard.killed
    survivors: list[Mutant] = [each for each in job.mutants if each.id in missed]
    return replace(job, goals=goals, survivors=tuple(survivors))
