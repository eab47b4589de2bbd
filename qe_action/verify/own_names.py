"""The names that a test gives to what stands beside it, and other ones where a file has them. Pure.

A helper that is added under a name that is taken would take the place of the other one: tests that
are there would run with it, and a test of that name would be no more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_WORD = re.compile(r"\w+")
_UNPLACED = (ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.ExceptHandler)
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def helpers(code: str, name: str) -> dict[str, str]:
    """What a source binds at its top beside imports and the test `name`, and how, as a text."""
    found: dict[str, str] = {}
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for bound in _bound(statement):
            if bound != name:
                found[bound] = found.get(bound, "") + ast.dump(statement)
    return found


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, _Named):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def with_other_name(code: str, old: str, new: str) -> str:
    """The source with another name for something of its own.

    Raises ValueError where it also goes by that name in a way that can't be followed.
    """
    tree = ast.parse(code)
    if any(_is_by_text(node, old) for node in _by_text(tree)):
        raise ValueError(f"{old} can have no other name")
    rows = [line.encode() for line in code.split("\n")]
    places = []
    for node in ast.walk(tree):
        at = getattr(node, "col_offset", 0)
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.arg) and node.arg == old:
            node.arg = new
        elif isinstance(node, _Named) and node.name == old:
            node.name = new
            at = rows[node.lineno - 1].find(old.encode(), at + len("def"))
        else:
            continue
        places.append((node.lineno - 1, at))
    for line, at in sorted(places, reverse=True):
        row = rows[line]
        rows[line] = row[:at] + new.encode() + row[at + len(old.encode()) :]
    text = b"\n".join(rows).decode("utf-8", "replace")
    if ast.dump(ast.parse(text)) != ast.dump(tree):
        raise ValueError(f"{old} can have no other name")
    return text


def fixed_name(code: str, name: str) -> str:
    """Why something beside the test `name` can't move to a file that has its name; else empty."""
    try:
        for helper in helpers(code, name):
            with_other_name(code, helper, f"{helper}_2")
    except ValueError as error:
        return f"{error} where the tests' file has that one"
    return ""


def _by_text(tree: ast.Module) -> Iterator[ast.AST]:
    """Where a name may stand otherwise than as itself.

    Strings count above a function, as for pytest; keywords where they may be for a function of
    the source itself.
    """
    own = {arg.arg for arg in ast.walk(tree) if isinstance(arg, ast.arg)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.keyword | ast.Constant) or getattr(node, "arg", "") in own:
            yield node
        for decorator in getattr(node, "decorator_list", ()):
            yield from (n for n in ast.walk(decorator) if isinstance(n, ast.Constant))


def _is_by_text(node: ast.AST, name: str) -> bool:
    """Whether a name is used as a keyword, in a string, or where the parser gives no place."""
    match node:
        case ast.keyword(arg=str(word)):
            return word == name
        case ast.alias(name=word, asname=alias):
            return (alias or word.partition(".")[0]) == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
        case ast.Constant(value=str(text)):
            return name in _WORD.findall(text)
    return isinstance(node, _UNPLACED) and name in (
        getattr(node, "name", None),
        getattr(node, "rest", None),
    )
