"""What can be said of a value: the expression that makes it, or expressions on it."""

from __future__ import annotations

import types
from typing import Any

from . import expressions

FIELDS = 12
"""How many fields of an object are told."""


def told_of(value: object) -> dict[Any, Any] | None:
    """The expression that makes a value; None where there is none."""
    made = expressions.ExpressionWriter().express(value)
    return {"text": made.text, "names": made.names, "exact": made.exact} if made else None


def fields_of(value: object) -> dict[Any, Any]:
    """Expressions on an object that no expression makes, `{}` standing for it."""
    told: dict[Any, Any] = {}
    _look(value, "{}", told, 0)
    return told


def _look(value: object, access: str, told: dict[Any, Any], depth: int) -> None:
    kind = type(value)
    if len(told) > FIELDS or depth > 3 or isinstance(value, (type, types.ModuleType)):
        return
    if isinstance(value, (list, tuple)):
        told["len(%s)" % access] = _safe(lambda: len(value))
        for at, item in enumerate(value[:3]):
            _deeper(item, "%s[%d]" % (access, at), told, depth)
        return
    if kind.__module__ == "builtins" or isinstance(value, types.FunctionType):
        return
    names = [n for n in getattr(value, "__dict__", {}) if not n.startswith("_")]
    names += [
        name
        for base in kind.__mro__
        for name, item in vars(base).items()
        if not name.startswith("_")
        and (isinstance(item, property) or type(item).__name__ == "member_descriptor")
    ]
    for name in dict.fromkeys(names[:20]):
        try:
            item = getattr(value, name)
        except Exception:
            continue
        if not callable(item):
            _deeper(item, access + "." + name, told, depth)
    if kind.__str__ is not object.__str__ and depth == 0 and not told:
        told["str(%s)" % access] = _safe(lambda: str(value))


def _deeper(item: object, access: str, told: dict[Any, Any], depth: int) -> None:
    made = told_of(item)
    if made:
        told[access] = made
    else:
        _look(item, access, told, depth + 1)


def _safe(get: Any) -> dict[Any, Any] | None:
    try:
        return told_of(get())
    except Exception:
        return None
