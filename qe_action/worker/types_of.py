"""Type hints as small trees of JSON: {"t": kind, "of": [...]}."""

from __future__ import annotations

import collections.abc as cabc
import enum
import inspect
import typing
from typing import Any

_PLAIN = {
    str: "str", int: "int", float: "float", bool: "bool", bytes: "bytes", complex: "complex",
    type(None): "None", object: "any", bytearray: "bytearray", type: "type",
}  # fmt: skip
_CONTAINERS = {
    list: "list", set: "set", frozenset: "frozenset", dict: "dict", tuple: "tuple",
    cabc.Iterable: "iterable", cabc.Iterator: "iterator", cabc.Sequence: "iterable",
    cabc.MutableSequence: "list", cabc.Collection: "iterable", cabc.Container: "list",
    cabc.Reversible: "list", cabc.Sized: "list", cabc.Generator: "iterator",
    cabc.Set: "set", cabc.MutableSet: "set", cabc.Mapping: "dict", cabc.MutableMapping: "dict",
    cabc.Callable: "callable", cabc.Hashable: "hashable", type: "type",
}  # fmt: skip


def tree(hint: object, depth: int = 0) -> dict[Any, Any]:
    """The tree of a hint; what isn't understood is {"t": "any"}."""
    try:
        return _tree(hint, depth)
    except Exception:
        return {"t": "any"}


def _tree(hint: object, depth: int) -> dict[Any, Any]:
    if depth > 5 or hint is typing.Any or hint is inspect.Parameter.empty:
        return {"t": "any"}
    if hint is None:
        return {"t": "None"}
    if hint in _PLAIN:
        return {"t": _PLAIN[hint]}
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"t": "literal", "of": [repr(arg) for arg in args]}
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return {"t": "union", "of": [tree(arg, depth + 1) for arg in args]}
    if type(hint).__name__ == "_AnnotatedAlias" or origin is getattr(typing, "Final", 0):
        return tree(args[0], depth + 1)
    if isinstance(hint, typing.TypeVar):
        return _variable(hint, depth)
    if hasattr(hint, "__supertype__"):
        return tree(hint.__supertype__, depth + 1)
    if origin in (cabc.Callable,) or hint is cabc.Callable:
        return _callable(args, depth)
    if origin is tuple or hint is tuple:
        return _tuple(args, depth)
    kind = _CONTAINERS.get(origin) or _CONTAINERS.get(hint)
    if kind:
        return {"t": kind, "of": [tree(arg, depth + 1) for arg in args]}
    return _class(origin if inspect.isclass(origin) else hint)


def _variable(hint: Any, depth: int) -> dict[Any, Any]:
    if hint.__constraints__:
        return {"t": "union", "of": [tree(arg, depth + 1) for arg in hint.__constraints__]}
    return tree(hint.__bound__, depth + 1) if hint.__bound__ else {"t": "any"}


def _callable(args: tuple[Any, ...], depth: int) -> dict[Any, Any]:
    if len(args) == 2 and isinstance(args[0], list):
        parts = [*args[0], args[1]]
        return {"t": "callable", "of": [tree(arg, depth + 1) for arg in parts]}
    return {"t": "callable", "of": []}


def _tuple(args: tuple[Any, ...], depth: int) -> dict[Any, Any]:
    if len(args) == 2 and args[1] is Ellipsis:
        return {"t": "tuple*", "of": [tree(args[0], depth + 1)]}
    if not args:
        return {"t": "tuple*", "of": [{"t": "any"}]}
    return {"t": "tuple", "of": [tree(arg, depth + 1) for arg in args if arg != ()]}


def _class(hint: Any) -> dict[Any, Any]:
    if not inspect.isclass(hint):
        return {"t": "any"}
    if issubclass(hint, enum.Enum):
        members = [m.name for m in list(hint)[:20]]
        return {"t": "enum", "name": hint.__qualname__, "module": hint.__module__, "of": members}
    return {"t": "class", "name": hint.__qualname__, "module": hint.__module__}
