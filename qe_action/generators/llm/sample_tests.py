"""Two tests of a project that show its style: near to the target, and short. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from textwrap import dedent

from qe_action.analysis.python_module import FUNCTIONS, Definition, PythonModule
from qe_action.generators.llm.project_code import ProjectCode

TESTS = 2
LINES = 30
"""Lines of a test that is shown."""
IMPORTS = 10
"""Lines of imports that are shown of its file."""


def sample_tests(code: ProjectCode, definition: Definition) -> tuple[str, ...]:
    """Two tests with their file's imports: those that name the target's function before others."""
    found = [
        (not _names(module, test, definition.node.name), number, module, test)
        for number, module in enumerate(code.test_modules())
        for test in _tests(module)
    ]
    found.sort(key=lambda each: (*each[:2], each[3].lineno))
    told: list[str] = []
    shown: set[str] = set()
    for _, _, module, test in found[:TESTS]:
        head = () if module.path in shown else (f"# {module.path}", *_imports(module))
        shown.add(module.path)
        told.append("\n".join((*head, *([""] if head else []), _source(module, test))))
    return tuple(told)


def _tests(module: PythonModule) -> Iterator[ast.stmt]:
    """The tests of a file that are short enough, also those of its classes."""
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef)]
    for node in (*module.tree.body, *(each for owner in classes for each in owner.body)):
        is_test = isinstance(node, FUNCTIONS) and node.name.startswith("test")
        if is_test and (node.end_lineno or node.lineno) - node.lineno < LINES:
            yield node


def _names(module: PythonModule, test: ast.stmt, name: str) -> bool:
    return name in _source(module, test)


def _source(module: PythonModule, node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return dedent("\n".join(module.lines[first - 1 : node.end_lineno]))


def _imports(module: PythonModule) -> list[str]:
    found = [
        line
        for node in module.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in module.lines[node.lineno - 1 : node.end_lineno]
    ]
    return found[:IMPORTS]
