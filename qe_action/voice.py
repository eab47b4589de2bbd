"""How much is said to people, and in which colours."""

from __future__ import annotations

from typing import Literal, NamedTuple

Words = Literal["few", "some", "all"]
Color = Literal["auto", "always", "never"]


class Voice(NamedTuple):
    """`few` words tell how it ended and what went wrong, `all` words list everything."""

    words: Words = "some"
    color: Color = "auto"
