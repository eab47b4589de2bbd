"""Tests of a run that was cut off, and then the search for what they leave."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from qe_action.events import Refused
from qe_action.generators.chained import Heard, left_of
from qe_action.generators.port import Candidate, Generator, Job, Proposal, Verdict, Verdicts


class Recalled:
    """Offers the `kept` candidates, and what `then` finds for the goals and mutants they leave.

    A candidate of `then` that the earlier run has `judged`, by the name that `name_of` gives, is
    not offered: `then` hears the same verdict at once.
    """

    name = "recalled"

    def __init__(
        self,
        then: Generator,
        kept: Sequence[Candidate],
        judged: Mapping[str, Refused],
        name_of: Callable[[Candidate], str],
    ) -> None:
        self._then = then
        self._kept = tuple(kept)
        self._judged = judged
        self._name_of = name_of

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """The kept ones of the job's target first."""
        heard = Heard(verdicts)
        for candidate in self._kept:
            if candidate.target == job.target:
                yield candidate
                heard.offered()
        await heard.rest()
        left = left_of(job, heard)
        open_mutants = tuple(each for each in job.mutants if each.id not in heard.killed)
        if not (left.goals.lines or left.goals.arcs or open_mutants):
            return
        left, told = replace(left, mutants=open_mutants), _Told(verdicts)
        async with aclosing(self._then.candidates(left, told)) as proposals:
            async for proposal in proposals:
                if isinstance(proposal, Candidate):
                    reason = self._judged.get(self._name_of(proposal))
                    told.offered(Verdict(proposal, reason, "as before") if reason else None)
                    if reason:
                        continue
                yield proposal


class _Told:
    """The verdicts in the order of the candidates, where some are known already."""

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._order: deque[Verdict | None] = deque()

    def offered(self, known: Verdict | None) -> None:
        self._order.append(known)

    async def next(self) -> Verdict | None:
        if not self._order:
            return None
        verdict = self._order[0] or await self._verdicts.next()
        self._order.popleft()
        return verdict
