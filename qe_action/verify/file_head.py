"""The head of a test file: its imports, what prepares them, and where they end. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

_PREPARES = re.compile(r"\bsys\.path\b|\bimportorskip\b|\benviron\b|\baddsitedir\b")
_PROGRAM = re.compile(r"\b(?:unittest|pytest)\.main\(|^main\(")

Import = ast.Import | ast.ImportFrom


def is_program(node: ast.stmt) -> bool:
    """Whether a statement is what the file does when it is run: `if __name__ == ...`."""
    if isinstance(node, ast.If):
        return "__name__" in ast.unparse(node.test)
    return isinstance(node, ast.Expr) and _PROGRAM.search(ast.unparse(node)) is not None


def end_of_head(tree: ast.Module) -> int:
    """The last line of imports and of all that prepares them; else of the docstring, else 0."""
    end, tested = 0, False
    for number, node in enumerate(tree.body):
        tested = tested or _is_test(node)
        docstring = number == 0 and _is_text(node)
        if docstring or _imports(node) or _prepares(node, tested=tested):
            end = node.end_lineno or end
    return end


def leading(body: Sequence[ast.stmt]) -> list[Import]:
    """The imports that a file begins with, up to anything else."""
    found: list[Import] = []
    for number, node in enumerate(body):
        if isinstance(node, Import):
            found.append(node)
        elif not (number == 0 and _is_text(node)):
            break
    return found


def trailing(body: Sequence[ast.stmt], head: int) -> list[Import]:
    """The imports that end the head: behind all that prepares them."""
    found: list[Import] = []
    for node in body:
        if isinstance(node, Import):
            found.append(node)
        elif (node.end_lineno or 0) <= head:
            found = []
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test") or node.name.endswith(("Test", "Tests", "Case"))
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


def _imports(node: ast.stmt) -> bool:
    """Whether a statement of the top imports, also inside of `try`, `if` and `with`."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or is_program(node):
        return False
    return isinstance(node, Import) or any(
        isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and _imports_inside(child)
        for child in ast.iter_child_nodes(node)
    )


def _imports_inside(node: ast.AST) -> bool:
    if isinstance(node, ast.stmt):
        return _imports(node)
    return any(_imports_inside(child) for child in ast.iter_child_nodes(node))


def _prepares(node: ast.stmt, *, tested: bool) -> bool:
    """Whether a statement may do something that imports depend on.

    Behind the first test that is only what names the import path or the environment.
    """
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if _is_text(node) or is_program(node):
        return False
    if _PREPARES.search(ast.unparse(node)):
        return True
    if tested:
        return False
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
    return not isinstance(node, ast.AnnAssign | ast.Pass | ast.Assert)
