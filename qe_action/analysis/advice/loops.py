"""What a loop asks for: to be entered, and to run to its end."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from qe_action.analysis.advice.conditions import Clause, fails, holds, names_of, told_of
from qe_action.analysis.advice.excerpt import excerpt
from qe_action.analysis.advice.jumps import jumps_out
from qe_action.analysis.advice.test_facts import filled
from qe_action.analysis.python_module import PythonModule

LEAVING = (ast.Return, ast.Raise, ast.Break)
"""Jumps by which a loop's own block leaves the loop."""


def loop_clause(module: PythonModule, loop: ast.For | ast.AsyncFor) -> Clause:
    """That a loop has an item."""
    item, iterable = excerpt(module, loop.target), excerpt(module, loop.iter)
    text = f"for an item `{item}` of `{iterable}`"
    asked = filled(module, loop.iter, wanted=True)
    return Clause("loop", text, names_of(loop.iter), condition=asked)


def loop_ends(module: PythonModule, loop: ast.For | ast.AsyncFor) -> Clause:
    """That a loop runs to its end: it has no item that leaves it, or none at all."""
    iterable = excerpt(module, loop.iter)
    if isinstance(loop.body[-1], LEAVING) and not jumps_out(loop.body, (ast.Continue,)):
        asked = filled(module, loop.iter, wanted=False)
        return Clause("condition", f"`{iterable}` empty", names_of(loop.iter), condition=asked)
    wanted = exit_clauses(module, loop)
    item = f"no item `{excerpt(module, loop.target)}` of `{iterable}`"
    if not wanted:
        return Clause("condition", f"{item} that leaves the loop", names_of(loop.iter))
    text = f"{item} for which {' and '.join(told_of(clause.text) for clause in wanted)}"
    names = names_of(loop.iter).union(*(clause.names for clause in wanted))
    return Clause("condition", text, names)


def exit_clauses(module: PythonModule, loop: ast.For | ast.AsyncFor) -> list[Clause]:
    """What leads to the only jump by which a loop's own block leaves the loop early.

    Empty where there are several, or where that is not told by tests alone.
    """
    found: list[Clause] = []
    block: Sequence[ast.stmt] = loop.body
    while True:
        leading = [node for node in block if jumps_out([node], LEAVING)]
        match leading:
            case [ast.Return() | ast.Raise() | ast.Break()]:
                return found
            case [ast.If() as node]:
                inward, onward = (jumps_out(part, LEAVING) for part in (node.body, node.orelse))
                if inward and onward:
                    return []
                found += (holds if inward else fails)(module, node.test)
                block = node.body if inward else node.orelse
            case _:
                return []
