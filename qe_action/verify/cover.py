"""The fewest tests that together reach all that any of them reaches. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping


def minimal(reached: Mapping[str, frozenset[Hashable]], limit: int | None = None) -> list[str]:
    """The names of tests that together reach everything, in the order of the mapping.

    Greedy: each time the test that adds most, the earlier one of equals; then every test that the
    others have made needless is taken out, the last chosen first. With a `limit` the tests that
    add most.
    """
    missing = set().union(*reached.values()) if reached else set()
    chosen: list[str] = []
    while missing and (limit is None or len(chosen) < limit):
        best = max(reached, key=lambda name: len(reached[name] & missing))
        if not reached[best] & missing:
            break
        chosen.append(best)
        missing -= reached[best]
    for name in reversed(chosen.copy()):
        others = [reached[other] for other in chosen if other != name]
        if reached[name] <= frozenset().union(*others):
            chosen.remove(name)
    return [name for name in reached if name in chosen]
