"""What has to hold for control to come past statements that may lead away."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal

from qe_action.analysis.advice.conditions import (
    Clause,
    case_clauses,
    fails,
    holds,
    unmatched,
)
from qe_action.analysis.advice.enclosing_blocks import Statement
from qe_action.analysis.advice.excerpt import excerpt
from qe_action.analysis.advice.jumps import JUMPS, jumps_out
from qe_action.analysis.advice.loops import exit_clauses, loop_clause, loop_ends
from qe_action.analysis.python_module import PythonModule

_DEEPEST = 5
"""How many statements inside one another are looked into."""
_CASES = 3
TRIES = (ast.Try, ast.TryStar)
_QUIETING = {"suppress", "raises", "assertRaises"}


def in_line(
    block: Sequence[Statement], *, caught: bool = False
) -> Iterator[tuple[Statement, bool]]:
    """The statements that follow each other, `with` and `try` before those inside them.

    With each goes whether an exception it raises may be caught in the same function, as it
    may from the start where `caught` is true.
    """
    stack: list[tuple[Iterator[Statement], bool]] = [(iter(block), caught)]
    while stack:
        rest, inside = stack[-1]
        node = next(rest, None)
        if node is None:
            stack.pop()
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield node, inside
            stack.append((iter(node.body), inside or quiets(node)))
        elif isinstance(node, TRIES):
            yield node, inside
            if not leaves(node.finalbody):
                stack.append((iter([*node.orelse, *node.finalbody]), inside))
                stack.append((iter(node.body), inside or bool(node.handlers)))
            else:
                stack.append((iter(node.finalbody), inside))
        else:
            yield node, inside


def quiets(node: ast.AST) -> bool:
    """Whether exceptions raised in the node's body may end there."""
    if isinstance(node, ast.With | ast.AsyncWith):
        calls = [i.context_expr.func for i in node.items if isinstance(i.context_expr, ast.Call)]
        names = [getattr(call, "attr", getattr(call, "id", "")) for call in calls]
        return not _QUIETING.isdisjoint(names)
    return isinstance(node, TRIES) and bool(node.handlers)


def leaves(block: Sequence[Statement], depth: int = 0) -> bool:
    """Whether control surely does not come to the end of a block."""
    return depth < _DEEPEST and any(_leaves(node, depth + 1) for node in block[-1:])


def _leaves(node: Statement, depth: int) -> bool:
    found = isinstance(node, JUMPS)
    match node:
        case ast.If(body=body, orelse=orelse):
            found = leaves(body, depth) and leaves(orelse, depth)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            found = leaves(body, depth) and not quiets(node)
        case ast.While(test=ast.Constant(value=value)) if value:
            found = not jumps_out(node.body, (ast.Break,))
        case ast.For() | ast.AsyncFor() | ast.While():
            found = leaves(node.orelse, depth) and not jumps_out(node.body, (ast.Break,))
        case ast.Try() | ast.TryStar():
            handled = all(leaves(handler.body, depth) for handler in node.handlers)
            through = leaves(node.body, depth) or leaves(node.orelse, depth)
            found = (handled and through) or leaves(node.finalbody, depth)
        case ast.Match(cases=cases):
            found = _takes_all(cases[-1]) and all(leaves(case.body, depth) for case in cases)
    return found


def _takes_all(case: ast.match_case) -> bool:
    bare = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
    return bare and case.guard is None


def passed(module: PythonModule, node: Statement, depth: int = 0) -> list[Clause]:
    """What suffices for control to come past a statement that may lead away.

    What stands inside `with` and `try` is looked at by itself (`in_line`).
    """
    found: list[Clause] = []
    match node:
        case _ if depth > _DEEPEST:
            pass
        case ast.If():
            found = _past_if(module, node, depth)
        case ast.For() | ast.AsyncFor():
            found = _past_loop(module, node)
        case ast.While() if not node.orelse and _returns(node.body):
            found = fails(module, node.test)
        case ast.Match():
            found = _past_match(module, node, depth)
    return found


def _past_loop(module: PythonModule, loop: ast.For | ast.AsyncFor) -> list[Clause]:
    if leaves(loop.orelse):
        wanted = exit_clauses(module, loop)
        return [loop_clause(module, loop), *wanted] if wanted else []
    if not loop.orelse and _returns(loop.body):
        return [loop_ends(module, loop)]
    return []


def _returns(block: Sequence[Statement]) -> bool:
    """Whether a loop's block may lead further away than to the loop's end."""
    return jumps_out(block, (ast.Return, ast.Raise))


def way_past(node: ast.If) -> Literal["body", "orelse", "either"]:
    """Which block of an `if` control takes to come past it, by what `passed` says."""
    inward = jumps_out(node.body)
    if not inward and not jumps_out(node.orelse):
        return "either"
    return "orelse" if inward and not leaves(node.orelse) else "body"


def _past_if(module: PythonModule, node: ast.If, depth: int) -> list[Clause]:
    match way_past(node):
        case "either":
            return []
        case "orelse":
            return [*fails(module, node.test), *past(module, node.orelse, depth + 1)]
        case "body":
            return [*holds(module, node.test), *past(module, node.body, depth + 1)]


def _past_match(module: PythonModule, node: ast.Match, depth: int) -> list[Clause]:
    leading = [case for case in node.cases if jumps_out(case.body)]
    if _takes_all(node.cases[-1]):
        passing = [case for case in node.cases if not leaves(case.body)]
        if not leading or not passing:
            return []
        inside = past(module, passing[-1].body, depth + 1)
        return [*case_clauses(module, node, passing[-1]), *inside]
    if len(leading) <= _CASES:
        return [unmatched(module, node, case) for case in leading]
    return [Clause("condition", f"`{excerpt(module, node.subject)}` matching no pattern")]


def past(module: PythonModule, block: Sequence[Statement], depth: int = 0) -> list[Clause]:
    """What suffices for control to come past all statements of a block."""
    return [c for node, _ in in_line(block) for c in passed(module, node, depth)]
