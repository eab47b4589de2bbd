"""Objects as expressions that make an equal object, checked by evaluating them; never pickles."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import inspect
import math
import pathlib
import re
import uuid
from typing import Any

SIZE = 600
"""How long an expression may be."""
_PLAIN = (str, int, bool, bytes, type(None))
_FLAGS = (re.IGNORECASE, re.MULTILINE, re.DOTALL, re.VERBOSE, re.ASCII)


class Unknown(Exception):
    """No expression is known that makes this object."""


class Expression:
    """An object's source text and the names it needs: name -> module."""

    def __init__(self, text: str, names: dict[Any, Any], exact: bool = True) -> None:
        self.text, self.names, self.exact = text, names, exact


class ExpressionWriter:
    """Writes expressions. `calls` are constructor calls seen, by `id` of what they made.

    With `by_state` objects without an equality of their own are equal if their attributes are.
    """

    def __init__(self, calls: dict[Any, Any] | None = None, by_state: bool = False) -> None:
        self._by_state = by_state
        self._names: dict[Any, Any] = {}
        self._exact = True
        self._calls = calls or {}
        self._budget = 0

    def express(self, value: object) -> Expression | None:
        """The expression for a value, or None; evaluated once and compared."""
        self._names, self._exact, self._budget = {}, True, 400
        try:
            text = self._write(value, 0)
            if len(text) > SIZE:
                return None
            again = evaluate(text, self._names)
            if type(again) is not type(value) or not same(again, value):
                return None
            if not self._by_state and not (again == value or again != again):
                return None
        except Exception:
            return None
        return Expression(text, dict(self._names), self._exact)

    def _write(self, value: Any, depth: int) -> str:
        self._budget -= 1
        if depth > 6 or self._budget < 0:
            raise Unknown
        kind = type(value)
        if kind in _PLAIN:
            return repr(value)
        if kind is float:
            self._exact = False
            return repr(value) if math.isfinite(value) else 'float("%s")' % value
        if kind is complex:
            return repr(value)
        for of, write in _WRITERS:
            if kind is of or (of in _BASES and isinstance(value, of)):
                return write(self, value, depth)
        return self._object(value, depth)

    def many(self, values: Any, depth: int) -> str:
        return ", ".join(self._write(item, depth + 1) for item in values)

    def name(self, kind: type) -> str:
        """The name of an importable class."""
        module, qualname = kind.__module__, kind.__qualname__
        if "<" in qualname or module == "__main__":
            raise Unknown
        if any(part.startswith("_") for part in (*qualname.split("."), *module.split(".")[1:])):
            public = public_module(kind)
            if public is None:
                raise Unknown
            module = public
        if module != "builtins":
            self._names[qualname.split(".")[0]] = module
        return qualname

    def _object(self, value: object, depth: int) -> str:
        kind = type(value)
        if isinstance(value, type):
            return self.name(value)
        if id(value) in self._calls:
            args, kwargs = self._calls[id(value)]
            return self._call(kind, args, kwargs, depth)
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            pairs = {name: getattr(value, name) for name in kind._fields}
            return self._call(kind, (), pairs, depth)
        if hasattr(kind, "__dataclass_fields__"):
            fields = kind.__dataclass_fields__.values()
            pairs = {f.name: getattr(value, f.name) for f in fields if f.init}
            return self._call(kind, (), pairs, depth)
        return self._by_attributes(value, depth)

    def _by_attributes(self, value: Any, depth: int) -> str:
        """A call whose arguments are the attributes of the parameters' names, or the text."""
        kind: Any = type(value)
        if kind.__eq__ is object.__eq__ or kind.__module__ == "builtins":
            raise Unknown
        parameters = inspect.signature(kind).parameters.values()
        if len(parameters) == 1 and kind.__str__ is not object.__str__:
            again = kind(str(value))
            if again == value:
                return self._call(kind, (str(value),), {}, depth)
        pairs = {}
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise Unknown
            pairs[parameter.name] = getattr(value, parameter.name)
        return self._call(kind, (), pairs, depth)

    def _call(self, kind: type, args: tuple[Any, ...], kwargs: dict[Any, Any], depth: int) -> str:
        parts = [self._write(item, depth + 1) for item in args]
        parts += ["%s=%s" % (name, self._write(item, depth + 1)) for name, item in kwargs.items()]
        return "%s(%s)" % (self.name(kind), ", ".join(parts))

    def _list(self, value: list[Any], depth: int) -> str:
        return "[%s]" % self.many(value, depth)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> str:
        return "(%s%s)" % (self.many(value, depth), "," if len(value) == 1 else "")

    def _set(self, value: Any, depth: int) -> str:
        items = sorted(self._write(item, depth + 1) for item in value)
        text = "{%s}" % ", ".join(items) if items else ""
        if type(value) is set:
            return text or "set()"
        return "frozenset(%s)" % text

    def _dict(self, value: dict[Any, Any], depth: int) -> str:
        pairs = (
            "%s: %s" % (self._write(key, depth + 1), self._write(item, depth + 1))
            for key, item in value.items()
        )
        return "{%s}" % ", ".join(pairs)

    def _enum(self, value: enum.Enum, depth: int) -> str:
        if getattr(type(value), str(value.name), None) is not value:
            raise Unknown
        return "%s.%s" % (self.name(type(value)), value.name)

    def _known(self, value: object, depth: int) -> str:
        """A class whose repr is the call: datetime and its like, Decimal, Fraction, UUID."""
        kind = type(value)
        if isinstance(value, pathlib.PurePath):
            self._names["Path"] = "pathlib"
            return "Path(%r)" % str(value)
        text = repr(value)
        if kind.__module__ == "datetime":
            self._names["datetime"] = "datetime"
            if "datetime." not in text:
                raise Unknown
            self._names = {**self._names, "datetime": ""}
            return text
        self._names[kind.__name__] = kind.__module__
        return text

    def _pattern(self, value: re.Pattern[Any], depth: int) -> str:
        self._names["re"] = ""
        flags = [flag for flag in _FLAGS if value.flags & flag]
        if isinstance(value.pattern, str):
            rest = int(value.flags & ~re.UNICODE)
        else:
            rest = value.flags
        for flag in flags:
            rest &= ~flag
        if rest:
            raise Unknown
        names = " | ".join("re." + str(flag.name) for flag in flags)
        return "re.compile(%r%s)" % (value.pattern, ", " + names if names else "")


_WRITERS = (
    (enum.Enum, ExpressionWriter._enum),
    (list, ExpressionWriter._list),
    (tuple, ExpressionWriter._tuple),
    (dict, ExpressionWriter._dict),
    (set, ExpressionWriter._set),
    (frozenset, ExpressionWriter._set),
    (datetime.datetime, ExpressionWriter._known),
    (datetime.date, ExpressionWriter._known),
    (datetime.time, ExpressionWriter._known),
    (datetime.timedelta, ExpressionWriter._known),
    (datetime.timezone, ExpressionWriter._known),
    (decimal.Decimal, ExpressionWriter._known),
    (fractions.Fraction, ExpressionWriter._known),
    (uuid.UUID, ExpressionWriter._known),
    (pathlib.PurePath, ExpressionWriter._known),
    (re.Pattern, ExpressionWriter._pattern),
)
_BASES = {enum.Enum, pathlib.PurePath}


def public_module(kind: type) -> str | None:
    """The shortest public module above a private one that offers the class by its name."""
    import sys

    if kind.__qualname__.startswith("_"):
        return None
    parts = kind.__module__.split(".")
    for length in range(1, len(parts)):
        name = ".".join(parts[:length])
        if getattr(sys.modules.get(name), kind.__qualname__, None) is kind:
            return name
    return None


def evaluate(text: str, names: dict[Any, Any]) -> object:
    """What an expression makes; `names` maps each name to its module ('' is a module itself)."""
    import importlib

    space: dict[Any, Any] = {}
    for name, module in names.items():
        if module:
            space[name] = getattr(importlib.import_module(module), name)
        else:
            space[name] = importlib.import_module(name)
    return eval(compile(text, "<expression>", "eval"), space)


def same(one: Any, two: Any, depth: int = 0) -> bool:
    """Equal, types included where it shows: True is not 1, and nan is nan."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return one == two or (one != one and two != two)
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(same(a, b, depth) for a, b in zip(one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(same(one[key], two[key], depth) for key in one)
    if getattr(type(one), "__eq__", None) is object.__eq__ and one is not two:
        attributes = getattr(one, "__dict__", None)
        return bool(attributes) and depth < 4 and same(attributes, vars(two), depth + 1)
    return bool(one == two)
