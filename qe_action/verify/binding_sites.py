"""Where a source binds names: assignments, loops, patterns, tables of cases. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeGuard

COLLECTIONS = (ast.List, ast.Tuple, ast.Set)
"""Literals that have items."""


class Binding(NamedTuple):
    """One way in which a name gets a value: that of `node`, an item of it, or what entering gives.

    A `fixture` has no node, and what else gives the value is `unknown`.
    """

    kind: Literal["value", "item", "entered", "fixture", "unknown"]
    node: ast.expr | None = None


UNKNOWN = Binding("unknown")


def is_table(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether it is `pytest.mark.parametrize(...)`."""
    func = node.func if isinstance(node, ast.Call) else None
    return isinstance(func, ast.Attribute) and func.attr == "parametrize"


def table_of(call: ast.Call) -> tuple[list[str], ast.expr | None]:
    """The names and the rows of a table of cases."""
    given = {k.arg: k.value for k in call.keywords}
    names = call.args[0] if call.args else given.get("argnames")
    rows = call.args[1] if len(call.args) > 1 else given.get("argvalues")
    match names:
        case ast.Constant(value=str(text)):
            return [name.strip() for name in text.split(",") if name.strip()], rows
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [str(i.value) for i in items if isinstance(i, ast.Constant)], rows
    return [], rows


def of_table(call: ast.Call) -> Iterator[tuple[str, Binding]]:
    names, rows = table_of(call)
    if not isinstance(rows, COLLECTIONS):
        yield from ((name, UNKNOWN) for name in names)
        return
    for row in rows.elts:
        cells: Sequence[ast.expr] = [row]
        if isinstance(row, ast.Call) and ast.unparse(row.func).endswith("param"):
            cells = row.args
        elif len(names) > 1:
            cells = row.elts if isinstance(row, COLLECTIONS) else []
        for position, name in enumerate(names):
            there = position < len(cells)
            yield name, Binding("value", cells[position]) if there else UNKNOWN


def bound_by(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(target, Binding("value", value))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _unpacked(target, Binding("value", value))
        case ast.NamedExpr(target=target, value=value):
            yield from _unpacked(target, Binding("value", value))
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
            whole = ast.BinOp(ast.Name(name, ast.Load()), op, value)
            yield name, Binding("value", ast.copy_location(whole, target))
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield from _unpacked(node.target, Binding("item", node.iter))
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _unpacked(target, Binding("entered", value))
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, UNKNOWN
        case ast.MatchMapping(rest=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name, UNKNOWN


def _unpacked(target: ast.expr, binding: Binding) -> Iterator[tuple[str, Binding]]:
    match target:
        case ast.Name(id=name):
            yield name, binding
        case ast.Starred(value=inner):
            yield from _unpacked(inner, UNKNOWN)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for at, item in enumerate(items):
                yield from _unpacked(item, _part(binding, at, len(items)))


def _part(binding: Binding, at: int, count: int) -> Binding:
    value = binding.node
    items = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    plain = len(items) == count and not any(isinstance(e, ast.Starred) for e in items)
    if binding.kind == "value" and plain:
        return Binding("value", items[at])
    if binding.kind == "item" and isinstance(value, COLLECTIONS):
        rows = [row.elts for row in value.elts if isinstance(row, ast.Tuple | ast.List)]
        if len(rows) == len(value.elts) and all(len(row) == count for row in rows):
            return Binding("item", ast.Tuple([row[at] for row in rows], ast.Load()))
    return Binding("item", value) if binding.kind == "value" else UNKNOWN
