"""The blocks around a line of a Python source, from the module inwards."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from qe_action.analysis.python_module import BLOCKS, FUNCTIONS, PythonModule, first_line

Statement = ast.stmt | ast.ExceptHandler | ast.match_case
"""What stands in a block; handlers and cases form the blocks of `try` and `match`."""

SCOPES = (*FUNCTIONS, ast.ClassDef, ast.Module)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
_CASE_HEADER = 20
"""Lines between `case` and its pattern that are looked at; there are seldom any."""


class Step(NamedTuple):
    """One block on the way to a line: `parent`'s field, its statements, and which it goes on in."""

    parent: ast.AST
    field: str
    block: Sequence[Statement]
    at: int

    @property
    def node(self) -> Statement:
        return self.block[self.at]


def path_to(module: PythonModule, line: int) -> list[Step]:
    """The blocks from the module's own down to the one whose statement holds `line`.

    A compound statement's first line and the rest of its header belong to the statement
    itself, so the last step's `node` is what a report means by that line. Empty where no
    statement holds it. Costs the depth times the logarithm of the blocks' lengths.
    """
    path: list[Step] = []
    parent: ast.AST = module.tree
    while (step := _step(module, parent, line)) is not None:
        path.append(step)
        if line == start_of(module, step.node):
            break
        parent = step.node
    return path


def inside_function(path: Sequence[Step]) -> list[Step]:
    """The last steps of a path: those inside its innermost function or class."""
    at = len(path)
    while at and not isinstance(path[at - 1].parent, SCOPES):
        at -= 1
    return list(path[max(0, at - 1) :])


def start_of(module: PythonModule, node: Statement) -> int:
    """The line a statement, handler or case begins on, decorators included."""
    if isinstance(node, ast.match_case):
        return _case_line(module, node)
    return node.lineno if isinstance(node, ast.ExceptHandler) else first_line(node)


def on_header_line(module: PythonModule, node: ast.stmt) -> bool:
    """Whether something stands before a statement on its line, as in `if done: return`."""
    text = module.lines[node.lineno - 1]
    return bool(
        text.encode("utf-8", "surrogatepass")[: node.col_offset].strip(b" \t\f\xef\xbb\xbf")
    )


def _step(module: PythonModule, parent: ast.AST, line: int) -> Step | None:
    for field in BLOCKS:
        block: Sequence[Statement] = getattr(parent, field, ())
        if not block:
            continue
        at = bisect_right(block, line, key=lambda node: start_of(module, node)) - 1
        if at < 0:
            continue
        # Of statements that share a line, the report's line is the first one's.
        while at and start_of(module, block[at - 1]) == line:
            at -= 1
        if line <= _end_of(block[at]):
            return Step(parent, field, block, at)
    return None


def _end_of(node: Statement) -> int:
    last = node.body[-1] if isinstance(node, ast.match_case) else node
    return last.end_lineno or last.lineno


def _case_line(module: PythonModule, case: ast.match_case) -> int:
    """The line of the word `case`, which the syntax tree does not have."""
    pattern = case.pattern.lineno
    for line in range(pattern, max(0, pattern - _CASE_HEADER), -1):
        if module.lines[line - 1].lstrip().startswith("case"):
            return line
    return pattern
