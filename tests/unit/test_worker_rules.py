"""What the worker may be made of: it runs in interpreters that have nothing of ours."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import qe_action.worker

FOLDER = Path(qe_action.worker.__file__).parent
ALLOWED = {"pytest", "coverage"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_worker_imports_the_standard_library_and_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        tops = {name.partition(".")[0] for name in names}
        assert tops <= sys.stdlib_module_names | ALLOWED, (
            f"{path.name}:{getattr(node, 'lineno', 0)}"
        )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_worker_is_written_in_the_syntax_of_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
