"""What a generated test imports, and whether it may. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qe_action.generators.permitted_modules import is_standard, may_use, never
from qe_action.verify.findings import Finding, at
from qe_action.verify.permitted_names import third_party
from qe_action.verify.project_names import ProjectNames

_MOCK = frozenset({"mock", "unittest.mock"})


def imported(tree: ast.AST) -> set[str]:
    """The names of all modules that are imported, anywhere; a relative one begins with a dot."""
    return {name for node in ast.walk(tree) for name in _imported_by(node)}


def forbidden_imports(tree: ast.AST, around: ProjectNames) -> Iterator[Finding]:
    """Where a test imports what it may not.

    It may import pytest, what the project is and uses beside the standard library, what its tests
    import, and of the standard library what is listed.
    """
    for node in ast.walk(tree):
        for name in _imported_by(node):
            if not _may_import(name, node, around):
                yield at(node, f"it imports {name}")
                break


def _imported_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield module
        if node.level == 0 and node.module:
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _may_import(name: str, node: ast.AST, around: ProjectNames) -> bool:
    if name.startswith("."):
        return False
    if name in _MOCK or name.startswith("unittest.mock."):
        return not _MOCK.isdisjoint(around.in_tests)
    meant = around.meaning(name)
    top = meant.partition(".")[0]
    if is_standard(meant):
        if name == getattr(node, "module", ""):
            return not never(meant)  # the names that follow are looked at one by one
        return may_use(meant, around.in_tests)
    known = top == "pytest" or top in around.allowed
    return known and not third_party(meant)
