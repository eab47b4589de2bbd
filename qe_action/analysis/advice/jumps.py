"""Statements that lead out of a block."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from qe_action.analysis.advice.enclosing_blocks import LOOPS, Statement
from qe_action.analysis.python_module import DEFINITIONS, statements_of

JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_MANY = 200
"""How many statements inside one are searched for a jump."""


def jumps_out(block: Sequence[Statement], jumps: tuple[type[ast.stmt], ...] = JUMPS) -> bool:
    """Whether any statement of a block may lead out of it; in doubt it may."""
    stack: list[tuple[Statement, bool]] = [(node, False) for node in block]
    for _ in range(_MANY):
        if not stack:
            return False
        node, in_loop = stack.pop()
        own = in_loop and isinstance(node, ast.Break | ast.Continue)
        if isinstance(node, jumps) and not own:
            return True
        if not isinstance(node, DEFINITIONS):
            inner = in_loop or isinstance(node, LOOPS)
            stack.extend((each, inner) for each in statements_of(node))
    return True
