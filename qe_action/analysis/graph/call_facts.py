"""The facts of one Python file that a call graph is made of: what it defines, uses and imports.

Everything a function uses is a chain, which `resolve` follows across files.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from qe_action.analysis.graph.chains import ALTERNATIVES, Chain, Chains
from qe_action.analysis.graph.imports import Import
from qe_action.analysis.graph.scope_walk import scopes_of
from qe_action.analysis.graph.scopes import Scope, decorator_names, flatten
from qe_action.analysis.python_module import FUNCTIONS, PythonModule

_PROPERTIES = {"property", "cached_property", "setter", "deleter", "hybrid_property"}

_EMPTY_BASES = {"object", "abc.ABC", "typing.Generic", "typing.Protocol"}
"""Bases outside the repository that bring a class nothing to be called."""


class Function(NamedTuple):
    """What a function does: the chains it uses, its own calls that nothing here explains.

    `returns` is what a call gives. `decorators` are chains too; the function goes through
    them when it is called. `nested` tells a function inside another one.
    """

    uses: tuple[Chain, ...]
    blind: int = 0
    returns: tuple[Chain, ...] = ()
    decorators: tuple[Chain, ...] = ()
    is_property: bool = False
    nested: bool = False
    entry: str | None = None


class Class(NamedTuple):
    """A class: its bases, and what each attribute and method stands for."""

    bases: tuple[Chain, ...]
    members: dict[str, tuple[Chain, ...]]
    held: dict[str, tuple[Chain, ...]]


class FileFacts(NamedTuple):
    """What one file contributes. Functions and classes go by qualified name.

    `module` is the code outside functions, `main` what runs only as a program. `names` are
    the module's own, `held` what its tables hold, `exported` its `__all__`.
    """

    path: str
    functions: dict[str, Function]
    classes: dict[str, Class]
    module: Function
    main: tuple[Chain, ...]
    names: dict[str, tuple[Chain, ...]]
    held: dict[str, tuple[Chain, ...]]
    stars: tuple[Import, ...]
    exported: frozenset[str] | None


class EntryDecorator(NamedTuple):
    """Why a decorator makes an entry point, and what form it must have."""

    why: str
    is_attribute: bool = False
    takes_path: bool = False


_ROUTE = EntryDecorator("a web route", is_attribute=True, takes_path=True)
_COMMAND = EntryDecorator("a command")
_TASK = EntryDecorator("a background task")
_EVENT = EntryDecorator("an event handler")
ENTRY_DECORATORS: dict[str, EntryDecorator] = {
    **dict.fromkeys(("route", "get", "post", "put", "patch", "delete", "head", "options"), _ROUTE),
    **dict.fromkeys(("websocket", "api_route", "websocket_route"), _ROUTE),
    "api_view": EntryDecorator("a web route"),
    **dict.fromkeys(("command", "group", "callback"), _COMMAND),
    **dict.fromkeys(("shared_task", "periodic_task"), _TASK),
    "task": EntryDecorator("a background task", is_attribute=True),
    **dict.fromkeys(("receiver", "on_event", "exception_handler", "middleware"), _EVENT),
    **dict.fromkeys(("before_request", "after_request", "errorhandler", "event"), _EVENT),
}
"""Decorators by their last name. `is_attribute` asks for `app.get`, `takes_path` for a call
with a text: `@app.get("/carts")`, but not `@cache.get`."""


def file_facts(module: PythonModule) -> FileFacts:
    """The facts of a parsed file."""
    scopes = scopes_of(module.tree)
    top = scopes[0]
    chains = Chains(top)
    functions: dict[str, Function] = {}
    classes: dict[str, Class] = {}
    for scope in scopes[1:]:
        if scope.is_class:
            classes[scope.name] = _class(scope, chains)
        else:
            before = functions.get(scope.name)
            functions[scope.name] = _merged(before, _function(scope, chains))
    facts = FileFacts(
        path=module.path,
        functions=functions,
        classes=classes,
        module=Function(tuple(dict.fromkeys(chains.used(top, top.loads))), top.blind),
        main=tuple(dict.fromkeys(chains.used(top, top.main))),
        names={name: chains.of(top, sources) for name, sources in top.names.items()},
        held=_held(top, chains),
        stars=tuple(top.stars),
        exported=_exported(module.tree),
    )
    for scope in scopes:
        # Names hold their scopes; without this cycle the tree is freed at once.
        scope.names.clear()
    return facts


def _function(scope: Scope, chains: Chains) -> Function:
    node = scope.node
    assert isinstance(node, FUNCTIONS)
    uses = tuple(dict.fromkeys(chains.used(scope, scope.loads)))
    if node.returns is not None:
        returns = chains.hint(scope.outside, node.returns)
    elif scope.yields:
        returns = ()  # a call gives a generator
    else:
        returns = tuple(c for value in scope.returns for c in chains.value(scope, value))
    return Function(
        uses=uses,
        blind=scope.blind,
        returns=returns[:ALTERNATIVES],
        decorators=tuple(c for d in node.decorator_list for c in chains.value(scope.outside, d)),
        is_property=any(last in _PROPERTIES for _, last, _ in decorator_names(node)),
        nested=_is_nested(scope),
        entry=next(_entry_reasons(scope), None),
    )


def _merged(one: Function | None, other: Function) -> Function:
    """Definitions of one name (overloads, a property's setter, `if` and `else`) are one."""
    if one is None:
        return other
    return Function(
        uses=tuple(dict.fromkeys(one.uses + other.uses)),
        blind=one.blind + other.blind,
        returns=tuple(dict.fromkeys(one.returns + other.returns))[:ALTERNATIVES],
        decorators=tuple(dict.fromkeys(one.decorators + other.decorators)),
        is_property=one.is_property or other.is_property,
        nested=one.nested,
        entry=one.entry or other.entry,
    )


def _is_nested(scope: Scope) -> bool:
    outer = scope.parent
    while outer is not None:
        if isinstance(outer.node, FUNCTIONS):
            return True
        outer = outer.parent
    return False


def _entry_reasons(scope: Scope) -> Iterator[str]:
    assert isinstance(scope.node, FUNCTIONS)
    for first, last, call in decorator_names(scope.node):
        kind = ENTRY_DECORATORS.get(last)
        if kind is None or (kind.is_attribute and first == last):
            continue
        if not kind.takes_path or (call is not None and _has_text(call)):
            yield kind.why


def _has_text(call: ast.Call) -> bool:
    values = [*call.args[:1], *(keyword.value for keyword in call.keywords)]
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in values)


def _class(scope: Scope, chains: Chains) -> Class:
    assert isinstance(scope.node, ast.ClassDef)
    bases = _bases(scope, scope.node.bases)
    return Class(
        bases=tuple(c for base in bases for c in chains.value(scope.outside, base)),
        members={name: chains.of(scope, sources) for name, sources in scope.names.items()},
        held=_held(scope, chains),
    )


def _bases(scope: Scope, bases: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """The bases that may have attributes of their own."""
    names = scope.module().names
    for base in bases:
        head, steps, _ = flatten(base)
        words = [step[1:] for step in steps if step[0] == "."]
        match names.get(head.id) if isinstance(head, ast.Name) else ():
            case None if isinstance(head, ast.Name):
                words = [head.id, *words]
            case [Import(0, module, name)]:
                words = [module, *([name] if name else ()), *words]
        if ".".join(words) not in _EMPTY_BASES:
            yield base


def _held(scope: Scope, chains: Chains) -> dict[str, tuple[Chain, ...]]:
    return {
        name: found
        for name, values in scope.held.items()
        if (found := tuple(c for value in values for c in chains.value(scope, value)))
    }


def _exported(tree: ast.Module) -> frozenset[str] | None:
    """The names of `__all__`, where it is written out."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        if any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets):
            value = getattr(node, "value", None)
            names = value.elts if isinstance(value, ast.List | ast.Tuple) else ()
            return frozenset(str(n.value) for n in names if isinstance(n, ast.Constant))
    return None
