"""Whether inputs keep to the type hints."""

from __future__ import annotations

from qe_action.generators.offline.answers import TypeTree
from qe_action.generators.offline.values import Lit, Map, Seq, Value


def fits(value: Value, hint: TypeTree) -> bool:
    """Whether a literal is what a hint asks for, as far as the hint is simple."""
    if hint.t == "any":
        return True
    if hint.t == "union":
        return any(fits(value, item) for item in hint.inner)
    if hint.t == "literal":
        return isinstance(value, Lit) and repr(value.value) in hint.of
    if isinstance(value, Lit):
        kind = type(value.value).__name__.replace("NoneType", "None")
        return kind == hint.t or (kind == "int" and hint.t == "float")
    if isinstance(value, Seq):
        return value.kind == hint.t.rstrip("*") or (value.kind == "list" and hint.t == "iterable")
    return isinstance(value, Map) and hint.t == "dict"
