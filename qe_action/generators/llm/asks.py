"""What a model is asked to test: a function or class at a time, the worst first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from qe_action.analysis.python_module import Definition, PythonModule
from qe_action.events import Gap, Level
from qe_action.generators.port import Arc, Goals, Mutant, Verdict

WHOLE = 8_000
"""Characters of a class that is asked for as a whole; of a longer one it is method by method."""
MUTANTS = 8
"""Mutants of one ask."""
_WEIGHTS: dict[Level, int] = {"critical": 8, "high": 4, "medium": 2, "low": 1}
"""How much of what may be spent an ask gets beside others, by the worst of its gaps."""


@dataclass(frozen=True)
class Ask:
    """A function or class, and the missed lines, branches and unnoticed mutants in it.

    `weight` says how much it counts beside others.
    """

    definition: Definition
    lines: frozenset[int]
    arcs: frozenset[Arc]
    mutants: tuple[Mutant, ...] = ()
    weight: int = 1

    @property
    def qualname(self) -> str:
        return self.definition.name


def asks(
    module: PythonModule, goals: Goals, gaps: Sequence[Gap], survivors: Sequence[Mutant]
) -> list[Ask]:
    """An ask for each function or class with goals, in the order of the gaps; then the mutants.

    Goals outside of functions and classes are left out: only an import runs them.
    """
    lines: dict[Definition, set[int]] = {}
    arcs: dict[Definition, set[Arc]] = {}
    mutants: dict[Definition, list[Mutant]] = {}
    for line in sorted(goals.lines):
        if home := _home(module, line):
            lines.setdefault(home, set()).add(line)
    for arc in sorted(goals.arcs):
        if home := _home(module, abs(arc[0])):
            arcs.setdefault(home, set()).add(arc)
    for mutant in survivors:
        if home := _home(module, mutant.line):
            mutants.setdefault(home, []).append(mutant)
    found = [
        Ask(
            home,
            frozenset(lines.get(home, ())),
            frozenset(arcs.get(home, ())),
            tuple(mutants.get(home, ())[:MUTANTS]),
            _weight(home, gaps) if home in lines or home in arcs else 1,
        )
        for home in {**lines, **arcs, **mutants}
    ]
    return sorted(found, key=lambda ask: _rank(ask, gaps))


def still_open(waiting: Iterable[Ask], kept: Iterable[Verdict]) -> list[Ask]:
    """What tests that hold have left of asks; those of which nothing is left are no more."""
    lines: set[int] = set()
    arcs: set[Arc] = set()
    killed: set[str] = set()
    for verdict in kept:
        lines |= verdict.lines
        arcs |= verdict.arcs
        killed |= verdict.killed
    left = [
        replace(
            ask,
            lines=ask.lines - lines,
            arcs=ask.arcs - arcs,
            mutants=tuple(each for each in ask.mutants if each.id not in killed),
        )
        for ask in waiting
    ]
    return [ask for ask in left if ask.lines or ask.arcs or ask.mutants]


def _home(module: PythonModule, line: int) -> Definition | None:
    """The outermost function or class around a line; inside of a long class, the next one."""
    around = [each for each in module.definitions if each.first <= line <= each.end]
    around.sort(key=lambda each: (each.first, -each.end))
    while len(around) > 1 and not around[0].is_function and _size(module, around[0]) > WHOLE:
        del around[0]
    return around[0] if around else None


def _size(module: PythonModule, definition: Definition) -> int:
    return sum(map(len, module.lines[definition.first - 1 : definition.end]))


def _inside(definition: Definition, gaps: Iterable[Gap]) -> list[tuple[int, Gap]]:
    return [
        (number, gap)
        for number, gap in enumerate(gaps)
        if gap.line_start <= definition.end and gap.line_end >= definition.first
    ]


def _weight(definition: Definition, gaps: Sequence[Gap]) -> int:
    weights = [_WEIGHTS[gap.severity] for _, gap in _inside(definition, gaps)]
    return max(weights, default=_WEIGHTS["medium"])


def _rank(ask: Ask, gaps: Sequence[Gap]) -> tuple[bool, int, int]:
    """By its worst gap, then by its place; what has mutants alone comes last."""
    only_mutants = not (ask.lines or ask.arcs)
    inside = _inside(ask.definition, gaps)
    first = inside[0][0] if inside else len(gaps)
    return only_mutants, first, ask.definition.first
