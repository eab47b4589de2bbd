"""Who reaches a node of a directed graph, for all nodes at once, cycles included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Count(NamedTuple):
    """How many other nodes reach a node, and how many of these are marked."""

    nodes: int
    marked: int


def count_reaching(callers: Sequence[Sequence[int]], marked: Iterable[int]) -> list[Count]:
    """For each node how many others reach it.

    `callers` has for each node those with an edge to it. Sets of nodes are the bits of a
    number, kept only until the last node that needs them is done.
    """
    marks = sum(1 << node for node in set(marked))
    counts = [Count(0, 0)] * len(callers)
    needed = [0] * len(callers)
    for above in callers:
        for caller in above:
            needed[caller] += 1
    sets: dict[int, int] = {}
    for component in components(callers):
        edges = [caller for node in component for caller in callers[node]]
        found = 0
        for caller in edges:
            found |= 1 << caller | sets.get(caller, 0)
        for node in component:
            sets[node] = found
            others = found & ~(1 << node)
            counts[node] = Count(others.bit_count(), (others & marks).bit_count())
        for caller in edges:
            needed[caller] -= 1
        for node in {*component, *edges}:
            if not needed[node]:
                sets.pop(node, None)
    return counts


def all_reaching(callers: Sequence[Iterable[int]], node: int) -> set[int]:
    """The other nodes that reach a node."""
    found: set[int] = set()
    stack = [node]
    while stack:
        new = set(callers[stack.pop()]) - found
        found |= new
        stack.extend(new)
    return found - {node}


def components(edges: Sequence[Iterable[int]]) -> list[list[int]]:
    """Strongly connected components, each after those that its edges lead to (Tarjan, 1972)."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    place: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(edges)):
        work = [] if root in order else [(root, iter(edges[root]))]
        while work:
            node, rest = work[-1]
            if node not in order:
                order[node] = low[node] = len(order)
                place[node] = len(path)
                path.append(node)
                on_path.add(node)
            for child in rest:
                if child not in order:
                    work.append((child, iter(edges[child])))
                    break
                if child in on_path:
                    low[node] = min(low[node], order[child])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == order[node]:
                    at = place[node]
                    found.append(path[at:])
                    on_path.difference_update(path[at:])
                    del path[at:]
    return found


def nearest(callers: Sequence[Iterable[int]], sources: Sequence[int]) -> list[int | None]:
    """For each node the source that reaches it in the fewest steps, of several the first."""
    callees: list[list[int]] = [[] for _ in callers]
    for node, above in enumerate(callers):
        for caller in above:
            callees[caller].append(node)
    rank = {source: number for number, source in enumerate(sources)}
    found: list[int | None] = [None] * len(callers)
    for source in sources:
        found[source] = source
    level = list(sources)
    while level:
        reached: dict[int, int] = {}
        for node in level:
            for callee in callees[node]:
                if found[callee] is None:
                    ways = [way for way in (reached.get(callee), found[node]) if way is not None]
                    reached[callee] = min(ways, key=rank.__getitem__)
        for node, first in reached.items():
            found[node] = first
        level = list(reached)
    return found
