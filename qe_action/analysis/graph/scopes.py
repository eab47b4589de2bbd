"""What a scope of a Python source binds and uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.analysis.graph.imports import Import
from qe_action.analysis.python_module import DefinitionNode

MODULE = "<module>"
LITERALS = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
CALL, ITEM, PART = "()", "[]", "[:]"
"""Steps beside `.attribute`, in this order: a call, an item, a slice of what was reached."""
BASES, ENTERED = "^", "with"
"""From a class to what `super()` gives in it; from an object to what its `with` block gets."""


class Local(NamedTuple):
    """A definition of the same file, by its qualified name."""

    name: str


class Load(NamedTuple):
    """A name and what is done to it: `.attribute`, a call, an item."""

    name: str
    steps: tuple[str, ...]


class Bound(NamedTuple):
    """An expression that a name is bound to, or, with `annotation`, the type it has.

    `items` says that the name stands for each item of it, `entered` that it stands for what
    `with` makes of it.
    """

    scope: Scope
    value: ast.expr
    annotation: bool = False
    items: bool = False
    entered: bool = False


Source = Bound | Import | Local
"""What a name can stand for. A name without any source is bound to something unknown."""


@dataclass(eq=False, slots=True)
class Scope:
    """A module, a function or a class body.

    `name` is the qualified name of the function or class, `owner` of a method its class, and
    `receiver` the name of its first parameter, where that is the object or the class. `parent`
    is the scope outside, `outer` the names that `global` gives to the module. `main` are the
    loads under the module's `__main__` guard, `held` the items of its tables by name. `blind`
    counts the calls whose target nothing in this file tells. A generator `yields`.
    """

    name: str
    node: ast.Module | DefinitionNode
    parent: Scope | None = None
    owner: Scope | None = None
    receiver: str | None = None
    names: dict[str, list[Source]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    loads: list[Load] = field(default_factory=list)
    main: list[Load] = field(default_factory=list)
    returns: list[ast.expr] = field(default_factory=list)
    held: dict[str, list[ast.expr]] = field(default_factory=dict)
    stars: list[Import] = field(default_factory=list)
    blind: int = 0
    yields: bool = False

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def prefix(self) -> str:
        return f"{self.name}." if self.parent else ""

    @property
    def outside(self) -> Scope:
        """Where the signature and the decorators of a function or class are evaluated."""
        return self.parent or self

    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


def flatten(node: ast.expr) -> tuple[ast.expr, tuple[str, ...], list[ast.AST]]:
    """An expression's innermost operand, the steps done to it, and the nodes on the way."""
    steps: list[str] = []
    aside: list[ast.AST] = []
    while True:
        match node:
            case ast.Call(func=ast.Name("super"), args=[ast.Name() as start, *rest]):
                steps.append(BASES)
                aside += rest
                node = start
            case ast.Call():
                steps.append(CALL)
                aside += node.args
                aside += node.keywords
                node = node.func
            case ast.Attribute():
                steps.append("." + node.attr)
                node = node.value
            case ast.Subscript():
                steps.append(PART if isinstance(node.slice, ast.Slice) else ITEM)
                aside.append(node.slice)
                node = node.value
            case ast.Await():
                node = node.value
            case _:
                steps.reverse()
                return node, tuple(steps), aside


def decorator_names(node: DefinitionNode) -> Iterator[tuple[str, str, ast.Call | None]]:
    """Each decorator as its first name, its last and the call around them, if it is called."""
    for each in node.decorator_list:
        call = each if isinstance(each, ast.Call) else None
        head, steps, _ = flatten(call.func if call else each)
        if isinstance(head, ast.Name):
            yield head.id, steps[-1].lstrip(".") if steps else head.id, call
