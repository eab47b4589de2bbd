"""Rounding carries no figure across what it is held against."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.figures import beside, shortest, signed

limits = st.decimals(0, 100, places=6)
shares = st.builds(
    lambda whole, part: Fraction(100 * min(part, whole), whole),
    st.integers(1, 10**6),
    st.integers(0, 10**6),
)


@given(shares, limits)
def test_a_share_is_shown_on_its_side_of_the_minimum(share: Fraction, minimum: Decimal) -> None:
    shown = Decimal(beside(share, minimum))
    assert (shown >= minimum) is (share >= Fraction(minimum))
    assert Fraction(shown) <= share
    assert bool(shown) is bool(share)


@given(shares, limits)
def test_a_drop_is_shown_on_its_side_of_the_maximum(drop: Fraction, maximum: Decimal) -> None:
    shown = Decimal(beside(drop, maximum, up=True))
    assert (shown <= maximum) is (drop <= Fraction(maximum))
    assert Fraction(shown) >= drop


@pytest.mark.parametrize(
    ("points", "shown"),
    [
        (0.0, "±0"),
        (0.004, "+<0.1"),
        (-0.004, "\N{MINUS SIGN}<0.1"),
        (0.1, "+0.1"),
        (0.19, "+0.1"),
        (-0.11, "\N{MINUS SIGN}0.2"),
        (12.0, "+12"),
        (-100.0, "\N{MINUS SIGN}100"),
    ],
)
def test_only_equality_is_shown_as_no_change(points: float, shown: str) -> None:
    assert signed(points) == shown


@given(st.floats(-100, 100))
def test_a_loss_is_never_shown_as_a_gain_or_as_nothing(points: float) -> None:
    first = {1: "+", 0: "±", -1: "\N{MINUS SIGN}"}[(points > 0) - (points < 0)]
    assert signed(points).startswith(first)


def test_a_threshold_is_shown_as_it_was_given() -> None:
    assert shortest(79.999999) == "79.999999"
    assert shortest(100.0) == "100"
    assert shortest(0.0) == "0"
