"""Test functions and classes out of a source, each with what it needs of it. Pure."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

_TESTS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class SplitTest:
    """One test: its name, its code with the helpers it stands beside, and the import lines."""

    name: str
    code: str
    imports: tuple[str, ...]


def split_tests(source: str) -> list[SplitTest]:
    """Each test of a source; what is at its top beside imports and tests goes with every one.

    Raises SyntaxError, ValueError, RecursionError or MemoryError where it can't be parsed.
    """
    tree = ast.parse(source)
    lines = source.splitlines()
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    tests = [node for node in tree.body if _is_test(node)]
    helpers = [
        node
        for node in tree.body
        if node not in imports and node not in tests and not _is_docstring(node, tree)
    ]
    return [
        SplitTest(
            node.name,
            "\n\n\n".join(_text(lines, part) for part in (*helpers, node)),
            tuple(ast.unparse(line) for line in imports),
        )
        for node in tests
        if isinstance(node, _TESTS)
    ]


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test") or any("TestCase" in ast.unparse(b) for b in node.bases)
    return isinstance(node, _TESTS) and node.name.startswith("test")


def _is_docstring(node: ast.stmt, tree: ast.Module) -> bool:
    return node is tree.body[0] and isinstance(node, ast.Expr)


def _text(lines: Sequence[str], node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(lines[first - 1 : node.end_lineno])
