"""Names and expressions of one file as chains: where to start, and steps from there.

Local names are replaced by what they stand for, so a chain starts at a global name, an import
or a definition: `cart = Cart(); cart.add()` uses `Cart`, then `()`, then `.add`, then `()`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from qe_action.analysis.graph.imports import Import
from qe_action.analysis.graph.scopes import (
    BASES,
    CALL,
    ENTERED,
    ITEM,
    LITERALS,
    Bound,
    Load,
    Local,
    Scope,
    Source,
    decorator_names,
    flatten,
)
from qe_action.analysis.python_module import FUNCTIONS

INSTANCE, MANY = "!", "*"
"""Further steps: from a class to its instance, from that to a collection of such."""
_LOST = "."
"""A step to nowhere, in place of those that are too many to follow."""
ALTERNATIVES = 4
"""How many things a name may stand for; of more, the first."""
_STEPS = 12
"""How many steps of a chain are followed."""
_DEPTH = 20
"""Through how many names and expressions a value is followed inside one file."""
_HINT_CHARACTERS = 200
_BUILTIN = Import(0, "builtins")
"""Stands for everything that the interpreter itself defines."""
_WRAPPERS = {"Optional", "Union", "ClassVar", "Final", "Required", "NotRequired"}
_COLLECTIONS = {
    *("list", "set", "frozenset", "tuple", "deque", "List", "Set", "FrozenSet", "Tuple"),
    *("Sequence", "Iterable", "Iterator", "Collection", "MutableSequence", "AbstractSet"),
    *("AsyncIterator", "AsyncIterable", "Generator"),
}


class Chain(NamedTuple):
    """Where to start (a global name, an import, a definition) and the steps from there."""

    head: str | Import | Local
    steps: tuple[str, ...] = ()


class Chains:
    """Turns names and expressions of one file's scopes into chains."""

    def __init__(self, top: Scope) -> None:
        self._top = top
        self._known: dict[tuple[Scope, str], tuple[Chain, ...]] = {}

    def used(self, scope: Scope, loads: Iterable[Load]) -> Iterator[Chain]:
        """The chains of everything a scope uses; what can't be told is counted in `blind`."""
        for load in dict.fromkeys(loads):
            found = self._load(scope, load.name, load.steps, 0)
            if found is None:
                # Of a builtin only what it gives can be called unseen.
                scope.blind += load.name == "getattr" and load.steps.count(CALL) > 1
            elif found:
                yield from found
            else:
                scope.blind += load.steps.count(CALL)

    def of(self, scope: Scope, sources: Iterable[Source]) -> tuple[Chain, ...]:
        return self._sources(sources, 0)

    def value(self, scope: Scope, node: ast.expr, depth: int = 0) -> tuple[Chain, ...]:
        """What an expression may be."""
        match node:
            case _ if depth > _DEPTH:
                return ()
            case ast.IfExp(body=body, orelse=orelse):
                return self._any(scope, (body, orelse), depth)
            case ast.BoolOp(values=values):
                return self._any(scope, values[:ALTERNATIVES], depth)
            case ast.NamedExpr(value=value):
                return self.value(scope, value, depth + 1)
        head, steps, _ = flatten(node)
        found: tuple[Chain, ...] | None = ()
        if isinstance(head, ast.Name):
            found = self._load(scope, head.id, steps, depth + 1)
        elif isinstance(head, LITERALS):
            found = None
        return (Chain(_BUILTIN),) if found is None else found

    def _any(self, scope: Scope, nodes: Iterable[ast.expr], depth: int) -> tuple[Chain, ...]:
        return tuple(c for node in nodes for c in self.value(scope, node, depth + 1))

    def hint(self, scope: Scope, node: ast.expr | None, depth: int = 0) -> tuple[Chain, ...]:
        """What a value annotated with this is."""
        if depth > _DEPTH:
            return ()
        found: tuple[Chain, ...] = ()
        match node:
            case ast.Constant(str(text)):
                found = self.hint(scope, _parsed(text), depth + 1)
            case ast.BinOp(left, ast.BitOr(), right):
                found = self.hint(scope, left, depth + 1) + self.hint(scope, right, depth + 1)
            case ast.Subscript(ast.Name(name) | ast.Attribute(attr=name), inner):
                found = self._generic(scope, name, inner, depth)
            case ast.Name("Self") if scope.is_class:
                found = (Chain(Local(scope.name), (INSTANCE,)),)
            case ast.Name() | ast.Attribute():
                found = tuple(_then(c, INSTANCE) for c in self.value(scope, node, depth + 1))
        return found

    def _generic(self, scope: Scope, name: str, inner: ast.expr, depth: int) -> tuple[Chain, ...]:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in _WRAPPERS:
            return tuple(c for part in parts[:4] for c in self.hint(scope, part, depth + 1))
        if name in {"type", "Type"}:
            return self.value(scope, inner, depth + 1)
        if name == "Annotated":
            return self.hint(scope, parts[0], depth + 1) if parts else ()
        if name in {"tuple", "Tuple"} and not _is_uniform(parts):
            return ()
        if name in _COLLECTIONS:
            found = (c for part in parts[:1] for c in self.hint(scope, part, depth + 1))
            return tuple(_then(c, MANY) for c in found)
        return ()

    def _load(
        self, scope: Scope, name: str, steps: tuple[str, ...], depth: int
    ) -> tuple[Chain, ...] | None:
        """The chains of a name with steps; None for a builtin, none for a name unknown."""
        if name == "super" and steps[:1] == (CALL,) and scope.owner is not None:
            return (_then(Chain(Local(scope.owner.name)), BASES, *steps[1:]),)
        found = self._name(scope, name, depth)
        return None if found is None else tuple(_then(chain, *steps) for chain in found)

    def _name(self, scope: Scope, name: str, depth: int) -> tuple[Chain, ...] | None:
        inner: Scope | None = scope
        while inner is not None and inner is not self._top:
            # A class body's names are seen in the body itself, not in its methods.
            visible = inner is scope or not inner.is_class
            if visible and name in inner.names:
                return self._sources_of(inner, name, depth)
            inner = inner.parent
        return (Chain(name),) if name in self._top.names or self._top.stars else None

    def _sources_of(self, scope: Scope, name: str, depth: int) -> tuple[Chain, ...]:
        if name == scope.receiver:
            return (self._receiver(scope),)
        key = (scope, name)
        if key not in self._known:
            if depth > _DEPTH:
                return ()
            # A name bound to itself, directly or not, adds nothing.
            self._known[key] = ()
            self._known[key] = self._sources(scope.names[name], depth + 1)
        return self._known[key]

    def _receiver(self, scope: Scope) -> Chain:
        assert scope.owner is not None
        assert isinstance(scope.node, FUNCTIONS)
        of_class = scope.node.name in {"__new__", "__init_subclass__", "__class_getitem__"} or any(
            last == "classmethod" for _, last, _ in decorator_names(scope.node)
        )
        return Chain(Local(scope.owner.name), () if of_class else (INSTANCE,))

    def _sources(self, sources: Iterable[Source], depth: int) -> tuple[Chain, ...]:
        found: dict[Chain, None] = {}
        for source in sources:
            for chain in self._source(source, depth):
                found.setdefault(chain)
            if len(found) >= ALTERNATIVES:
                break
        return tuple(found)[:ALTERNATIVES]

    def _source(self, source: Source, depth: int) -> tuple[Chain, ...]:
        if not isinstance(source, Bound):
            return (Chain(source),)
        if source.annotation:
            return self.hint(source.scope, source.value, depth + 1)
        found = self.value(source.scope, source.value, depth + 1)
        step = ITEM if source.items else ENTERED if source.entered else None
        return tuple(_then(chain, step) for chain in found) if step else found


def _then(chain: Chain, *steps: str) -> Chain:
    if not steps or chain.steps[-1:] == (_LOST,):
        return chain
    joined = chain.steps + steps
    return Chain(chain.head, joined if len(joined) <= _STEPS else (*joined[:_STEPS], _LOST))


def _is_uniform(parts: list[ast.expr]) -> bool:
    """Whether a tuple's annotation says the same of all its items."""
    return len(parts) == 1 or any(isinstance(e, ast.Constant) and e.value is ... for e in parts)


def _parsed(text: str) -> ast.expr | None:
    """An annotation that is written as a text."""
    if len(text) > _HINT_CHARACTERS:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
