"""Figures beside the one they are held against: rounding never carries them across it."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from qe_action.text import floor

MOST_PLACES = 9


def beside(value: Fraction, limit: Decimal, *, up: bool = False) -> str:
    """`value` with one decimal, or as many more as keep it on its side of `limit` and of 0.

    It is rounded down, with `up` rounded up: the way on which it never looks better.
    """
    shown = Decimal(0)
    for places in range(1, MOST_PLACES + 1):
        scaled = value * 10**places
        shown = Decimal(math.ceil(scaled) if up else math.floor(scaled)).scaleb(-places)
        if up:
            same_side = (shown <= limit) == (value <= Fraction(limit))
        else:
            same_side = (shown >= limit) == (value >= Fraction(limit))
        if same_side and bool(shown) == bool(value):
            break
    return shortest(shown)


def shortest(value: Decimal | float) -> str:
    """A figure without needless zeros and without an exponent."""
    return format(Decimal(str(value)).normalize(), "f")


def signed(points: float) -> str:
    """A gain or loss of percentage points: `+0.3`, `-1.2`, `-<0.1`, and `±0` for equality alone.

    Rounded down, so that it never looks better.
    """
    if not points:
        return "±0"
    sign = "+" if points > 0 else "\N{MINUS SIGN}"
    if abs(points) < 0.1:
        return f"{sign}<0.1"
    return f"{sign}{shortest(abs(floor(points, '0.1')))}"
