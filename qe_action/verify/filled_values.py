"""Lists, sets, dicts and the like of a test that the code under test may fill or change. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from qe_action.verify.names import Function, is_builtin

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_OFTEN = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try)
_LATER = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

Varies = Callable[[ast.AST], bool]


def is_mutable(value: ast.expr) -> bool:
    """Whether a value that is written out may become another one."""
    return any(isinstance(node, _MUTABLE) for node in ast.walk(value))


def is_filled(name: str, function: Function, varies: Varies) -> bool:
    """Whether what `name` holds in a test may depend on the code under test.

    It may where a callback uses it, where it is handed to something, or where what is put into it
    varies, or how often.
    """
    for node in ast.walk(function):
        if isinstance(node, _LATER) and node is not function and _holds(node, name):
            return True
        if isinstance(node, ast.Call) and _gets(node, name, varies):
            return True
        if isinstance(node, ast.Assign | ast.AugAssign) and _stores(node, name) and varies(node):
            return True
        if isinstance(node, _OFTEN) and any(_is_method(each, name) for each in ast.walk(node)):
            return True
    return False


def _holds(node: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


def _gets(call: ast.Call, name: str, varies: Varies) -> bool:
    """Whether a call is given the value, or puts something that varies into it."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if _is_method(call, name):
        return any(map(varies, given))
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if isinstance(call.func, ast.Name):
        called = call.func.id
        if is_builtin(called):
            return False
    return not called.startswith("assert") and any(_holds(each, name) for each in given)


def _is_method(node: ast.AST, name: str) -> bool:
    """`name.append(...)` and the like."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=known))):
            return known == name
    return False


def _stores(node: ast.Assign | ast.AugAssign, name: str) -> bool:
    """`name[...] = ...`."""
    return any(_is_part(target, name) for target in _targets(node))


def _targets(node: ast.Assign | ast.AugAssign) -> Iterator[ast.expr]:
    yield from node.targets if isinstance(node, ast.Assign) else (node.target,)


def _is_part(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Subscript) and _holds(target.value, name)
