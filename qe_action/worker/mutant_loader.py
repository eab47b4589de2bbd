"""Puts a mutant of the target in its place: on import, or in functions already loaded."""

from __future__ import annotations
import __future__

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

    `early` are the lines that the import runs: what they did stays as it was.
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
    except ValueError:  # it uses other names of enclosing functions
        return False
    return True


class Edits:
    """Puts edits into loaded functions and takes them back: only their statement is compiled."""

    def __init__(self, file: str, functions: list) -> None:
        with open(file, "rb") as opened:
            self._source = opened.read()
        self._file, self._functions = file, functions
        self._tree = ast.parse(self._source)
        self._starts = [0]
        for line in self._source.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._before: list = []

    def put(self, edit: dict) -> bool:
        """Give the functions that the edit lies in their new code; False where it can't be."""
        line = self._source.count(b"\n", 0, edit["start"]) + 1
        owner = _owner(self._tree, line)
        loaded = [found for found in self._functions if _key(found.__code__) == owner]
        new = _code(self._compiled(line, edit), owner) if owner and loaded else None
        if new is None:
            return False
        self._before = [(found, found.__code__) for found in loaded]
        try:
            for function in loaded:
                function.__code__ = new
        except ValueError:  # it uses other names of enclosing functions
            self.back()
            return False
        return True

    def back(self) -> None:
        """Take the edit back."""
        for function, code in self._before:
            function.__code__ = code
        self._before = []

    def _compiled(self, line: int, edit: dict) -> types.CodeType:
        """The edited statement of the module's top, at its lines."""
        top = next(n for n in self._tree.body if _first(n) <= line <= (n.end_lineno or 0))
        first, last = _first(top) - 1, top.end_lineno or 0
        part = _edited(self._source[: self._starts[last]], edit)[self._starts[first] :]
        flags = _future(self._tree)
        return compile(b"\n" * first + part, self._file, "exec", flags, dont_inherit=True)


def _first(node: ast.stmt) -> int:
    return min(found.lineno for found in (node, *getattr(node, "decorator_list", ())))


def _future(tree: ast.Module) -> int:
    """The compiler's flags for what a module imports of `__future__`."""
    named = [
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    flags = 0
    for name in named:
        flags |= getattr(__future__, name).compiler_flag
    return flags


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
