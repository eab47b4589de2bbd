"""Functions without anything to test: they only declare what others do."""

from __future__ import annotations

import ast

from qe_action.analysis.emptiness import is_empty
from qe_action.analysis.python_module import Definition, PythonModule

EMPTY = "its function has no code of its own"
OVERLOAD = "its function is an overload, for the type checker only"
PROTOCOL = "its function is a member of a protocol"


def declared(module: PythonModule, definition: Definition) -> str:
    """Why a function has nothing to test; empty where it has."""
    node = definition.node
    if isinstance(node, ast.ClassDef):
        return ""
    if any(_last_name(each) == "overload" for each in node.decorator_list):
        return OVERLOAD
    if is_empty(node):
        return EMPTY
    owner = definition.owner.rpartition(".")[2] if definition.owner else ""
    around = (each.node for each in module.named(owner) if each.name == definition.owner)
    protocol = any(
        _last_name(base) == "Protocol"
        for each in around
        if isinstance(each, ast.ClassDef)
        for base in each.bases
    )
    return PROTOCOL if protocol else ""


def _last_name(node: ast.expr) -> str:
    """`Protocol` of `typing.Protocol[T]`, `overload` of `t.overload`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
