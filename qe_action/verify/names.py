"""What the names in a test's source mean: aliases and assignments are followed. Pure."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LOOKS = frozenset({"getattr", "setattr", "delattr", "hasattr", "object", "patch"})
"""Calls that name an attribute by a string behind the object that has it."""


class Names:
    """The full names behind those of one source: `nap` is `time.sleep` after such an import."""

    def __init__(self, tree: ast.AST) -> None:
        self._known: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    self._known[alias.asname or name] = name
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    self._known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for target, value in assigned(tree):
            if isinstance(value, ast.Name | ast.Attribute) and (full := self.full(value)):
                self._known.setdefault(target, full)

    def full(self, node: ast.expr) -> str | None:
        """The dotted name behind an expression; None where it is no name at all.

        `getattr(time, "sleep")` is `time.sleep`, and `getattr(time, x)` is `time.?`.
        """
        match node:
            case ast.Name(id=name):
                return self._known.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                inner = self.full(value)
                return f"{inner}.{attr}" if inner else None
            case ast.Call(func=func, args=[owner, attr, *_]) if self._looks(func):
                inner = self.full(owner)
                text = str(attr.value) if isinstance(attr, ast.Constant) else "?"
                return f"{inner}.{text}" if inner else None
        return None

    def _looks(self, func: ast.expr) -> bool:
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        return name in _LOOKS

    def is_module(self, name: str) -> bool:
        """Whether a name in the source is that of something imported."""
        return name in self._known

    def all(self, tree: ast.AST) -> Iterator[str]:
        """Every full name that the source uses or imports, and what it names by strings."""
        for node in ast.walk(tree):
            yield from self.at(node)

    def at(self, node: ast.AST) -> Iterator[str]:
        """The full names of one node, without those of its parts."""
        match node:
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.Call(func=func, args=[ast.Constant(value=str(text)), *_]) if self._replaces(
                func
            ):
                yield text
            case ast.Name() | ast.Attribute() | ast.Call():
                if full := self.full(node):
                    yield full

    def _replaces(self, func: ast.expr) -> bool:
        """`monkeypatch.setattr("a.b", ...)`, `mock.patch("a.b")`."""
        full = self.full(func) or ""
        return full.rpartition(".")[2] in {"setattr", "delattr", "patch"}


def assigned(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that get a value by a plain assignment, and that value."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((t.id, value) for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                yield name, value


def bound(tree: ast.AST) -> Iterator[str]:
    """Every name that is bound somewhere, as often as it is."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name.partition(".")[0]


def is_builtin(name: str) -> bool:
    return hasattr(builtins, name)
