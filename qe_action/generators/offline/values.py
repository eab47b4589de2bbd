"""Arguments as small trees that can be written, measured, varied and shrunk."""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

Names = tuple[tuple[str, str], ...]
"""Pairs of a name and the module it comes from ('' where it is a module itself)."""
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Lit:
    """A literal."""

    value: str | int | float | bool | bytes | complex | None


@dataclass(frozen=True, slots=True)
class Seq:
    """A list, tuple or set."""

    kind: str
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """A dict."""

    items: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that is taken as it stands."""

    text: str
    names: Names = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a class or function by name."""

    func: str
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]
    names: Names = ()


Value = Lit | Seq | Map | Code | Call


def text(value: Value) -> str:
    """The value as source."""
    if isinstance(value, Lit):
        return _literal(value.value)
    if isinstance(value, Code):
        return value.text
    if isinstance(value, Map):
        return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in value.items) + "}"
    if isinstance(value, Call):
        return f"{value.func}({arguments(value.args, value.kwargs)})"
    inner = ", ".join(text(item) for item in value.items)
    if value.kind == "list":
        return f"[{inner}]"
    if value.kind == "tuple":
        return f"({inner},)" if len(value.items) == 1 else f"({inner})"
    if value.kind == "frozenset":
        return f"frozenset({{{inner}}})" if inner else "frozenset()"
    return f"{{{inner}}}" if inner else "set()"


def operand(value: Value) -> str:
    """The value as source that an operator, a call or an access may stand beside."""
    shown = text(value)
    if isinstance(value, Code) and not shown.isidentifier():
        node = ast.parse(shown, mode="eval").body
        if not isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            return f"({shown})"
    if isinstance(value, Lit) and isinstance(value.value, int | float | complex):
        return f"({shown})" if shown.startswith("-") else shown
    return shown


def arguments(args: tuple[Value, ...], kwargs: tuple[tuple[str, Value], ...]) -> str:
    """What stands between the parentheses of a call."""
    return ", ".join([*(text(arg) for arg in args), *(f"{n}={text(v)}" for n, v in kwargs)])


def _literal(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str | bytes):
        return quoted(value)
    return repr(value)


def quoted(value: str | bytes) -> str:
    """A literal as formatters write it: double quotes where that needs no more escapes."""
    plain = repr(value)
    prefix, body = ("b", plain[1:]) if isinstance(value, bytes) else ("", plain)
    if body[0] == "'" and '"' not in body:
        return prefix + '"' + body[1:-1].replace("\\'", "'") + '"'
    return plain


def names(value: Value) -> dict[str, str]:
    """The names that the source needs, with their modules."""
    if isinstance(value, Lit):
        return {}
    if isinstance(value, Code):
        return dict(value.names)
    found: dict[str, str] = {}
    for part in parts(value):
        found.update(names(part))
    if isinstance(value, Call):
        found.update(value.names)
    return found


def parts(value: Value) -> tuple[Value, ...]:
    """The values directly inside."""
    if isinstance(value, Seq):
        return value.items
    if isinstance(value, Map):
        return tuple(part for pair in value.items for part in pair)
    if isinstance(value, Call):
        return (*value.args, *(item for _, item in value.kwargs))
    return ()


def strings_in(value: Value) -> list[str]:
    """The strings inside, also those of expressions."""
    if isinstance(value, Lit):
        return [value.value] if isinstance(value.value, str) else []
    source = value.text if isinstance(value, Code) else ""
    if isinstance(value, Call) and "(" in value.func:
        source = value.func
    found = re.findall(r"[\"']([^\"'\\]{1,40})[\"']", source)
    return found + [text for part in parts(value) for text in strings_in(part)]


def rebuilt(value: Value, inside: tuple[Value, ...]) -> Value:
    """The same value with other parts."""
    if isinstance(value, Seq):
        return Seq(value.kind, inside)
    if isinstance(value, Map):
        return Map(tuple(zip(inside[::2], inside[1::2], strict=True)))
    if isinstance(value, Call):
        count = len(value.args)
        pairs = zip(value.kwargs, inside[count:], strict=True)
        kwargs = tuple((name, item) for (name, _), item in pairs)
        return Call(value.func, inside[:count], kwargs, value.names)
    return value


def parse(node: ast.expr, known: Mapping[str, str]) -> Value | None:
    """An expression as a value; None where it needs names that aren't known."""
    if isinstance(node, ast.Constant) and node.value is not Ellipsis:
        return Lit(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = parse(node.operand, known)
        if isinstance(inner, Lit) and type(inner.value) in (int, float):
            return Lit(-inner.value)  # type: ignore[operator]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = [parse(item, known) for item in node.elts]
        kind = type(node).__name__.lower()
        good = [item for item in items if item is not None]
        return Seq(kind, tuple(good)) if len(good) == len(items) else None
    if isinstance(node, ast.Dict):
        return _dict(node, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        return _call(node, known)
    return _code(node, known)


def _dict(node: ast.Dict, known: Mapping[str, str]) -> Value | None:
    pairs = []
    for key, item in zip(node.keys, node.values, strict=True):
        one, two = (parse(key, known) if key else None), parse(item, known)
        if one is None or two is None:
            return None
        pairs.append((one, two))
    return Map(tuple(pairs))


def _call(node: ast.Call, known: Mapping[str, str]) -> Value | None:
    func = _code(node.func, known)
    args = [parse(arg, known) for arg in node.args]
    kwargs = [(k.arg, parse(k.value, known)) for k in node.keywords]
    if func is None or None in args or any(not n or v is None for n, v in kwargs):
        return None
    assert isinstance(func, Code)
    good = tuple((n, v) for n, v in kwargs if n and v is not None)
    return Call(func.text, tuple(a for a in args if a is not None), good, func.names)


def _code(node: ast.expr, known: Mapping[str, str]) -> Value | None:
    own = {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
    own |= {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own
    needed = {name: known[name] for name in used if name in known}
    if used - set(needed) - _BUILTINS:
        return None
    shown = ast.unparse(node)
    if not {'"', "'"} & set(shown):
        shown = re.sub(r"\b(\w+) \*\* (\w+)\b", r"\1**\2", shown)  # as formatters write it
    return Code(shown, tuple(sorted(needed.items())))


def read(source: str, known: Mapping[str, str]) -> Value | None:
    """An expression's source as a value, where it can be one."""
    try:
        return parse(ast.parse(source.strip(), mode="eval").body, known)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
