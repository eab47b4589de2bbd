"""The ways through a block of statements, each with its conditions and effects."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.conditions import (
    Clause,
    case_clauses,
    fails,
    holds,
    raises_clauses,
)
from qe_action.analysis.advice.effects import Outcome, Trace
from qe_action.analysis.advice.enclosing_blocks import Statement
from qe_action.analysis.advice.fallthrough import TRIES, in_line, leaves, passed
from qe_action.analysis.advice.jumps import JUMPS
from qe_action.analysis.advice.loops import loop_clause
from qe_action.analysis.advice.stale_conditions import after, within
from qe_action.analysis.python_module import PythonModule

_DEEPEST = 6
"""How many blocks deep ways are followed."""
LONGEST = 200
"""How many statements of a block ways are followed for."""


def outcomes(
    module: PythonModule,
    block: Sequence[Statement],
    before: Sequence[Clause] = (),
    *,
    in_function: bool,
    caught: bool = False,
) -> Iterator[Outcome]:
    """The ways through a block, those inside a statement before the ways past it.

    `before` is what has to hold to come to it; a way has that among its own clauses. `caught`
    says that an exception raised there may be caught in the same function; then, as inside a
    `try`, a way that ends by raising one is none to tell.
    """
    return _walk(block, before, Trace(module, in_function), 0, caught=caught)


def straight(
    module: PythonModule,
    block: Sequence[Statement],
    before: Sequence[Clause] = (),
    *,
    in_function: bool,
    caught: bool = False,
) -> Outcome:
    """The way past every test of a block; where all ways lead away, one without effects."""
    found = _walk(block, before, Trace(module, in_function), _DEEPEST, caught=caught)
    return next(found, Outcome(tuple(before), (), "jump"))


def _walk(
    block: Sequence[Statement], before: Sequence[Clause], trace: Trace, depth: int, *, caught: bool
) -> Iterator[Outcome]:
    module = trace.module
    clauses = list(before)
    for node, inside in in_line(block[:LONGEST], caught=caught):
        if depth < _DEEPEST:
            for inner, entering in _branches(module, node):
                start = within(clauses, node, trace.explained(entering))
                # An exception that a handler raises is caught further outside at most.
                still = caught or (inside and not isinstance(node, TRIES))
                found = _walk(inner, start, Trace(module, trace.local), depth + 1, caught=still)
                yield from (each._replace(straight=False) for each in found)
        if isinstance(node, JUMPS):
            if not (inside and isinstance(node, ast.Raise)):
                yield trace.end(node, clauses)
            return
        if not isinstance(node, (*TRIES, ast.With, ast.AsyncWith)) and leaves([node]):
            return
        clauses = after(clauses, node, trace.explained(passed(module, node)))
        trace.note(node)
    yield trace.open_end(clauses, getattr(block[-1], "end_lineno", 0) if block else 0)


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
