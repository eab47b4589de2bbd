"""Where a test's source names an attribute, also by a string or in a pattern. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from qe_action.verify.bindings import TestText
from qe_action.verify.findings import Finding, at

_LOOKS = frozenset({"getattr", "setattr", "delattr", "hasattr"})
_BY_STRINGS = frozenset({"operator.attrgetter", "operator.methodcaller"})
_HELD_BY = frozenset({"setattr", "delattr"})
"""Methods of `monkeypatch`; the strings they are given are attributes as well."""


class Lookup(NamedTuple):
    """An attribute that the source names at a node."""

    node: ast.AST
    attr: str


def lookups(text: TestText) -> Iterator[Lookup]:
    """Every attribute that is named, whatever has it."""
    for node in text.nodes:
        match node:
            case ast.Attribute(attr=attr):
                yield Lookup(node, attr)
            case ast.MatchClass(kwd_attrs=attrs):
                yield from (Lookup(node, attr) for attr in attrs)
            case ast.ImportFrom(names=names):
                yield from (Lookup(node, alias.name) for alias in names)
            case ast.Call():
                for name in _named_by_strings(node, text):
                    parts = (text.texts(name) or []) if name is not None else []
                    yield from (Lookup(node, p) for part in parts for p in part.split("."))


def computed(text: TestText) -> Iterator[Finding]:
    """Where an attribute is looked up by a name that does not stand in the source."""
    for node in text.nodes:
        if isinstance(node, ast.Call):
            for name in _named_by_strings(node, text):
                if name is None or text.texts(name) is None:
                    yield at(node, "it looks up an attribute by a name that is computed")


def _named_by_strings(call: ast.Call, text: TestText) -> Iterator[ast.expr | None]:
    """The expressions by which a call names attributes; None for one that can't be told."""
    func = call.func
    if isinstance(func, ast.Name) and func.id in _LOOKS and text.is_builtin(func):
        named = len(call.args) > 1 and not _starred(call.args[:2])
        yield call.args[1] if named else None
    elif text.meaning(func) in _BY_STRINGS:
        count = 1 if text.meaning(func).endswith("methodcaller") else len(call.args)
        yield from (None if _starred([arg]) else arg for arg in call.args[:count])
    elif isinstance(func, ast.Attribute) and func.attr in _HELD_BY:
        yield from (arg for arg in call.args[1:2] if text.texts(arg) is not None)


def _starred(arguments: list[ast.expr]) -> bool:
    return any(isinstance(argument, ast.Starred) for argument in arguments)
