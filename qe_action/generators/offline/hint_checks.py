"""Whether inputs keep to the type hints."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping

from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value, parts
from qe_action.generators.offline.worker_answers import ClassInfo, Parameter, TypeTree

_BUILTINS = frozenset(dir(builtins))
OPEN = frozenset(["any", "unknown"])
"""Hints that say nothing, and those that can't be read here."""
_ABSTRACT = frozenset(["typing", "typing_extensions", "numbers", "collections.abc", "abc"])
_PLAIN = frozenset(["str", "int", "float", "bool", "bytes", "bytearray", "complex", "None"])
_WIDER: Mapping[str, frozenset[str]] = {
    "bool": frozenset(["bool"]),
    "int": frozenset(["int", "float", "complex"]),
    "float": frozenset(["float", "complex"]),
    "NoneType": frozenset(["None"]),
    "str": frozenset(["str"]),
    "bytes": frozenset(["bytes"]),
    "complex": frozenset(["complex"]),
}
"""What a literal of a type may be passed as."""
_CONTAINERS: Mapping[str, frozenset[str]] = {
    "list": frozenset(["list", "iterable"]),
    "tuple": frozenset(["tuple", "tuple*", "iterable", "hashable"]),
    "set": frozenset(["set", "iterable"]),
    "frozenset": frozenset(["set", "frozenset", "iterable", "hashable"]),
}
"""What a container may be passed as."""


def fits(value: Value, hint: TypeTree) -> bool:
    """Whether a value is what a hint asks for, as far as both can be read."""
    if hint.t in OPEN or (hint.t == "class" and hint.module in _ABSTRACT):
        return True
    if hint.t == "union":
        return any(fits(value, item) for item in hint.inner)
    return _FITS[type(value)](value, hint)


def _literal(value: Lit, hint: TypeTree) -> bool:
    kind = type(value.value).__name__
    if hint.t == "literal":
        return repr(value.value) in hint.of
    if hint.t == "iterable":
        letters = hint.inner[0].t if hint.inner else "any"
        inside = {"str": "str", "bytes": "int"}.get(kind)
        return inside is not None and letters in (*OPEN, "hashable", inside)
    return hint.t == "hashable" or hint.t in _WIDER.get(kind, ())


def _sequence(value: Seq, hint: TypeTree) -> bool:
    if hint.t not in _CONTAINERS.get(value.kind, ()):
        return False
    if hint.t == "tuple":
        pairs = zip(value.items, hint.inner, strict=False)
        return len(value.items) == len(hint.inner) and all(fits(a, b) for a, b in pairs)
    inner = hint.inner[:1]
    return not inner or all(fits(item, inner[0]) for item in value.items)


def _dict(value: Map, hint: TypeTree) -> bool:
    if hint.t == "iterable":
        return not hint.inner or all(fits(key, hint.inner[0]) for key, _ in value.items)
    if hint.t != "dict":
        return False
    if len(hint.inner) < 2:
        return True
    return all(fits(key, hint.inner[0]) and fits(item, hint.inner[1]) for key, item in value.items)


def _code(value: Code, hint: TypeTree) -> bool:
    if value.text.startswith("lambda"):
        return hint.t in ("callable", "hashable")
    if value.text in _BUILTINS:
        return hint.t in ("callable", "type", "hashable", "class")
    return hint.t != "None"


def _call(value: Call, hint: TypeTree) -> bool:
    if value.func == "iter":
        inner = hint.inner[:1]
        items = parts(value.args[0]) if value.args and isinstance(value.args[0], Seq) else ()
        return hint.t in ("iterator", "iterable") and (
            not inner or all(fits(item, inner[0]) for item in items)
        )
    if hint.t == "class":
        return True  # the classes above it are not known here
    last = value.func.rpartition(".")[2]
    return not (hint.t in _PLAIN and last[:1].isupper()) and hint.t != "literal"


_FITS: Mapping[type, Callable[..., bool]] = {
    Lit: _literal, Seq: _sequence, Map: _dict, Code: _code, Call: _call,
}  # fmt: skip


class HintChecks:
    """Looks at whole inputs; `classes` say what the constructors in them take."""

    def __init__(self, classes: Mapping[str, ClassInfo]) -> None:
        self._classes = classes

    def keeps(self, call: Input) -> bool:
        """Whether every argument, also of the calls inside and before, is as its hint asks."""
        owner = call.subject.owner
        if not self._arguments(call.subject.parameters, call.args, call.kwargs):
            return False
        if call.receiver is not None and not self._inside(call.receiver):
            return False
        members = {member.name: member for member in owner.members} if owner else {}
        return all(
            name not in members or self._arguments(members[name].parameters, args, kwargs)
            for name, args, kwargs in call.steps
        )

    def _arguments(
        self,
        parameters: Iterable[Parameter],
        args: tuple[Value, ...],
        kwargs: tuple[tuple[str, Value], ...],
    ) -> bool:
        by_name = {item.name: item for item in parameters}
        placed = [item for item in by_name.values() if item.kind.startswith("POSITIONAL")]
        kinds = {item.kind: item for item in by_name.values()}
        pairs: list[tuple[Value, Parameter | None]] = []
        for at, value in enumerate(args):
            pairs.append((value, placed[at] if at < len(placed) else kinds.get("VAR_POSITIONAL")))
        for name, value in kwargs:
            pairs.append((value, by_name.get(name) or kinds.get("VAR_KEYWORD")))
        return all(self._one(value, parameter) for value, parameter in pairs)

    def _one(self, value: Value, parameter: Parameter | None) -> bool:
        if parameter is not None and parameter.hinted and not fits(value, parameter.type):
            return False
        return self._inside(value)

    def _inside(self, value: Value) -> bool:
        """The arguments of the constructors in a value."""
        if isinstance(value, Call) and value.func in self._classes:
            parameters = self._classes[value.func].parameters
            return self._arguments(parameters, value.args, value.kwargs)
        return all(self._inside(part) for part in parts(value))
