"""The names that a test gives to what stands beside it, and other ones where a file has them. Pure.

A helper that is added under a name that is taken would take the place of the other one: tests that
are there would run with it, and a test of that name would be no more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_LIST = re.compile(r"[\s\w,]+")
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
    rows = [line.encode() for line in code.split("\n")]
    places = []
    for node in ast.walk(tree):
        if _is_by_text(node, old):
            raise ValueError(f"the file has another {old}")
        if isinstance(node, ast.Name) and node.id == old:
            places.append((node.lineno - 1, node.col_offset))
            node.id = new
        elif isinstance(node, ast.arg) and node.arg == old:
            places.append((node.lineno - 1, node.col_offset))
            node.arg = new
        elif isinstance(node, _Named) and node.name == old:
            row = rows[node.lineno - 1]
            places.append((node.lineno - 1, row.find(old.encode(), node.col_offset + 4)))
            node.name = new
    for line, at in sorted(places, reverse=True):
        row = rows[line]
        rows[line] = row[:at] + new.encode() + row[at + len(old.encode()) :]
    text = b"\n".join(rows).decode()
    if ast.dump(ast.parse(text)) != ast.dump(tree):
        raise ValueError(f"the file has another {old}")
    return text


def _is_by_text(node: ast.AST, name: str) -> bool:
    """Whether a name is used as a keyword, in a string, or where the parser gives no place."""
    match node:
        case ast.keyword(arg=str(word)) | ast.alias(name=word, asname=None):
            return word == name
        case ast.alias(asname=str(word)):
            return word == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
        case ast.Constant(value=str(text)) if _LIST.fullmatch(text):
            return name in re.split(r"[\s,]+", text) and len(text) < 200
    return isinstance(node, _UNPLACED) and name in (
        getattr(node, "name", None),
        getattr(node, "rest", None),
    )
