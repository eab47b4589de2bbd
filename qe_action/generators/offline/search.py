"""The search: which inputs to run next, and what those that ran have taught. Repeatable."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

from qe_action.generators.offline.arguments import ArgumentMaker
from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.hint_checks import HintChecks
from qe_action.generators.offline.pools import Pool
from qe_action.generators.offline.subjects import Input, Subject, case_of
from qe_action.generators.offline.values import Lit, read, text
from qe_action.generators.offline.variation import Variation
from qe_action.generators.offline.worker_answers import CallResult
from qe_action.generators.port import Arc, Goals

KEPT = 12
"""How many inputs are remembered for each line."""
LONGEST = 600
"""How many characters an input may have in all."""
LONGEST_MAKING = 70
"""How long a call may be whose result is an object for other calls."""
NEAR = 120
"""How long an input may be that is shown beside another."""
Goal = Arc | int


@dataclass
class ReachingInput:
    """An input and the goals that it is the first to reach."""

    call: Input
    goals: frozenset[Goal]
    kind: str
    raw: tuple[Arc, ...] = ()
    telling: bool = True


@dataclass
class SubjectTally:
    """How a subject has done."""

    tries: int = 0
    since: int = 0
    hangs: float = 0


@dataclass
class Search:
    """The state of a search."""

    goals: Goals
    hints: CodeHints
    subjects: list[Subject]
    pools: dict[str, Pool]
    maker: ArgumentMaker
    rng: random.Random
    open: set[Goal] = field(default_factory=set)
    pending: list[ReachingInput] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hint_checks = HintChecks(self.maker.classes)
        self._variation = Variation(self.maker, self.rng)
        self._at_line: dict[int, list[Input]] = defaultdict(list)
        self._by_subject: dict[str, list[Input]] = defaultdict(list)
        self._tallies = {subject.id: SubjectTally() for subject in self.subjects}
        self._made: set[str] = set()
        self._failed: dict[Goal, int] = defaultdict(int)
        self.open = {*self.goals.lines, *self.goals.arcs}

    def first(self, line: int) -> int:
        """The first line of the statement that a line belongs to, signs kept."""
        place = self.goals.first_line.get(abs(line), abs(line))
        return -place if line < 0 else place

    def reached(self, raw: tuple[Arc, ...]) -> set[Goal]:
        """Statements and arcs, in the goals' terms, of what a call ran."""
        found: set[Goal] = set()
        for start, end in raw:
            one, two = self.first(start), self.first(end)
            if two > 0:
                found.add(two)
            if one > 0:
                found.add(one)
            if one != two:
                found.add((one, two))
        return found

    def imported(self, raw: tuple[Arc, ...]) -> None:
        """What runs on import is reached by every test."""
        self.open -= self.reached(raw)

    def batch(self, count: int) -> list[Input]:
        """The next inputs."""
        weights = self._weights()
        if not any(weights):
            return []
        frontier = self._frontier()
        made: list[Input] = []
        for _ in range(count * 4):
            if len(made) >= count:
                break
            call = self._next(weights, frontier)
            key = _key(call)
            if key in self._made or len(key) > LONGEST:
                continue
            if len(self._made) < 400_000:
                self._made.add(key)
            made.append(call)
            tally = self._tallies[call.subject.id]
            tally.tries += 1
            tally.since += 1
        return made

    def _weights(self) -> list[float]:
        """How much each subject may still reach, less for those that long brought nothing."""
        wanted: dict[str, int] = defaultdict(int)
        for goal in self.open:
            line = goal if isinstance(goal, int) else abs(goal[0])
            wanted[self.hints.function_at(line)] += 1
        weights = []
        for subject in self.subjects:
            reach = self.hints.reach(subject.qualname)
            if subject.on_object and subject.owner:
                reach = reach | self.hints.reach(f"{subject.owner.name}.__init__")
            value = sum(wanted[name] for name in reach if name)
            own = wanted.get(self.hints.home(subject.qualname), 0)
            tally = self._tallies[subject.id]
            tired = 1 + tally.since / 400 + 20 * tally.hangs
            hopeless = not value or tally.hangs >= max(8, tally.tries / 20)
            weights.append(0.0 if hopeless else (value + 2 * own) ** 0.5 / tired)
        return weights

    def _frontier(self) -> list[int]:
        """Lines that ran and from which a wanted branch was not taken."""
        lines = {goal[0] for goal in self.open if not isinstance(goal, int)}
        found = sorted(line for line in lines if self._at_line.get(line))
        return found or sorted(
            line for line in self._at_line if self.hints.function_at(line) in self._wanted()
        )

    def _wanted(self) -> set[str]:
        lines = (goal if isinstance(goal, int) else goal[0] for goal in self.open)
        return {self.hints.function_at(line) for line in lines}

    def _next(self, weights: list[float], frontier: list[int]) -> Input:
        rng = self.rng
        if frontier and rng.random() < 0.55:
            line = rng.choice(frontier)
            call = rng.choice(self._at_line[line])
            others = self._by_subject[call.subject.id]
            return self._variation.varied(call, self._pool(call), others, self._hot(line))
        subject = rng.choices(self.subjects, weights)[0]
        kept = self._by_subject[subject.id]
        if kept and rng.random() < 0.4:
            return self._variation.varied(rng.choice(kept), self.pools[subject.id], kept, None)
        return self.maker.input(subject, self.pools[subject.id])

    def _pool(self, call: Input) -> Pool:
        return self.pools[call.subject.id]

    def _hot(self, line: int) -> Pool | None:
        """What the condition on a line compares with."""
        said = self.hints.on_line.get(line, ())
        strings = [item for item in said if isinstance(item, str)]
        numbers = [item for item in said if isinstance(item, int | float)]
        return Pool(strings=strings, numbers=numbers) if strings or numbers else None

    def learn(self, call: Input, ran: CallResult) -> bool:
        """Take in what came of an input; whether another has still to reach what it reached."""
        tally = self._tallies[call.subject.id]
        if ran.outcome in ("hung", "died"):
            tally.hangs += 1
            return False
        if ran.outcome == "stopped":
            tally.hangs += 0.1
        if not ran.arcs:
            return False
        reached = self.reached(ran.arcs)
        proper = self.proper(call, ran)
        fresh = frozenset(reached & self.open) if proper else frozenset()
        self._remember(call, reached)
        self._produced(call, ran)
        if fresh:
            self.open -= fresh
            tally.since = 0
            kind = ran.raised.type if ran.raised else "value"
            self.pending.append(ReachingInput(call, fresh, kind, ran.arcs, tells(call, ran)))
        return not proper and ran.good and bool(reached & self.open)

    def neighbours(self, call: Input, count: int, line: int = 0) -> list[Input]:
        """Inputs a step from one, at what the code (or a line of it) compares with."""
        pool = self.pools[call.subject.id]
        said = self._hot(line) or pool
        numbers: list[int | float] = [n + near for n in said.numbers for near in (0, 1, -1)]
        closer = Pool(strings=said.strings, numbers=numbers, patterns=pool.patterns)
        others = self._by_subject[call.subject.id]
        made = (self._variation.varied(call, pool, others, closer) for _ in range(count))
        return [one for one in dict.fromkeys(made) if len(_key(one)) <= NEAR]

    def inputs_at(self, line: int) -> list[Input]:
        """Some inputs that ran a line."""
        return list(self._at_line.get(line, ()))

    def unordered(self, call: Input) -> bool:
        """Whether the order of a set may show in what a call gives."""
        owner = call.subject.owner
        inits = [f"{owner.name}.__init__"] if owner else []
        return any(self.hints.unordered(name) for name in (call.subject.qualname, *inits))

    def proper(self, call: Input, ran: CallResult) -> bool:
        """Whether a test may show this."""
        return ran.good and not (call.off and ran.raised is None) and self._hint_checks.keeps(call)

    def _produced(self, call: Input, ran: CallResult) -> None:
        """A call that gives an object of a known class is a way to make one."""
        subject = call.subject
        if not ran.good or ran.raised or ran.iterator or subject.kind == "class":
            return
        if ran.type not in self.maker.classes or call.size > LONGEST_MAKING or call.steps:
            return
        case = case_of(call)
        plain = not case.arrange and case.how == "expr" and "tmp_path" not in case.act
        if plain and not subject.signature.is_async and self._hint_checks.keeps(call):
            value = read(case.act, case.names)
            if value is not None and not isinstance(value, Lit):
                self.maker.keep(ran.type, value)

    def _remember(self, call: Input, reached: set[Goal]) -> None:
        kept = self._by_subject[call.subject.id]
        if len(kept) < 80:
            kept.append(call)
        else:
            kept[self.rng.randrange(80)] = call
        for line in sorted(goal for goal in reached if isinstance(goal, int)):
            here = self._at_line[line]
            if len(here) < KEPT:
                here.append(call)
            else:
                here[self.rng.randrange(KEPT)] = call

    def give_back(self, reached: ReachingInput) -> bool:
        """Goals whose test could not be written are open again, for a few times."""
        again = False
        for goal in sorted(reached.goals, key=repr):
            self._failed[goal] += 1
            if self._failed[goal] <= 3:
                self.open.add(goal)
                again = True
        return again

    def take(self) -> list[ReachingInput]:
        """The smallest choice of pending inputs that reaches all that they reach."""
        todo = {goal for item in self.pending for goal in item.goals}
        full = [(item, frozenset(self.reached(item.raw)) & todo) for item in self.pending]
        self.pending = []
        chosen: list[ReachingInput] = []
        while todo:
            item, goals = max(full, key=lambda pair: _worth(pair[0], len(pair[1] & todo)))
            chosen.append(replace(item, goals=goals & todo))
            todo -= goals
        return chosen


def _worth(item: ReachingInput, count: int) -> tuple[int, bool, bool, int]:
    return count, item.telling, item.call.shown, -item.call.size


def tells(call: Input, ran: CallResult) -> bool:
    """Whether the result says something: neither empty nor just what went in."""
    if ran.raised is not None:
        return True
    inside = [text(arg) for arg in (*call.args, *(value for _, value in call.kwargs))]
    shown = ran.repr.replace("'", '"')
    return ran.repr not in _DULL and shown not in {item.replace("'", '"') for item in inside}


_DULL = frozenset(["", "None", "''", "[]", "{}", "()", "0", "set()", "b''", "0.0"])
"""Results that say nothing, as their repr shows them."""


def _key(call: Input) -> str:
    inside = [text(arg) for arg in call.args] + [f"{n}={text(v)}" for n, v in call.kwargs]
    steps = [f"{n}({','.join(map(text, a))};{k!r})" for n, a, k in call.steps]
    receiver = text(call.receiver) if call.receiver else ""
    return f"{call.subject.id}|{receiver}|{'|'.join(steps)}|{','.join(inside)}"
