"""Strings of a test that do more than to be compared: templates, SQL, doctests, names. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qe_action.generators.permitted_modules import is_standard, may_use
from qe_action.verify.bindings import TestText
from qe_action.verify.findings import Finding, at
from qe_action.verify.permitted_names import ANYWHERE, third_party

_FIELD = re.compile(r"\{([^{}]*)")
_ATTRIBUTE = re.compile(r"\.(\w+)")
_SPECIAL = re.compile(r"__\w+__")
_FORMATS = frozenset({"format", "format_map"})
_RUNS_SQL = frozenset({"execute", "executemany", "executescript"})
_OF_FILES = re.compile(r"(?i)\battach\b|\bvacuum\b|load_extension|readfile|writefile")
"""Words of SQLite that reach another file than the one that is open."""


def acts(text: TestText) -> Iterator[Finding]:
    """Where a string of a test reaches attributes or files, or runs as code."""
    yield from _formats(text)
    yield from _docstrings(text)
    for node in text.nodes:
        match node:
            case ast.Subscript(value=generic, slice=inner) if _is_generic(generic, text):
                yield from code_in_hints(inner)
            case ast.Call(func=ast.Attribute(attr="filterwarnings"), args=args):
                if not all(_is_filter(arg, text) for arg in args):
                    yield at(node, "it filters warnings of a module that it may not import")
            case ast.Call(func=ast.Attribute(attr=attr), args=[sql, *_]) if attr in _RUNS_SQL:
                if _uses_sqlite(text) and _leaves_database(sql, text):
                    yield at(node, "it opens a file outside of tmp_path, by SQL")


def _docstrings(text: TestText) -> Iterator[Finding]:
    """What a project that runs doctests would run of a test."""
    for node in text.nodes:
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                if ">>>" in (ast.get_docstring(node, clean=False) or ""):
                    yield at(node, "it has a docstring that runs as code")
            case ast.Attribute(attr=name) | ast.Name(id=name) if name == "__doc__":
                if isinstance(node.ctx, ast.Store):
                    yield at(node, "it sets a docstring")


# Templates


def _formats(text: TestText) -> Iterator[Finding]:
    for node in text.nodes:
        match node:
            case ast.Constant(value=str(value)):
                if reached := next(_in_fields(value), ""):
                    yield at(node, f"it reaches {reached} by a format")
            case ast.Attribute(value=value, attr=attr) if attr in _FORMATS:
                if _is_put_together(_template(node, value, text), text):
                    yield at(node, "it formats by a text that is put together")


def _in_fields(value: str) -> Iterator[str]:
    """The attributes in the fields of a template that no test may name."""
    for field in _FIELD.findall(value):
        for attr in _ATTRIBUTE.findall(field):
            if attr in ANYWHERE or _SPECIAL.fullmatch(attr):
                yield attr


def _template(node: ast.Attribute, value: ast.expr, text: TestText) -> ast.expr:
    """The text that is formatted: what stands before the method, or its first argument."""
    call = text.call_of(node)
    unbound = isinstance(value, ast.Name) and value.id == "str" and text.is_builtin(value)
    return call.args[0] if unbound and call is not None and call.args else value


def _is_put_together(node: ast.expr | None, text: TestText, depth: int = 8) -> bool:
    """Whether a text is made of others when the test runs, so that it can't be read here."""
    inner: list[ast.expr | None] = []
    match node:
        case ast.BinOp() | ast.JoinedStr() | ast.Call(func=ast.Attribute(value=ast.Constant())):
            return True
        case ast.Call(func=ast.Name() as func):
            return text.is_builtin(func)
        case ast.Call(func=ast.Attribute(value=value)) | ast.Subscript(value=value):
            inner = [value]
        case ast.IfExp(body=body, orelse=other):
            inner = [body, other]
        case ast.Name(id=name):
            if not depth or not text.goes_on():
                return True
            depth -= 1
            inner = [binding.node for binding in text.bindings.get(name, ())]
    return any(_is_put_together(one, text, depth) for one in inner)


# Types


_ANNOTATION = (
    ast.Expression, ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.BinOp, ast.BitOr,
    ast.Tuple, ast.List, ast.Load,
)  # fmt: skip
"""What a string that stands for a type is made of."""


def code_in_hints(hint: ast.expr) -> Iterator[Finding]:
    """Types as strings that are more: who asks for an object's types runs them."""
    for node in ast.walk(hint):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = list(ast.walk(ast.parse(node.value, mode="eval")))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            plain = all(isinstance(part, _ANNOTATION) for part in inner)
            if not plain or "__" in node.value:
                yield at(node, "it has code in a string that stands for a type")


def _is_generic(node: ast.expr, text: TestText) -> bool:
    if isinstance(node, ast.Name) and node.id in ("dict", "list", "set", "tuple", "type"):
        return text.is_builtin(node)
    name = text.meaning(node)
    return name.startswith("typing.") and name not in ("typing.Literal", "typing.Annotated")


# Warnings and SQL


def _is_filter(node: ast.expr, text: TestText) -> bool:
    """Whether a filter names no module to import, or one that the test might import itself."""
    return all(_may_filter(value, text) for value in text.texts(node) or ["::?."])


def _may_filter(value: str, text: TestText) -> bool:
    category = [*value.split(":"), "", ""][2].strip()
    top, dot, _ = category.partition(".")
    if not dot or top == "pytest":
        return True
    if is_standard(category):
        return may_use(category, text.around.in_tests)
    return top in text.around.allowed and not third_party(category)


def _uses_sqlite(text: TestText) -> bool:
    names = (text.meaning(node) for node in text.nodes if isinstance(node, ast.Name))
    return any(name.partition(".")[0] == "sqlite3" for name in names)


def _leaves_database(sql: ast.expr, text: TestText) -> bool:
    """Whether SQL may name a file, or can't be read in the source."""
    if isinstance(sql, ast.JoinedStr):
        parts = [str(v.value) if isinstance(v, ast.Constant) else "?" for v in sql.values]
        return not parts[0].strip("? ") or bool(_OF_FILES.search("".join(parts)))
    texts = text.texts(sql)
    return texts is None or any(map(_OF_FILES.search, texts))
