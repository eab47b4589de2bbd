"""The imports that a model has left out: what its test uses and the target's module has. Pure."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

_DEFINED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def needed_imports(
    code: str, imports: Sequence[str], target: ast.Module, module: str
) -> Iterator[str]:
    """An import for each name that a test neither binds nor imports, where its place is known.

    That is pytest, and what stands at the top of the target, which is imported as `module`.
    """
    try:
        tree = ast.parse("\n".join((*imports, code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    bound = set(_bound(tree))
    known = dict(_known(target, module))
    known.setdefault("pytest", "import pytest")
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    for name in dict.fromkeys(used):
        if name in known and name not in bound and not hasattr(builtins, name):
            yield known[name]


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound anywhere."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.alias():
                yield _name(node)


def _known(target: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    """The names at the top of the target's module, with how they are imported."""
    for node in target.body:
        if isinstance(node, ast.Import):
            yield from ((_name(alias), f"import {_written(alias)}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            head = f"from {node.module} import"
            yield from ((_name(alias), f"{head} {_written(alias)}") for alias in node.names)
        else:
            names = [node.name] if isinstance(node, _DEFINED) else _bound(ast.Module([node], []))
            yield from ((name, f"from {module} import {name}") for name in names)


def _name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _written(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
