"""What a test does, whatever its names are: two that do the same are one. Pure."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache(maxsize=4096)  # the project's are asked for by each target
def fingerprints(source: str) -> frozenset[str]:
    """The fingerprint of every test function or method in a file; none where it can't be parsed."""
    try:
        return frozenset(
            fingerprint(node)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, _Function) and node.name.startswith("test")
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


def fingerprint(function: _Function) -> str:
    """Of arguments, decorators and statements; name, locals and docstring don't count."""
    own = _own_names(function)
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    parts: list[ast.AST] = [*function.decorator_list, function.args, *body]
    text = "\n".join(_dump(part, own) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _own_names(function: _Function) -> dict[str, str]:
    """The names bound in the function, by the order in which they are bound. Fixtures stay."""
    names: dict[str, str] = {}
    for node in ast.walk(ast.Module(function.body, [])):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id, f"_{len(names)}")
    return names


def _dump(node: ast.AST, own: dict[str, str]) -> str:
    """The node as text, with the function's own names made equal."""
    match node:
        case ast.Name(id=name):
            return f"Name({own.get(name, name)})"
        case ast.Constant(value=value, kind=_):
            return f"Constant({type(value).__name__}:{value!r})"
    fields = (f"{name}={_field(value, own)}" for name, value in ast.iter_fields(node))
    return f"{type(node).__name__}({','.join(fields)})"


def _field(value: object, own: dict[str, str]) -> str:
    if isinstance(value, ast.expr_context):
        return ""
    if isinstance(value, ast.AST):
        return _dump(value, own)
    if isinstance(value, list):
        return "[" + ",".join(_field(item, own) for item in value) + "]"
    return repr(value)
