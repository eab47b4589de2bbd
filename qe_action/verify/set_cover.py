"""The fewest tests that together reach all that any of them reaches. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


_NONE: Mapping[str, frozenset[Hashable]] = {}


def worst_first(
    reached: Mapping[str, frozenset[Hashable]],
    ranks: Mapping[str, frozenset[int]],
    limit: int,
    killed: Mapping[str, frozenset[Hashable]] = _NONE,
) -> list[str]:
    """The names of at most `limit` tests, in the order of the mapping: the worst gaps first.

    `ranks` are the gaps that a test is for, 0 the worst, `killed` the mutants that it notices. Each
    time it is the test for the worst gap that none has yet, of several the one that reaches most
    that none does, then the one that notices most such mutants, then the earlier one.
    """
    missing = _all(reached)
    alive = _all(killed)
    open_gaps = _all(ranks)
    chosen: list[str] = []
    while len(chosen) < min(limit, len(reached)):
        best = min(
            (name for name in reached if name not in chosen),
            key=lambda name: (
                not ranks[name] & open_gaps,
                min(ranks[name] & open_gaps, default=0),
                -len(reached[name] & missing),
                -len(killed.get(name, frozenset()) & alive),
            ),
        )
        chosen.append(best)
        missing -= reached[best]
        alive -= killed.get(best, frozenset())
        open_gaps -= ranks[best]
    return [name for name in reached if name in chosen]


def _all(parts: Mapping[str, frozenset[T]]) -> frozenset[T]:
    return frozenset[T]().union(*parts.values())


def minimal(reached: Mapping[str, frozenset[Hashable]]) -> list[str]:
    """The names of tests that together reach everything, in the order of the mapping.

    Greedy: each time the test that adds most, the earlier one of equals; then every test that the
    others have made needless is taken out, the last chosen first.
    """
    missing = set().union(*reached.values()) if reached else set()
    chosen: list[str] = []
    while missing:
        best = max(reached, key=lambda name: len(reached[name] & missing))
        chosen.append(best)
        missing -= reached[best]
    for name in reversed(chosen.copy()):
        others = [reached[other] for other in chosen if other != name]
        if reached[name] <= frozenset().union(*others):
            chosen.remove(name)
    return [name for name in reached if name in chosen]
