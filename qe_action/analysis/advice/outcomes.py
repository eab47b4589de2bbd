"""The ways through a block of statements, each with its conditions and effects."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.conditions import (
    JUMPS,
    Clause,
    case_clauses,
    fails,
    holds,
    loop_clause,
    passed,
    raises_clauses,
)
from qe_action.analysis.advice.effects import Outcome, Trace
from qe_action.analysis.advice.enclosing import Statement
from qe_action.analysis.python_module import PythonModule

_DEEPEST = 6
LONGEST = 200
"""How deep, and how far along each block, ways are followed."""


def outcomes(
    module: PythonModule, block: Sequence[Statement], *, in_function: bool
) -> Iterator[Outcome]:
    """The ways through a block, those inside a statement before the ways past it."""
    return _walk(block, [], Trace(module, in_function), 0)


def straight(module: PythonModule, block: Sequence[Statement], *, in_function: bool) -> Outcome:
    """The way past every test of a block; where all ways lead away, one without effects."""
    found = _walk(block, [], Trace(module, in_function), _DEEPEST)
    return next(found, Outcome((), (), "jump"))


def _walk(
    block: Sequence[Statement], before: list[Clause], trace: Trace, depth: int
) -> Iterator[Outcome]:
    module = trace.module
    clauses = list(before)
    for node in _flat(block[:LONGEST]):
        if depth < _DEEPEST:
            for inner, entering in _branches(module, node):
                start = [*clauses, *trace.explained(entering)]
                found = _walk(inner, start, Trace(module, trace.local), depth + 1)
                yield from (each._replace(straight=False) for each in found)
        if isinstance(node, JUMPS):
            yield trace.end(node, clauses)
            return
        if isinstance(node, ast.If) and _jumps(node.body) and _jumps(node.orelse):
            return
        clauses += trace.explained(passed(module, node))
        trace.note(node)
    yield trace.open_end(clauses)


def _jumps(block: Sequence[ast.stmt]) -> bool:
    return bool(block) and isinstance(block[-1], JUMPS)


def _flat(block: Sequence[Statement]) -> Iterator[Statement]:
    """The statements that follow each other, those inside `with` and `try` included."""
    stack: list[Iterator[Statement]] = [iter(block)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
        elif isinstance(node, ast.With | ast.AsyncWith):
            stack.append(iter(node.body))
        elif isinstance(node, ast.Try | ast.TryStar):
            yield node
            stack.append(iter([*node.body, *node.orelse, *node.finalbody]))
        else:
            yield node


def _branches(
    module: PythonModule, node: Statement
) -> Iterator[tuple[Sequence[ast.stmt], list[Clause]]]:
    """The blocks inside a statement that run under a condition."""
    match node:
        case ast.If():
            yield node.body, holds(module, node.test)
            if node.orelse:
                yield node.orelse, fails(module, node.test)
        case ast.For() | ast.AsyncFor():
            yield node.body, [loop_clause(module, node)]
        case ast.While():
            yield node.body, holds(module, node.test)
        case ast.Try() | ast.TryStar():
            for handler in node.handlers:
                yield handler.body, raises_clauses(module, node, handler)
        case ast.Match():
            for case in node.cases:
                yield case.body, case_clauses(module, node, case)
