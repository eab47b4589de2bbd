"""What shows the local variables that code has set: a `return` of them, a call, an exception."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.assignments import QUIET, Local, set_inside
from qe_action.analysis.advice.conditions import MOST
from qe_action.analysis.advice.effects import Outcome
from qe_action.analysis.advice.enclosing_blocks import Statement, Step, inside_function
from qe_action.analysis.advice.excerpt import excerpt
from qe_action.analysis.advice.fallthrough import in_line, leaves, passed, past
from qe_action.analysis.advice.jumps import jumps_out
from qe_action.analysis.advice.stale_conditions import after, outdated
from qe_action.analysis.python_module import DEFINITIONS, PythonModule

_FAR = 200
"""Statements after a line that are looked at."""


def shown(module: PythonModule, path: Sequence[Step], outcome: Outcome) -> Outcome:
    """An outcome without effects, with those by which a statement after it shows what it set.

    Its effects are then ("set `unit` to `'kB'`", "return `f'{size} {unit}'`"), and its clauses
    have what it takes to come there. A variable that is set again before shows no more. It is
    given back as it is where nothing shows, or where that can't be told in its own conditions.
    """
    clauses = list(outcome.clauses)
    left = outcome.sets
    for node in _after(path, outcome.last) if left else ():
        for local in left:
            if effects := _shown_by(module, node, local):
                return outcome._replace(clauses=tuple(clauses), effects=effects)
        again = set_inside(node)
        if again is None or isinstance(node, DEFINITIONS) or leaves([node]):
            break
        passing = past(module, [node])
        told = len(clauses) + len(passing) <= MOST if passing else not jumps_out([node])
        if not told:
            break
        if outdated(clauses, passing):
            break
        for inner, _ in in_line([node]):
            clauses = after(clauses, inner, passed(module, inner))
        left = tuple(local for local in left if local.name not in again)
    return outcome


def lasting(module: PythonModule, path: Sequence[Step], outcome: Outcome) -> Outcome:
    """An outcome without the attributes and items that are set again after its last line."""
    if outcome.end != "open" or not any(each.startswith("set `") for each in outcome.effects):
        return outcome
    again = tuple(
        f"set `{excerpt(module, target)}` to "
        for node in _after(path, outcome.last)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute | ast.Subscript)
    )
    left = tuple(effect for effect in outcome.effects if not effect.startswith(again))
    return outcome._replace(effects=left)


def _after(path: Sequence[Step], line: int) -> Iterator[Statement]:
    """The statements after a line in the blocks around it, up to the function's end."""
    for step in reversed(inside_function(path)):
        if step.field not in ("handlers", "cases"):
            for node in step.block[step.at + 1 : step.at + _FAR]:
                if not isinstance(node, ast.stmt) or node.lineno > line:
                    yield node


def _shown_by(module: PythonModule, node: Statement, local: Local) -> tuple[str, ...]:
    """What a statement makes of a variable: it is returned, raised, kept by `self`, or handed on.

    Of one that did not grow the expression stands in its place.
    """
    as_set = not local.grown
    match node:
        case ast.Return(value=ast.Name(id=name)) if name == local.name and as_set:
            return (f"return `{local.text}`",)
        case ast.Return(value=ast.expr() as value) if local.name in _read_by(value):
            return (local.phrase, f"return `{excerpt(module, value)}`")
        case ast.Assign(
            targets=[ast.Attribute(value=ast.Name(id="self")) as target],
            value=ast.Name(id=name),
        ) if name == local.name and as_set:
            return (f"set `{excerpt(module, target)}` to `{local.text}`",)
        case ast.Raise(exc=ast.Call(func=error) as call) if local.name in _read_by(call):
            return (local.phrase, f"raise `{excerpt(module, error)}`")
        case ast.Expr(value=ast.Call() as call) if _handed(call, local.name):
            return (local.phrase, f"call `{excerpt(module, call)}`")
        case _:
            return ()


def _read_by(value: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


def _handed(call: ast.Call, name: str) -> bool:
    """Whether a function, or a method of `self`, is called with a variable as it stands."""
    match call.func:
        case ast.Name(id=called) | ast.Attribute(value=ast.Name(id="self"), attr=called):
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            names = (each.id for each in given if isinstance(each, ast.Name))
            return called not in QUIET and name in names
        case _:
            return False
