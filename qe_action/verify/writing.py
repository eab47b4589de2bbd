"""Tests as the text of a file: a new one, or more lines for one that is there. Pure."""

from __future__ import annotations

import ast
import io
from collections.abc import Sequence
from dataclasses import replace

from qe_action.verify.importing import (
    Part,
    bound_at_top,
    fitted,
    lines,
    missing,
    renamed,
    sections,
    wanted,
)

__all__ = ["Part", "appended", "new_file", "renamed"]


def new_file(parts: Sequence[Part], head: str = "") -> str:
    """A file of these tests; the head is its first comment or docstring."""
    parts = list(fitted({}, _together(parts)))
    imports = sections({name for part in parts for name in wanted(part)})
    blocks = [head.rstrip(), imports, *(f"\n{part.code.strip()}" for part in parts)]
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def appended(text: str, parts: Sequence[Part]) -> str:
    """The file with these tests at its end and the imports it lacks; its lines stay as they are.

    What it does when it is run as a program stays last. Raises `SyntaxError` where it can't be
    parsed.
    """
    tree = ast.parse(text)
    if not text.strip():
        return text + new_file(parts)
    newline = "\r\n" if "\r\n" in text else "\n"
    rows = list(io.StringIO(text, newline=""))  # as Python counts lines
    if not rows[-1].endswith(("\n", "\r")):
        rows[-1] += newline
    parts = list(fitted(bound_at_top(tree), _together(parts)))
    at = _end_of_imports(tree)
    head = [line for block in lines(missing(tree, parts)) for line in block.split("\n")]
    if head and at == 0:
        head.append("")
    end, program = _end_of_tests(tree, rows, at)
    new: list[str] = []
    for part in parts:
        new += ["", "", *part.code.strip().split("\n")]
    if not program:
        blank = len(rows) - end
        new, end = new[min(2, blank) :], len(rows)
    elif rows[end].strip():
        new += ["", ""]
    added = [[f"{line}{newline}" for line in block] for block in (head, new)]
    return "".join((*rows[:at], *added[0], *rows[at:end], *added[1], *rows[end:]))


def _together(parts: Sequence[Part]) -> list[Part]:
    """Tests that begin with the same comment one after the other, the first with the comment."""
    heads = [_head(part.code) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: heads.index(heads[at]) if heads[at] else at)
    found: list[Part] = []
    for at in order:
        part, head = parts[at], heads[at]
        if head and found and head == _head(parts[order[len(found) - 1]].code):
            part = replace(part, code=part.code.strip().removeprefix(head).lstrip("\n"))
        found.append(part)
    return found


def _head(code: str) -> str:
    """The comment that a test begins with, '' for none."""
    first = code.strip().partition("\n")[0]
    return first if first.startswith("#") else ""


def _end_of_tests(tree: ast.Module, rows: Sequence[str], least: int) -> tuple[int, bool]:
    """Behind which row new tests go, and whether a program follows: `if __name__ == ...`."""
    last = tree.body[-1] if tree.body else None
    program = isinstance(last, ast.If) and "__name__" in ast.unparse(last.test)
    end = len(rows)
    if program and last is not None:
        end = last.lineno - 1
        while end > least and rows[end - 1].lstrip().startswith("#"):
            end -= 1
    while end > least and not rows[end - 1].strip():
        end -= 1
    return end, program


def _end_of_imports(tree: ast.Module) -> int:
    """How many rows stand before the place for a new import: after the last, or the docstring."""
    end = 0
    for number, node in enumerate(tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr)
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            end = node.end_lineno or end
        else:
            break
    return end
