"""What a test's source says before it is run: its imports, assertions and forbidden calls. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

HARMLESS = frozenset({
    "abc", "array", "ast", "asyncio", "base64", "binascii", "bisect", "calendar", "cmath",
    "codecs", "collections", "colorsys", "configparser", "contextlib", "copy", "csv",
    "dataclasses", "datetime", "decimal", "difflib", "email", "enum", "fractions", "functools",
    "gzip", "hashlib", "heapq", "html", "inspect", "io", "ipaddress", "itertools", "json",
    "keyword", "logging", "math", "mimetypes", "numbers", "operator", "os", "pathlib", "pickle",
    "pprint", "queue", "random", "re", "shlex", "statistics", "string", "struct", "sys",
    "tempfile", "textwrap", "time", "tokenize", "tomllib", "types", "typing", "unicodedata",
    "unittest", "urllib", "uuid", "warnings", "weakref", "xml", "zipfile", "zlib", "zoneinfo",
    "__future__",
})  # fmt: skip
"""Modules of the standard library that any test may import."""
_OUTSIDE = {
    "os": {"system", "popen", "fork", "forkpty", "kill", "killpg", "_exit", "abort", "execv"},
    "time": {"sleep"},
    "asyncio": {"sleep", "create_subprocess_exec", "create_subprocess_shell", "open_connection"},
    "sys": {"exit"},
    "urllib": {"urlopen", "urlretrieve"},
}
_NETWORK = ("urllib.request", "http.client", "xml.sax.saxutils.urllib")
_SKIPPING = {"skip", "xfail", "importorskip", "skipif", "skipIf", "skipUnless", "skipTest",
             "expectedFailure", "SkipTest"}  # fmt: skip
_BUILTINS = {"exec", "eval", "__import__", "input", "breakpoint", "exit", "quit"}
_ANY_ERROR = {"Exception", "BaseException"}


def imported(tree: ast.AST) -> set[str]:
    """The names of all modules that are imported, anywhere; a relative one begins with a dot."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
            if node.level == 0 and node.module:
                found |= {f"{node.module}.{a.name}" for a in node.names if a.name == "request"}
    return found


def refused_import(tree: ast.AST, allowed: frozenset[str]) -> str | None:
    """The first module that a test may not import; `allowed` are other top-level names."""
    for name in sorted(imported(tree)):
        if name.startswith(".") or name in _NETWORK:
            return name
        top = name.partition(".")[0]
        if top not in HARMLESS and top not in allowed and top != "pytest":
            return name
    return None


def skips(tree: ast.AST) -> str | None:
    """The first word by which a test would not have to hold."""
    for word in _words(tree):
        if word in _SKIPPING:
            return word
    return None


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def reaches_outside(tree: ast.AST) -> str | None:
    """The first call by which a test sleeps, starts a process, talks or ends the run."""
    banned = {name for names in _OUTSIDE.values() for name in names}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _BUILTINS:
                return name
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if name in _OUTSIDE.get(module, ()):
                    return f"{module}.{name}"
            case ast.ImportFrom(module=str(module), names=names):
                top = module.partition(".")[0]
                for alias in names:
                    if alias.name in banned & _OUTSIDE.get(top, set()):
                        return f"{module}.{alias.name}"
    return None


def assertions(function: ast.AST) -> list[str]:
    """The assertions that can fail, as text."""
    return [text for node in ast.walk(function) if (text := _assertion(node)) is not None]


def _assertion(node: ast.AST) -> str | None:
    match node:
        case ast.Assert(test=test) if _can_fail(test):
            return ast.unparse(node)
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            for item in items:
                if _expects_error(item.context_expr) and not _does_nothing(body):
                    return ast.unparse(item.context_expr)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name), args=args):
            if name.startswith("assert") and any(map(_varies, args)):
                return ast.unparse(node)
        case ast.Call(func=ast.Attribute(attr=name)) if name.startswith("assert_called"):
            return ast.unparse(node)
    return None


def _does_nothing(body: list[ast.stmt]) -> bool:
    return all(isinstance(statement, ast.Pass) for statement in body)


def _can_fail(test: ast.expr) -> bool:
    """Not a constant, not of constants alone, not `x == x`, not `... or True`."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.LtE() | ast.GtE()],
                         comparators=[right]):  # fmt: skip
            return _varies(test) and ast.dump(left) != ast.dump(right)
        case ast.BoolOp(op=ast.Or(), values=values):
            return all(map(_can_fail, values))
        case ast.BoolOp(op=ast.And(), values=values):
            return any(map(_can_fail, values))
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id="object")]):
            return False
        case ast.Tuple() | ast.Lambda():
            return False
    return _varies(test)


def _varies(value: ast.expr) -> bool:
    """Whether it holds anything but constants."""
    return any(isinstance(node, ast.Name | ast.Call | ast.Attribute) for node in ast.walk(value))


def _expects_error(call: ast.expr) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(attr="raises" | "warns" | "assertRaises" |
                                         "assertRaisesRegex"), args=[kind, *_]):  # fmt: skip
            matched = any(keyword.arg == "match" for keyword in call.keywords)
            return matched or not (isinstance(kind, ast.Name) and kind.id in _ANY_ERROR)
    return False
