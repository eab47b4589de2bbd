"""Which inputs notice wrong versions of the code that no test before notices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qe_action.generators.offline.answers import Ran
from qe_action.generators.offline.asking import Asking
from qe_action.generators.offline.plan import Plan
from qe_action.generators.offline.subjects import Input, case_of
from qe_action.generators.port import Arc, Mutant

SHARE = 0.2
"""The part of all executions that wrong versions may take..."""
FIRST = 4000
"""...after so many of them."""
TRIES = 80
"""After how many calls that did not notice it a wrong version is taken for one that is right."""
CANDIDATES = 12
DIRECTED = 8
"""How many new inputs are made for one input and a line that has unnoticed wrong versions."""
MOST_DIRECTED = 240
COMPANIONS = 4
"""How many more inputs go with one: a test with many cases is not read."""


@dataclass(frozen=True)
class Near:
    """An input that may go beside another (by its number), and what it runs."""

    beside: int
    call: Input
    arcs: tuple[Arc, ...]


class Killer:
    """Knows the wrong versions of a target and which of them the tests so far notice."""

    def __init__(self, plan: Plan, asking: Asking, mutants: Sequence[Mutant]) -> None:
        self._plan, self._asking = plan, asking
        self._at_line: dict[int, list[Mutant]] = defaultdict(list)
        for mutant in mutants:
            self._at_line[plan.first(mutant.line)].append(mutant)
        self._tries: dict[str, int] = defaultdict(int)
        self._noticed: set[str] = set()
        self._by_call: dict[Input, set[str]] = {}
        self._tried = 0

    def hold(self, calls: Iterable[Input]) -> None:
        """These are in a test now: what they notice is noticed."""
        for call in calls:
            self._noticed |= self._by_call.get(call, set())

    async def companions(
        self, kept: list[tuple[Input, Ran | None]], near: list[Near]
    ) -> list[tuple[int, Input]]:
        """Inputs to add to those that are kept, each with the number of the one it goes with."""
        self._by_call = {}
        good = [(at, call, ran.arcs) for at, (call, ran) in enumerate(kept) if ran and ran.good]
        open_ = self._open(await self._told([Near(*one) for one in good]))
        near = [one for one in near if self._lines(one.arcs) & open_.keys()]
        open_ = self._open(await self._told(_few(near)), open_)
        directed = await self._directed(good, open_)
        await self._told(directed)
        return self._chosen([call for _, call, _ in good], [*_few(near), *directed])

    def _lines(self, arcs: tuple[Arc, ...]) -> set[int]:
        return {goal for goal in self._plan.reached(arcs) if isinstance(goal, int)}

    def _open(
        self, lines: Iterable[int], among: Iterable[int] | None = None
    ) -> dict[int, list[Mutant]]:
        """The lines of these with wrong versions that nothing notices."""
        seen = set().union(*self._by_call.values(), self._noticed)
        wanted = set(lines) if among is None else set(among)
        return {
            line: left
            for line in sorted(wanted)
            if (left := [m for m in self._at_line.get(line, ()) if self._alive(m, seen)])
        }

    def _alive(self, mutant: Mutant, seen: set[str]) -> bool:
        return mutant.id not in seen and self._tries[mutant.id] < TRIES

    async def _told(self, inputs: list[Near]) -> set[int]:
        """Ask what each input notices of what is unnoticed on its lines; all lines they run."""
        ran = [self._lines(one.arcs) for one in inputs]
        lines = set().union(*ran)
        tried: list[tuple[Mutant, list[int]]] = []
        for line, mutants in self._open(lines).items():
            numbers = [at for at, own in enumerate(ran) if line in own]
            for mutant in mutants:
                allowed = max(FIRST, SHARE * self._asking.spent) - self._tried
                if allowed < len(numbers):
                    break
                self._tried += len(numbers)
                self._tries[mutant.id] += len(numbers)
                tried.append((mutant, numbers))
        cases = [case_of(one.call, apart=one.call.subject.on_object) for one in inputs]
        for at, found in (await self._asking.noticed(cases, tried)).items():
            self._by_call.setdefault(inputs[at].call, set()).update(found)
        return lines

    async def _directed(
        self, good: list[tuple[int, Input, tuple[Arc, ...]]], open_: dict[int, list[Mutant]]
    ) -> list[Near]:
        """Inputs a step from those kept, at what the lines with unnoticed versions say."""
        made: dict[Input, int] = {}
        for at, call, arcs in good:
            for line in sorted(self._lines(arcs) & open_.keys()):
                for one in self._plan.neighbours(call, DIRECTED, line):
                    if len(made) < MOST_DIRECTED:
                        made.setdefault(one, at)
        found = []
        for call, ran in await self._asking.run(list(made), every=True):
            if ran.raised is None and self._plan.proper(call, ran) and ran.outcome == "value":
                found.append(Near(made[call], call, ran.arcs))
        return found

    def _chosen(self, kept: list[Input], near: list[Near]) -> list[tuple[int, Input]]:
        """The few that notice most of what is left, short ones first."""
        seen = self._noticed.union(*(self._by_call.get(call, set()) for call in kept))
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
        return found


def _few(near: list[Near]) -> list[Near]:
    """Of each input's like the shortest."""
    counts: dict[int, int] = defaultdict(int)
    found = []
    for one in sorted(near, key=lambda one: one.call.size):
        if counts[one.beside] < CANDIDATES:
            counts[one.beside] += 1
            found.append(one)
    return found
