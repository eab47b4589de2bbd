"""How much is said to people, and in which colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Words = Literal["few", "some", "all"]
Color = Literal["auto", "always", "never"]


def color_of(asked: Color, environment: Mapping[str, str]) -> Color:
    """What is asked for; where that is left open, what NO_COLOR or FORCE_COLOR say."""
    if asked != "auto":
        return asked
    if environment.get("NO_COLOR"):
        return "never"
    return "always" if environment.get("FORCE_COLOR") else "auto"


class Verbosity(NamedTuple):
    """`few` words tell how it ended and what went wrong, `all` words list everything."""

    words: Words = "some"
    color: Color = "auto"
