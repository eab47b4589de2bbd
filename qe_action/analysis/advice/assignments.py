"""Where a function's local variables are set, and whether a `return` shows them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.enclosing import Statement, Step, inside_function
from qe_action.analysis.advice.excerpt import excerpt, safe
from qe_action.analysis.python_module import DEFINITIONS, PythonModule, statements_of

SHORT = 40
"""Characters of an expression that is shown to explain a variable."""
_NEAR = 50
"""Statements before a line that are looked at for assignments."""
_FAR = 200
"""Statements after a line that are looked at for a `return`."""
_MANY = 500
"""Statements inside one that are searched for assignments."""


def origin(module: PythonModule, path: Sequence[Step], names: frozenset[str]) -> str:
    """Where one of some variables comes from: `size = len(items)`, or empty.

    The nearest plain assignment before the last step's statement, if it says something.
    """
    for node in _before(path):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                text = excerpt(module, value, SHORT)
                telling = not isinstance(value, ast.Constant) and "…" not in text
                return f"{safe(name)} = {text}" if telling else ""
        if any(statements_of(node)) and _clash(set_inside(node), names):
            return ""
    return ""


def _before(path: Sequence[Step]) -> Iterator[Statement]:
    """The statements before a path's last, nearest first, up to the loop or function around."""
    for step in reversed(inside_function(path)):
        if step.field in ("handlers", "cases"):
            continue
        yield from reversed(step.block[max(0, step.at - _NEAR) : step.at])
        if isinstance(step.parent, ast.For | ast.AsyncFor | ast.While):
            return


def _clash(assigned: set[str] | None, names: frozenset[str]) -> bool:
    return assigned is None or bool(assigned & names)


def set_inside(node: Statement) -> set[str] | None:
    """The variables that the statements inside one set; None where they are too many."""
    names = set_by(node)
    stack = list(statements_of(node))
    for _ in range(_MANY):
        if not stack:
            return names
        inner = stack.pop()
        if not isinstance(inner, DEFINITIONS):
            stack.extend(statements_of(inner))
            names |= set_by(inner)
    return None


def set_by(node: Statement) -> set[str]:
    """The plain variables that a statement itself sets."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign():
            targets = node.targets
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor():
            targets = [node.target]
        case ast.With() | ast.AsyncWith():
            targets = [item.optional_vars for item in node.items if item.optional_vars]
    return {
        name.id
        for target in targets
        for name in (target.elts if isinstance(target, ast.Tuple) else [target])
        if isinstance(name, ast.Name)
    }


def returned_after(
    module: PythonModule, path: Sequence[Step], sets: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """What local variables show when a `return` after the last step's statement reads one.

    `sets` are variables with their expressions. ("set `unit` to `'kB'`",
    "return `f'{size} {unit}'`"), or nothing.
    """
    value, between = _next_return(path) if sets else (None, set())
    if value is None:
        return ()
    read = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    for name, expression in sets:
        if isinstance(value, ast.Name) and value.id == name and name not in between:
            return (f"return `{expression}`",)
        if name in read:
            return (f"set `{safe(name)}` to `{expression}`", f"return `{excerpt(module, value)}`")
    return ()


def _next_return(path: Sequence[Step]) -> tuple[ast.expr | None, set[str]]:
    """The value of the next `return` in the blocks around, and what is set on the way there."""
    between: set[str] = set()
    for step in reversed(inside_function(path)):
        if step.field in ("handlers", "cases"):
            continue
        for node in step.block[step.at + 1 : step.at + _FAR]:
            if isinstance(node, ast.Return):
                return node.value, between
            if isinstance(node, (*DEFINITIONS, ast.Raise, ast.Break, ast.Continue)):
                return None, between
            between |= set_inside(node) or set()
    return None, between
