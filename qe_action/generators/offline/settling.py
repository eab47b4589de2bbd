"""From inputs that reach goals to tests: shrunk, looked at twice, written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from qe_action.generators.offline.answers import Ran
from qe_action.generators.offline.asking import Asking
from qe_action.generators.offline.expecting import expectation
from qe_action.generators.offline.objections import Shown, objection
from qe_action.generators.offline.plan import Goal, Plan, Reached, tells
from qe_action.generators.offline.rendering import Proof, Renderer, single
from qe_action.generators.offline.shrinking import simpler_inputs
from qe_action.generators.offline.subjects import Case, Input, case_of
from qe_action.generators.port import Candidate

WINDOW = 24
ROUNDS = 16
SHORT = 60
"""Inputs from documentation and tests that are no longer than this stay as people wrote them."""
OTHER_SEEDS = (4321, 7, 99)


@dataclass
class Shrinking:
    """An input on its way to the shortest that still serves."""

    item: Reached
    left: Iterator[Input]
    over: bool = False


class Settler:
    """Writes what a plan has found so far.

    Of functions in `doubtful` nothing is pinned; tests import from packages in `allowed`.
    """

    def __init__(
        self,
        plan: Plan,
        asking: Asking,
        renderer: Renderer,
        doubtful: set[str],
        allowed: frozenset[str],
    ) -> None:
        self._plan, self._asking, self._renderer = plan, asking, renderer
        self._doubtful, self._allowed = doubtful, allowed

    async def settle(self) -> list[Candidate]:
        """Candidates for all that is pending."""
        chosen = self._plan.take()
        if not chosen:
            return []
        shrunk = await self._shrunk(chosen)
        cases = [_case(item) for item in shrunk]
        once = await self._asking.looked_at(cases)
        twice = await self._asking.looked_at(cases, fresh=OTHER_SEEDS[0])
        found = []
        for item, one, two in zip(shrunk, once, twice, strict=True):
            proof = self._proof(item, one, two)
            if proof is None or one is None:
                self._give_back(item)
            else:
                found.append((item, proof, one))
        proofs = await self._held(found)
        order = {subject.id: at for at, subject in enumerate(self._plan.subjects)}
        proofs.sort(key=lambda proof: order[proof.call.subject.id])
        return self._renderer.render(proofs)

    def _give_back(self, item: Reached) -> None:
        if self._plan.give_back(item):
            self._asking.forget(item.raw)

    async def _held(self, found: list[tuple[Reached, Proof, Ran]]) -> list[Proof]:
        """Those that more hash seeds bear out, where the order of a set may show."""
        for seed in OTHER_SEEDS[1:]:
            doubted = [one for one in found if self._plan.unordered(one[1].call)]
            if not doubted:
                break
            cases = [_case(item) for item, _, _ in doubted]
            again = await self._asking.looked_at(cases, fresh=seed)
            fallen = set()
            for (item, proof, one), ran in zip(doubted, again, strict=True):
                if ran is None or expectation(one, ran) != proof.expected:
                    fallen.add(id(proof))
                    self._give_back(item)
            found = [one for one in found if id(one[1]) not in fallen]
        return [proof for _, proof, _ in found]

    def _proof(self, item: Reached, one: Ran | None, two: Ran | None) -> Proof | None:
        if one is None or two is None or item.call.subject.qualname in self._doubtful:
            return None
        expected = expectation(one, two)
        reached = self._plan.reached(one.arcs)
        aims = item.goals & reached
        if expected is None or not aims:
            return None
        lines = frozenset(goal for goal in aims if isinstance(goal, int))
        arcs = frozenset(goal for goal in aims if not isinstance(goal, int))
        proof = Proof(item.call, expected, lines, arcs)
        return None if self._objection(proof) else proof

    def _objection(self, proof: Proof) -> str:
        expected = proof.expected
        lines, needed = single("test_it", proof)
        wanted = expected.wanted + "".join(wanted for _, wanted in expected.more)
        home, people = proof.call.subject.module, proof.call.shown
        return objection(Shown("\n".join(lines), wanted, needed, home, self._allowed, people))

    async def _shrunk(self, chosen: list[Reached]) -> list[Reached]:
        work = [
            Shrinking(item, simpler_inputs(item.call))
            for item in chosen
            if not (item.call.shown and item.call.size <= SHORT)
        ]
        kept = [item for item in chosen if item.call.shown and item.call.size <= SHORT]
        for _ in range(ROUNDS):
            tried: list[tuple[Shrinking, Input]] = []
            for one in work:
                window = [] if one.over else list(islice(one.left, WINDOW))
                one.over = not window
                tried += [(one, call) for call in window]
            if not tried:
                break
            await self._round(tried)
        return kept + [one.item for one in work]

    async def _round(self, tried: list[tuple[Shrinking, Input]]) -> None:
        calls = [call for _, call in tried]
        best: dict[int, tuple[Shrinking, Input]] = {}
        at = {id(call): number for number, call in enumerate(calls)}
        for call, ran in await self._asking.run(calls, every=True):
            one, _ = tried[at[id(call)]]
            if not self._serves(replace(one.item, call=call), ran):
                continue
            kept = best.get(id(one))
            if kept is None or call.size < kept[1].size:
                best[id(one)] = (one, call)
        for one, call in best.values():
            one.item = replace(one.item, call=call)
            one.left = simpler_inputs(call)

    def _serves(self, item: Reached, ran: Ran) -> bool:
        kind = ran.raised.type if ran.raised else "value"
        if not self._plan.proper(item.call, ran) or kind != item.kind:
            return False
        needed: frozenset[Goal] = item.goals
        if item.telling and not tells(item.call, ran):
            return False
        return needed <= self._plan.reached(ran.arcs)


def _case(item: Reached) -> Case:
    return case_of(item.call, apart=item.call.subject.on_object)
