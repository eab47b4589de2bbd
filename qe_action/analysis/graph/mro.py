"""In which order a class and its bases are asked for an attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from qe_action.analysis.graph.chain_values import OUTSIDE, Value

_CLASSES = 40
"""How many bases of a class are looked at; further ones are as good as outside."""


def resolution_order(
    value: Value, bases_of: Callable[[Value], Iterable[Value] | None]
) -> tuple[Value, ...]:
    """A class and its bases in Python's order (C3), so that a common base comes last.

    `bases_of` gives None for what is no class known here. Classes outside the repository
    stand in the order as `OUTSIDE`: whatever those before lack may come from there. Where
    Python would refuse the bases, each class comes before its own from left to right.
    """
    bases: dict[Value, list[Value]] = {}
    stack = [value]
    while stack:
        each = stack.pop()
        if each in bases:
            continue
        known = bases_of(each) if each != OUTSIDE else ()
        if known is None:
            bases[each] = []
        elif len(bases) >= _CLASSES:
            bases[each] = [OUTSIDE]
        else:
            bases[each] = list(dict.fromkeys(known))
            stack.extend(reversed(bases[each]))
    found = _linear(value, bases, {}) or tuple(bases)
    return tuple(each for each in found if each == OUTSIDE or bases_of(each) is not None)


def _linear(
    value: Value,
    bases: Mapping[Value, list[Value]],
    known: dict[Value, tuple[Value, ...] | None],
) -> tuple[Value, ...] | None:
    """C3's order; None where there is none, as of classes that are their own bases."""
    if value not in known:
        known[value] = None  # until it is known, so that a cycle ends
        orders = [_linear(each, bases, known) for each in bases[value]]
        merged = None if None in orders else _merged([*filter(None, orders), tuple(bases[value])])
        known[value] = None if merged is None else (value, *merged)
    return known[value]


def _merged(rows: Iterable[tuple[Value, ...]]) -> tuple[Value, ...] | None:
    """One order that keeps that of each row; None where there is none."""
    waiting = [row for row in rows if row]
    found: list[Value] = []
    while waiting:
        later = {each for row in waiting for each in row[1:]}
        first = next((row[0] for row in waiting if row[0] not in later), None)
        if first is None:
            return None
        found.append(first)
        waiting = [left for row in waiting if (left := row[row[0] == first :])]
    return tuple(found)
