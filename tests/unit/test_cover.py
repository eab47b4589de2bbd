"""The fewest tests: they reach all that any reaches, none is needless, and the choice is fixed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qe_action.verify.set_cover import minimal

GOALS = st.frozensets(st.integers(0, 8), max_size=5)
REACHED = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), GOALS, max_size=10)


@given(REACHED)
def test_together_they_reach_all_and_none_is_needless(reached: dict[str, frozenset[int]]) -> None:
    chosen = minimal(reached)
    everything = frozenset().union(*reached.values())
    assert frozenset().union(*(reached[name] for name in chosen)) == everything
    for name in chosen:
        others = frozenset().union(*(reached[other] for other in chosen if other != name))
        assert others != everything


@given(REACHED)
def test_they_stand_in_the_order_that_they_came_in(reached: dict[str, frozenset[int]]) -> None:
    chosen = minimal(reached)
    assert chosen == [name for name in reached if name in chosen]
    assert minimal(reached) == chosen


def test_one_that_reaches_most_stands_for_two() -> None:
    reached = {"left": frozenset({1, 2}), "right": frozenset({3}), "all": frozenset({1, 2, 3})}
    assert minimal(reached) == ["all"]


def test_one_chosen_first_is_taken_out_where_later_ones_reach_the_same() -> None:
    reached = {
        "middle": frozenset({2, 3, 4, 5}),
        "low": frozenset({1, 2, 3}),
        "high": frozenset({4, 5, 6}),
    }
    assert minimal(reached) == ["low", "high"]


def test_of_equal_ones_the_first_is_taken() -> None:
    assert minimal({"one": frozenset({1}), "other": frozenset({1})}) == ["one"]
