"""What has to hold for control to come to a statement, from the function's entry on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.conditions import (
    PARTS,
    Clause,
    case_clauses,
    fails,
    holds,
    loop_clause,
    loop_ends,
    raises_clauses,
)
from qe_action.analysis.advice.enclosing import Step, inside_function
from qe_action.analysis.advice.passing import past, quiets
from qe_action.analysis.python_module import PythonModule

_NEAR = 50
"""Statements before a line that are looked at for guards."""
_MOST = 4
"""Conditions of a sentence; the tests around a line come before guards."""


def may_be_caught(path: Sequence[Step]) -> bool:
    """Whether an exception at the last step's statement may be caught in its function."""
    return any(step.field == "body" and quiets(step.parent) for step in inside_function(path)[1:])


def path_clauses(
    module: PythonModule, path: Sequence[Step], own: Sequence[Clause] = ()
) -> list[Clause]:
    """What has to hold from the function's entry to the last step's statement, outermost first.

    The tests around the statement, and the guards before it: first those that share a
    variable with them or with `own`, the statement's own conditions, then the nearest.
    """
    steps = inside_function(path)
    around: list[tuple[int, Clause]] = []
    guards: list[tuple[int, Clause]] = []
    for depth, step in enumerate(steps):
        if depth:
            around += [(depth, clause) for clause in _entering(module, step, steps[depth - 1])]
        guards += [(depth, clause) for clause in _guards(module, step)]
    spoken = frozenset[str]().union(*(each.names for each in (*own, *(c for _, c in around))))
    room = max(1, _MOST - len(around) - len(own)) if around or own else PARTS
    related = [n for n, (_, clause) in enumerate(guards) if clause.names & spoken][-room:]
    others = [n for n, (_, clause) in enumerate(guards) if not clause.names & spoken]
    left = len(others) - (room - len(related))
    kept = [guards[n] for n in sorted([*related, *others[max(0, left) :]])]
    # The sort is stable: in one block, what leads into it comes before its guards.
    return [clause for _, clause in sorted([*around, *kept], key=lambda each: each[0])]


def _entering(module: PythonModule, step: Step, outer: Step) -> list[Clause]:
    """What has to hold to come into a block from the statement it belongs to."""
    inward = step.field == "body"
    match step.parent:
        case ast.If(test=test) | ast.While(test=test):
            return (holds if inward else fails)(module, test)
        case ast.For() | ast.AsyncFor() as loop:
            return [(loop_clause if inward else loop_ends)(module, loop)]
        case ast.ExceptHandler() as handler:
            assert isinstance(outer.parent, ast.Try | ast.TryStar)
            return raises_clauses(module, outer.parent, handler)
        case ast.match_case() as case:
            assert isinstance(outer.parent, ast.Match)
            return case_clauses(module, outer.parent, case)
        case _:
            return []


def _guards(module: PythonModule, step: Step) -> Iterator[Clause]:
    """That none of the early exits before a statement in its block was taken."""
    if step.field in ("handlers", "cases"):
        return
    yield from past(module, step.block[max(0, step.at - _NEAR) : step.at])
