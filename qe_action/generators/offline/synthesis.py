"""From inputs that reach goals to tests: shrunk, looked at twice, written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from qe_action.generators.offline.bodies import PinnedCall, single
from qe_action.generators.offline.mutant_search import COMPANIONS, MutantSearch, Neighbour
from qe_action.generators.offline.oracle import expectation
from qe_action.generators.offline.readability import WrittenTest, broken_rule
from qe_action.generators.offline.search import Goal, ReachingInput, Search, tells
from qe_action.generators.offline.shrinking import cost, leaves_folder, simpler_inputs
from qe_action.generators.offline.subjects import Case, Input, case_of
from qe_action.generators.offline.test_source import SourceWriter
from qe_action.generators.offline.worker_answers import CallResult
from qe_action.generators.offline.worker_client import WorkerClient
from qe_action.generators.port import Arc, Candidate, Verdict

WINDOW = 24
ROUNDS = 16
SHORT = 60
"""Inputs from documentation and tests that are no longer than this stay as people wrote them."""
NEIGHBOURS = 16
OTHER_SEEDS = (4321, 7, 99)


@dataclass
class Shrinking:
    """An input on its way to the shortest that still serves."""

    item: ReachingInput
    left: Iterator[Input]
    over: bool = False
    kept: bool = False
    """Whether it stays as people wrote it, and only its like are looked at."""
    shown: str = ""
    like: dict[tuple[str, tuple[Arc, ...]], Input] = field(default_factory=dict)
    """The shortest input for each other result or way that came up on the way."""

    def companions(self) -> list[Input]:
        """A few more inputs for the same test: those that give something else."""
        same_result = self.shown in ("True", "False")
        by_result: dict[str, Input] = {}
        for (shown, _), call in sorted(self.like.items(), key=lambda pair: cost(pair[1])):
            if (shown == self.shown) == same_result and call != self.item.call:
                key = str(len(by_result)) if same_result else shown
                by_result.setdefault(key, call)
        return list(by_result.values())[:COMPANIONS]


Found = tuple[ReachingInput, PinnedCall, CallResult]


class Synthesis:
    """Writes what a search has found so far.

    Of functions in `doubtful` nothing is pinned; tests import from packages in `allowed`.
    """

    def __init__(
        self,
        search: Search,
        worker: WorkerClient,
        writer: SourceWriter,
        doubtful: set[str],
        allowed: frozenset[str],
        mutant_search: MutantSearch | None = None,
    ) -> None:
        self._search, self._worker, self._writer = search, worker, writer
        self._doubtful, self._allowed, self._mutant_search = doubtful, allowed, mutant_search
        self._offered: dict[str, list[ReachingInput]] = {}
        self._refused: set[Input] = set()

    async def tests(self) -> list[Candidate]:
        """Candidates for all that is pending."""
        chosen = self._search.take()
        if not chosen and self._mutant_search is None:
            return []
        shrunk = await self._shrunk(chosen)
        looked = await self._worker.looked_at([_case(one.item.call) for one in shrunk])
        for one, ran in zip(shrunk, looked, strict=True):
            one.shown = ran.repr[:200] if ran is not None else ""
        more = await self._more(shrunk, looked)
        looked += await self._worker.looked_at([_case(item.call) for item in more])
        found = await self._found([one.item for one in shrunk] + more, looked, len(shrunk))
        pins = await self._confirmed(found)
        order = {subject.id: at for at, subject in enumerate(self._search.subjects)}
        pins.sort(key=lambda pin: (order[pin.call.subject.id], pin.extra))
        if self._mutant_search is not None:
            self._mutant_search.keep(pin.call for pin in pins)
        items = {pin.call: item for item, pin, _ in found}
        written = self._writer.write(pins)
        for candidate, calls in written:
            self._offered[candidate.id] = [items[call] for call in calls]
        return [candidate for candidate, _ in written]

    def hear(self, verdicts: Sequence[Verdict]) -> None:
        """Goals that a test was meant for and that none reaches are open again.

        Inputs of a test that was refused serve no more, mutants that survive are searched for.
        """
        reached = {goal for v in verdicts if v.kept for goal in (*v.lines, *v.arcs)}
        for verdict in verdicts:
            items = self._offered.pop(verdict.candidate.id, [])
            if not verdict.kept:
                self._refused.update(item.call for item in items)
            if self._mutant_search is not None:
                self._mutant_search.hear(verdict, [item.call for item in items])
            if verdict.reason == "kills nothing" and not verdict.survived:
                continue  # there is no mutant that another test could kill
            missed = (verdict.missed_lines | verdict.missed_arcs) - reached
            for item in items:
                if lost := item.goals & missed:
                    self._give_back(replace(item, goals=lost))

    async def _more(
        self, shrunk: list[Shrinking], looked: list[CallResult | None]
    ) -> list[ReachingInput]:
        """More inputs to show: where mutants are known, those that kill one."""
        if self._mutant_search is None:
            like = [call for one in shrunk for call in one.companions()]
            return [ReachingInput(call, frozenset(), "") for call in like]
        kept = [(one.item.call, ran) for one, ran in zip(shrunk, looked, strict=True)]
        near = [
            Neighbour(at, call, arcs)
            for at, one in enumerate(shrunk)
            for (_, arcs), call in one.like.items()
            if call != one.item.call
        ]
        found = [call for _, call in await self._mutant_search.companions(kept, near)]
        found += await self._mutant_search.more_inputs()
        return [ReachingInput(call, self._mutant_search.lines(call), "") for call in found]

    async def _found(
        self, items: list[ReachingInput], looked: list[CallResult | None], needed: int
    ) -> list[Found]:
        """What two runs agree on; those behind the first `needed` are companions."""
        cases = [_case(item.call) for item in items]
        again = await self._worker.looked_at(cases, fresh=OTHER_SEEDS[0])
        found: list[Found] = []
        for at, (item, first, second) in enumerate(zip(items, looked, again, strict=True)):
            extra = at >= needed
            pin = self._pin(item, first, second, extra=extra)
            if pin is not None and first is not None:
                found.append((item, pin, first))
            elif not extra:
                self._give_back(item)
        return found

    def _give_back(self, item: ReachingInput) -> None:
        if self._search.give_back(item):
            self._worker.forget(item.raw)

    async def _confirmed(self, found: list[Found]) -> list[PinnedCall]:
        """Those that more hash seeds bear out, where the order of a set may show."""
        for seed in OTHER_SEEDS[1:]:
            doubted = [one for one in found if self._search.unordered(one[1].call)]
            if not doubted:
                break
            cases = [_case(item.call) for item, _, _ in doubted]
            again = await self._worker.looked_at(cases, fresh=seed)
            fallen = set()
            for (item, pin, one), ran in zip(doubted, again, strict=True):
                if ran is None or expectation(one, ran) != pin.expected:
                    fallen.add(id(pin))
                    if not pin.extra:
                        self._give_back(item)
            found = [one for one in found if id(one[1]) not in fallen]
        return [pin for _, pin, _ in found]

    def _pin(
        self, item: ReachingInput, one: CallResult | None, two: CallResult | None, *, extra: bool
    ) -> PinnedCall | None:
        if one is None or two is None or item.call.subject.qualname in self._doubtful:
            return None
        if item.call in self._refused:
            return None
        expected = expectation(one, two)
        reached = self._search.reached(one.arcs)
        aims = item.goals & reached
        if expected is None or not (aims or extra):
            return None
        lines = frozenset(goal for goal in aims if isinstance(goal, int))
        arcs = frozenset(goal for goal in aims if not isinstance(goal, int))
        pin = PinnedCall(item.call, expected, lines, arcs, extra, bool(extra and aims))
        return None if self._broken_rule(pin) else pin

    def _broken_rule(self, pin: PinnedCall) -> str:
        expected = pin.expected
        lines, needed = single("test_it", pin)
        wanted = expected.wanted + "".join(wanted for _, wanted in expected.more)
        home, people = pin.call.subject.module, pin.call.shown
        return broken_rule(
            WrittenTest("\n".join(lines), wanted, needed, home, self._allowed, people)
        )

    async def _shrunk(self, chosen: list[ReachingInput]) -> list[Shrinking]:
        work = [Shrinking(item, simpler_inputs(item.call)) for item in chosen]
        for one in work:
            one.kept = one.item.call.shown and one.item.call.size <= SHORT
        near = [(one, call) for one in work for call in self._near(one)]
        if near:
            await self._round(near)
        for _ in range(ROUNDS):
            tried: list[tuple[Shrinking, Input]] = []
            for one in work:
                window = [] if one.over else list(islice(one.left, WINDOW))
                one.over = one.kept or not window
                tried += [(one, call) for call in window]
            if not tried:
                break
            await self._round(tried)
        return work

    def _near(self, one: Shrinking) -> list[Input]:
        return (
            self._search.neighbours(one.item.call, NEIGHBOURS) if one.item.kind == "value" else []
        )

    async def _round(self, tried: list[tuple[Shrinking, Input]]) -> None:
        calls = [call for _, call in tried]
        best: dict[int, tuple[Shrinking, Input]] = {}
        at = {id(call): number for number, call in enumerate(calls)}
        for call, ran in await self._worker.run(calls, every=True):
            one, _ = tried[at[id(call)]]
            if one.item.kind == "value" == _kind(ran) and self._search.proper(call, ran):
                shorter = one.like.get((ran.repr, ran.arcs))
                if shorter is None or cost(call) < cost(shorter):
                    one.like[ran.repr, ran.arcs] = call
            if one.kept or not self._serves(replace(one.item, call=call), ran):
                continue
            if cost(call) > cost(one.item.call) or leaves_folder(one.item.call, call, ran.files):
                continue
            kept = best.get(id(one))
            if kept is None or cost(call) < cost(kept[1]):
                best[id(one)] = (one, call)
        for one, call in best.values():
            one.item = replace(one.item, call=call)
            one.left = simpler_inputs(call)

    def _serves(self, item: ReachingInput, ran: CallResult) -> bool:
        if not self._search.proper(item.call, ran) or _kind(ran) != item.kind:
            return False
        if item.call in self._refused:
            return False
        needed: frozenset[Goal] = item.goals
        if item.telling and not tells(item.call, ran):
            return False
        return needed <= self._search.reached(ran.arcs)


def _kind(ran: CallResult) -> str:
    return ran.raised.type if ran.raised else "value"


def _case(call: Input) -> Case:
    return case_of(call, apart=call.subject.on_object)
