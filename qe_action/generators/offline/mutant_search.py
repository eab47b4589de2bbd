"""Which inputs kill mutants of the code that the tests so far do not kill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qe_action.generators.offline.search import Search
from qe_action.generators.offline.subjects import Input, case_of
from qe_action.generators.offline.worker_answers import CallResult
from qe_action.generators.offline.worker_client import WorkerClient
from qe_action.generators.port import Arc, Mutant, Verdict

FIRST = 9000
"""So many executions may go to mutants, however few the search has had."""
SHARE = 0.2
"""The part of all executions that may go to mutants, where that is more."""
IDLE = 0.4
"""That part while the search finds nothing new."""
TRIES = 300
"""After so many calls that did not kill it, a mutant is taken for an equivalent one."""
ENOUGH = 3
"""How many inputs that kill it are looked for with one mutant."""
CANDIDATES = 12
"""How many short inputs are tried on mutants beside one that is kept."""
DIRECTED = 8
"""How many new inputs are made for one input and a line that has surviving mutants."""
MOST_DIRECTED = 240
"""How many such inputs are made at once."""
EACH = 20
"""How many inputs at once are tried on one mutant."""
LOOKED_AT = 200
"""How many inputs are looked at in one search for more."""
TAKEN = 6
"""How many of them are taken at most."""
LONGEST = 70
"""How long an input may be that is looked at."""
PATIENCE = 6
"""After so many searches in vain there are no more."""
AGAIN = 3
"""How often a mutant is searched for again that survived a test whose calls seemed to kill it."""
COMPANIONS = 4
"""How many more inputs go with one: a test with many cases is not read."""


@dataclass(frozen=True)
class Neighbour:
    """An input that may go beside another, which has the number `beside`, and what it runs."""

    beside: int
    call: Input
    arcs: tuple[Arc, ...]
    line: int = 0
    """The line that it was made for, 0 for none."""


class MutantSearch:
    """Knows the mutants of a target and which of them the tests so far kill."""

    def __init__(self, search: Search, worker: WorkerClient, mutants: Sequence[Mutant]) -> None:
        self._search, self._worker = search, worker
        self._at_line: dict[int, list[Mutant]] = defaultdict(list)
        for mutant in mutants:
            self._at_line[search.first(mutant.line)].append(mutant)
        self._tries: dict[str, int] = defaultdict(int)
        self._killed: set[str] = set()
        self._proven: set[str] = set()
        self._claimed: dict[Input, set[str]] = {}
        self._survived: set[tuple[Input, str]] = set()
        self._lost: dict[str, int] = defaultdict(int)
        self._by_call: dict[Input, set[str]] = {}
        self._kept: list[Input] = []
        self._tried = self._in_vain = 0
        self._share = SHARE

    @property
    def open(self) -> bool:
        """Whether more inputs may be looked for."""
        return self._in_vain < PATIENCE and self._allowed() > 0

    def keep(self, calls: Iterable[Input]) -> None:
        """These are in a test now: the mutants that they kill are killed."""
        for call in calls:
            self._claimed.setdefault(call, set()).update(self._by_call.get(call, ()))
        self._count()

    def hear(self, verdict: Verdict, calls: Iterable[Input]) -> None:
        """What a test kills is what its verdict says, not what its calls were seen to kill.

        The others are searched for again, a few times.
        """
        if verdict.kept:
            self._proven |= verdict.killed
        lost: set[str] = set()
        for call in calls:
            claimed = self._claimed.get(call, set())
            wrong = claimed & verdict.survived if verdict.kept else set(claimed)
            claimed -= wrong
            self._survived |= {(call, name) for name in wrong}
            lost |= wrong
        for name in lost:
            self._lost[name] += 1
        self._count()

    def _count(self) -> None:
        given_up = {name for name, times in self._lost.items() if times > AGAIN}
        self._killed = given_up.union(self._proven, *self._claimed.values())

    async def companions(
        self, kept: list[tuple[Input, CallResult | None]], near: list[Neighbour]
    ) -> list[tuple[int, Input]]:
        """Inputs to add to those that are kept, each with the number of the one it goes with."""
        self._by_call, self._kept = {}, [call for call, _ in kept]
        self._share = SHARE if kept else IDLE
        good = [(at, call, ran.arcs) for at, (call, ran) in enumerate(kept) if ran and ran.good]
        open_ = self._open(await self._tried_on_mutants([Neighbour(*one) for one in good], 1))
        near = [one for one in near if self._lines(one.arcs) & open_.keys()]
        open_ = self._open(await self._tried_on_mutants(_few(near)), open_)
        directed = await self._directed(good, open_)
        await self._tried_on_mutants(directed)
        return self._chosen([*_few(near), *directed])

    def _allowed(self) -> float:
        """How many more calls may be tried on mutants."""
        return max(FIRST, self._share * self._worker.spent) - self._tried

    async def more_inputs(self) -> list[Input]:
        """Inputs that kill what no test does: of those seen, and a step on from them."""
        if not self.open:
            return []
        made: dict[Input, int] = {}
        open_ = self._open(self._at_line)
        for line in sorted(open_, key=lambda line: min(self._tries[m.id] for m in open_[line])):
            for call in self._search.inputs_at(line):
                for one in (call, *self._search.neighbours(call, 2, line)):
                    if one.size <= LONGEST and len(made) < LOOKED_AT:
                        made.setdefault(one, line)
        near: list[Neighbour] = []
        for call, ran in await self._worker.run(list(made), every=True):
            self._search.learn(call, ran)
            if ran.outcome in ("value", "raised") and self._search.proper(call, ran):
                near.append(Neighbour(len(near), call, ran.arcs, made[call]))
        await self._tried_on_mutants(near)
        taken = [call for _, call in self._chosen(near)][:TAKEN]
        self._in_vain = 0 if taken else self._in_vain + 1
        return taken

    def lines(self, call: Input) -> frozenset[int]:
        """The lines of the mutants that an input kills."""
        names = self._by_call.get(call, set())
        found = (line for line, some in self._at_line.items() for m in some if m.id in names)
        return frozenset(found)

    def _lines(self, arcs: tuple[Arc, ...]) -> set[int]:
        return {goal for goal in self._search.reached(arcs) if isinstance(goal, int)}

    def _open(
        self, lines: Iterable[int], among: Iterable[int] | None = None
    ) -> dict[int, list[Mutant]]:
        """The lines of these that have surviving mutants."""
        seen = set().union(*self._by_call.values(), self._killed)
        wanted = set(lines) if among is None else set(among)
        return {
            line: left
            for line in sorted(wanted)
            if (left := [m for m in self._at_line.get(line, ()) if self._survives(m, seen)])
        }

    def _survives(self, mutant: Mutant, seen: set[str]) -> bool:
        return mutant.id not in seen and self._tries[mutant.id] < TRIES

    async def _tried_on_mutants(self, inputs: list[Neighbour], enough: int = ENOUGH) -> set[int]:
        """Find which surviving mutants of its lines each input kills; all lines they run."""
        ran = [self._lines(one.arcs) for one in inputs]
        lines = set().union(*ran)
        tried: list[tuple[Mutant, list[int]]] = []
        left = self._allowed()
        for line, mutants in self._open(lines).items():
            numbers = [at for at, own in enumerate(ran) if line in own]
            numbers.sort(key=lambda at: inputs[at].line != line)
            for mutant in mutants:
                left -= len(numbers[:EACH])
                if left >= 0:
                    tried.append((mutant, numbers[:EACH]))
        cases = [case_of(one.call, apart=one.call.subject.on_object) for one in inputs]
        kills = await self._worker.kills(cases, tried, enough)
        for mutant, numbers in tried:
            found = kills.get(mutant.id, [])
            ended = len(found) >= enough
            count = numbers.index(found[-1]) + 1 if ended else len(numbers)
            self._tried += count
            self._worker.spent += count
            self._tries[mutant.id] += count
            for at in found:
                call = inputs[at].call
                if (call, mutant.id) not in self._survived:
                    self._by_call.setdefault(call, set()).add(mutant.id)
        return lines

    async def _directed(
        self, good: list[tuple[int, Input, tuple[Arc, ...]]], open_: dict[int, list[Mutant]]
    ) -> list[Neighbour]:
        """Inputs a step from those kept, at what the lines with surviving mutants say."""
        made: dict[Input, tuple[int, int]] = {}
        for at, call, arcs in good:
            for line in sorted(self._lines(arcs) & open_.keys()):
                for one in self._search.neighbours(call, DIRECTED, line):
                    if len(made) < MOST_DIRECTED:
                        made.setdefault(one, (at, line))
        found = []
        for call, ran in await self._worker.run(list(made), every=True):
            if ran.raised is None and self._search.proper(call, ran) and ran.outcome == "value":
                at, line = made[call]
                found.append(Neighbour(at, call, ran.arcs, line))
        return found

    def _chosen(self, near: list[Neighbour]) -> list[tuple[int, Input]]:
        """The few that kill most of what is left, short ones first."""
        seen = self._killed.union(*(self._by_call.get(call, set()) for call in self._kept))
        left = {one.call: one for one in near if self._by_call.get(one.call)}
        counts: dict[int, int] = defaultdict(int)
        found: list[tuple[int, Input]] = []
        while left:
            best = max(
                left.values(), key=lambda o: (len(self._by_call[o.call] - seen), -o.call.size)
            )
            del left[best.call]
            gain = self._by_call[best.call] - seen
            if not gain:
                break
            if counts[best.beside] < COMPANIONS:
                counts[best.beside] += 1
                seen |= gain
                found.append((best.beside, best.call))
        self._kept += [call for _, call in found]
        return found


def _few(near: list[Neighbour]) -> list[Neighbour]:
    """Of each input's like the shortest."""
    counts: dict[int, int] = defaultdict(int)
    found = []
    for one in sorted(near, key=lambda one: one.call.size):
        if counts[one.beside] < CANDIDATES:
            counts[one.beside] += 1
            found.append(one)
    return found
