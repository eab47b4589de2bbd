"""What chains lead to."""

from __future__ import annotations

from typing import Literal, NamedTuple

CONSTRUCTORS = ("__new__", "__init__", "__post_init__")
"""The methods that making an object runs."""


class Node(NamedTuple):
    """A function by its file and qualified name."""

    path: str
    name: str


class Value(NamedTuple):
    """What a chain leads to.

    `module` has its place in `path`; `object` is of the class or a subclass of it, `exact`
    of no subclass; `bases` is what `super()` gives, `items` a collection of objects, `held` a
    function in a table. `outside` is what other packages, or files not looked at, define.
    """

    kind: Literal[
        "module", "function", "class", "object", "exact", "bases", "items", "held", "outside"
    ]
    path: str = ""
    name: str = ""


class Followed(NamedTuple):
    """Where a chain ends, the functions on its way, and its calls that lead nowhere known."""

    values: tuple[Value, ...]
    reached: tuple[Node, ...]
    unresolved: int


OUTSIDE = Value("outside")
