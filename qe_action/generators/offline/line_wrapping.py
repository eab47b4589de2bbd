"""Long lines wrapped as formatters wrap them: inside their last brackets."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from itertools import pairwise

WIDTH = 88
"""How long a line of a test may be."""
_OPEN, _CLOSE = "([{", ")]}"


def wrapped(line: str, indent: int = 0) -> list[str]:
    """A line of source as lines that fit; as it is where that can't be, or would change it."""
    rows = _wrapped(line, indent)
    return rows if _tree(line) == _tree("\n".join(rows).strip()) else [" " * indent + line]


def _tree(source: str) -> str:
    try:
        return ast.dump(ast.parse(source + (" pass" if source.endswith(":") else "")))
    except SyntaxError:
        return source


def _wrapped(line: str, indent: int) -> list[str]:
    space = " " * indent
    if len(space + line) <= WIDTH or "\n" in line:
        return [space + line]
    found = _brackets(line)
    if found is None:
        return [space + line]
    start, end, commas = found
    inside = line[start + 1 : end].strip()
    literal = not re.search(r"[\w)\]]$", line[:start])
    if len(inside) + indent + 4 <= WIDTH and not (literal and commas):
        body = [" " * (indent + 4) + inside]
    else:
        cuts = [start, *(comma for comma in commas if line[comma + 1 : end].strip()), end]
        items = [line[a + 1 : b].strip().removesuffix(",") for a, b in pairwise(cuts)]
        mark = "" if literal and line[start] == "(" and not commas else ","
        body = [row for item in items for row in _wrapped(f"{item}{mark}", indent + 4)]
    return [space + line[: start + 1], *body, space + line[end:]]


def _brackets(line: str) -> tuple[int, int, list[int]] | None:
    """Where the last outer brackets with something in them are, and the commas between."""
    stack: list[tuple[int, list[int]]] = []
    found = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(line + "\n").readline):
            if token.type != tokenize.OP:
                continue
            at = token.start[1]
            if token.string in _OPEN:
                stack.append((at, []))
            elif token.string in _CLOSE:
                start, commas = stack.pop()
                if not stack and at > start + 1:
                    found = start, at, commas
            elif token.string == "," and stack:
                stack[-1][1].append(at)
    except (tokenize.TokenError, IndentationError, IndexError):
        return None
    return found
