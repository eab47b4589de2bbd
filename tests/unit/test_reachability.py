"""Who reaches a node, and which source is nearest, in any graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.graph.reachability import (
    Count,
    all_reaching,
    components,
    count_reaching,
    nearest,
)

NODES = 9
GRAPHS = st.lists(st.lists(st.integers(0, NODES - 1), max_size=3), min_size=NODES, max_size=NODES)
MARKS = st.sets(st.integers(0, NODES - 1))


@given(GRAPHS, MARKS)
def test_counts_are_those_of_a_search_from_each_node(
    callers: list[list[int]], marked: set[int]
) -> None:
    expected = [all_reaching(callers, node) for node in range(NODES)]
    assert count_reaching(callers, marked) == [
        Count(len(found), len(found & marked)) for found in expected
    ]


@given(GRAPHS)
def test_components_hold_what_reaches_each_other(callers: list[list[int]]) -> None:
    found = components(callers)
    assert sorted(node for component in found for node in component) == list(range(NODES))
    home = {node: number for number, each in enumerate(found) for node in each}
    for node in range(NODES):
        for other in all_reaching(callers, node):
            assert home[other] <= home[node]
            together = node in all_reaching(callers, other)
            assert (home[other] == home[node]) == together


@given(GRAPHS, MARKS)
def test_the_nearest_source_is_the_fewest_steps_away(
    callers: list[list[int]], marked: set[int]
) -> None:
    found = nearest(callers, sorted(marked))
    for node in range(NODES):
        level, seen = {node}, {node}
        while level and not level & marked:
            level = {caller for each in level for caller in callers[each]} - seen
            seen |= level
        assert found[node] == min(level & marked, default=None)


def test_a_long_chain_and_a_long_cycle_take_no_long() -> None:
    length = 20_000
    chain = [[node - 1] if node else [] for node in range(length)]
    assert count_reaching(chain, [0])[-1] == Count(length - 1, 1)
    assert nearest(chain, [0])[-1] == 0
    cycle = [[node - 1] if node else [length - 1] for node in range(length)]
    assert count_reaching(cycle, [5])[5] == Count(length - 1, 0)
