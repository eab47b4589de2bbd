"""Puts a wrong version of the target in its place: on import, or in functions already loaded."""

from __future__ import annotations

import ast
import importlib.machinery
import os
import types
from typing import Any

LOADED: list = []
"""The target's functions, in a process that has imported it."""


def on_import(file: str, edit: dict) -> None:
    """Let the import of `file` see its text with an edit; nothing on disk is changed."""
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code
    target = os.path.realpath(file)

    def get_code(self, fullname):
        if os.path.realpath(self.path) != target:
            return original(self, fullname)
        data = _edited(self.get_data(self.path), edit)
        return compile(data, self.path, "exec", dont_inherit=True)

    loader.get_code = get_code  # type: ignore[method-assign]


def in_loaded(file: str, edit: dict, early: list) -> bool:
    """Give the function that the edit lies in its new code; False where an import is needed.

    `early` are the lines that the import runs: what it did with the right ones stays.
    """
    with open(file, "rb") as opened:
        source = opened.read()
    line = source.count(b"\n", 0, edit["start"]) + 1
    if edit["line"] in early or line in early:
        return False
    owner = _owner(ast.parse(source), line)
    if owner is None:
        return False
    new = _code(compile(_edited(source, edit), file, "exec", dont_inherit=True), owner)
    loaded = [found for found in LOADED if _key(found.__code__) == owner]
    if new is None or not loaded:
        return False
    try:
        for function in loaded:
            function.__code__ = new
    except ValueError:  # other names of enclosing functions
        return False
    return True


def _edited(source: bytes, edit: dict) -> bytes:
    text: bytes = edit["text"].encode()
    return source[: edit["start"]] + text + source[edit["end"] :]


def _key(code: types.CodeType) -> tuple:
    return code.co_name, code.co_firstlineno


def _owner(node: ast.AST, line: int):
    """Name and first line of the outermost function whose body has the line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if child.body[0].lineno <= line <= (child.end_lineno or 0):
                lines = [found.lineno for found in (child, *child.decorator_list)]
                return child.name, min(lines)
        elif isinstance(child, (ast.stmt, ast.ExceptHandler)):
            found = _owner(child, line)
            if found is not None:
                return found
    return None


def _code(code: types.CodeType, key: tuple) -> Any:
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            if _key(inner) == key:
                return inner
            found = _code(inner, key)
            if found is not None:
                return found
    return None
