"""Where the head of a test file ends, and what of it is run as a program. Pure."""

from __future__ import annotations

import ast
import re

Import = ast.Import | ast.ImportFrom

_PREPARES = re.compile(r"\bsys\.path\b|\bimportorskip\b|\benviron\b|\baddsitedir\b")
_PROGRAM = re.compile(r"\b(?:unittest|pytest)\.main\(|^main\(")


def is_program(node: ast.stmt) -> bool:
    """Whether a statement is what the file does when it is run: `if __name__ == ...`."""
    if isinstance(node, ast.If):
        return "__name__" in ast.unparse(node.test)
    return isinstance(node, ast.Expr) and _PROGRAM.search(ast.unparse(node)) is not None


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a constant alone, as a docstring is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def end_of_head(tree: ast.Module) -> int:
    """The last line of imports and of all that prepares them; else of the docstring, else 0."""
    end, tested = 0, False
    for number, node in enumerate(tree.body):
        tested = tested or _is_test(node)
        docstring = number == 0 and is_text(node)
        if docstring or _imports(node) or _prepares(node, tested=tested):
            end = node.end_lineno or end
    return end


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
    if is_text(node) or is_program(node):
        return False
    if _PREPARES.search(ast.unparse(node)):
        return True
    if tested:
        return False
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
    return not isinstance(node, ast.AnnAssign | ast.Pass | ast.Assert)
