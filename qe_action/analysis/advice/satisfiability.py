"""Whether several conditions can hold at once, as far as that shows in the source.

A condition is a choice of facts: `a and b` false is `a` false or `b` false. A fact is about
one expression: that it is true, or how it compares with a constant. Facts about one expression
can hold together if one of a few telling values meets them all. In doubt they can.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

ALTERNATIVES = 8
"""Ways in which one condition can hold that are looked at; with more it can."""
_WEIGHED, _TOGETHER = 12, 64
"""Conditions that are weighed, the last ones, and combinations of their ways."""
_LONGEST, GREATEST = 1_000, 10**12
"""Items of a value that is made up, and the greatest number that is."""


class Fact(NamedTuple):
    """What holds for an expression: `sign` is an operator's, `true`, `len ==` or `isinstance`."""

    subject: str
    sign: str
    value: object = None
    wanted: bool = True


Condition = tuple[tuple[Fact, ...], ...]
"""The ways in which a condition can hold; a single one without facts says nothing."""
ANYTHING: Condition = ((),)


class Symbol(NamedTuple):
    """A constant that is known by its name, such as an enum's."""

    name: str


class _Thing(NamedTuple):
    """An object of no type of Python's own; false if it has no size."""

    size: int

    def __bool__(self) -> bool:
        return self.size > 0


_Operator = Callable[[Any, Any], object]
_TESTS: dict[str, _Operator] = {
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "is": lambda one, two: one is two or (type(one) is type(two) and one == two),
    "in": lambda one, two: one in two,
}
_TYPES: dict[str, type] = {
    each.__name__: each
    for each in (str, bytes, int, float, bool, complex, list, tuple, dict, set, frozenset)
}


def can_hold(conditions: Sequence[Condition]) -> bool:
    """Whether all conditions can hold at once; true where that is not known."""
    telling = [each for each in conditions if each != ANYTHING][-_WEIGHED:]
    choices = 1
    for each in telling:
        choices *= len(each)
    if choices > _TOGETHER:
        return True
    return any(_agree([fact for part in parts for fact in part]) for parts in product(*telling))


def _agree(facts: Iterable[Fact]) -> bool:
    by_subject: dict[str, list[Fact]] = {}
    for fact in facts:
        by_subject.setdefault(fact.subject, []).append(fact)
    return all(len(group) < 2 or _one_meets(group) for group in by_subject.values())


def _one_meets(facts: Sequence[Fact]) -> bool:
    """Whether some value, of some types beside its own, is as all facts say."""
    named = (fact.value for fact in facts if isinstance(fact.value, frozenset))
    foreign = frozenset[str]().union(*named).difference(_TYPES)
    kinds = {frozenset[str](), foreign, *(frozenset({name}) for name in foreign)}
    values = list(_values(facts))
    return any(
        all(_meets(value, kind, fact) for fact in facts) for kind in kinds for value in values
    )


def _values(facts: Sequence[Fact]) -> Iterator[object]:
    """Telling values: such as the facts name, some beside them, and some of each type."""
    yield from (None, True, False, 0, 1, -1, 0.5, "", "a", b"", b"a", (), (1,), [], [1], {}, {1: 1})
    yield from (set(), {1}, 1j, 2, 10**9, -(10**9), _Thing(0), _Thing(1))
    for _, sign, value, _ in facts:
        if sign.startswith("len") and isinstance(value, int):
            least = max(0, min(value, _LONGEST) - 1)
            for size in range(least, least + 3):
                yield from ("a" * size, [1] * size, _Thing(size))
        elif not isinstance(value, frozenset):
            yield from _beside(value)
            for each in value if isinstance(value, tuple | str) and sign == "in" else ():
                yield from _beside(each)


def _beside(value: object) -> Iterator[object]:
    yield value
    match value:
        case bool():
            pass
        case int() | float():
            yield from (value - 1, value + 1, value + 0.5, value - 0.5)
        case str():
            yield from (value + "a", value[:1], "0" + value)
        case bytes():
            yield value + b"a"


def _meets(value: object, kind: frozenset[str], fact: Fact) -> bool:
    """Whether a value is as a fact says; a comparison that is an error is not as wanted.

    `kind` are the names of further types that it is of.
    """
    _, sign, other, wanted = fact
    if isinstance(value, Symbol) and sign in ("true", "isinstance"):
        return True
    if sign == "true":
        return bool(value) is wanted
    if isinstance(other, frozenset):
        own = tuple(_TYPES[name] for name in other if name in _TYPES)
        return (isinstance(value, own) or not kind.isdisjoint(other)) is wanted
    try:
        if sign.startswith("len "):
            value = value.size if isinstance(value, _Thing) else len(value)  # type: ignore[arg-type]
        return bool(_TESTS[sign.removeprefix("len ")](value, other)) is wanted
    except (TypeError, ValueError):
        return False
