"""What a failed assertion was given where it expected a literal, read off a traceback. Pure."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

LONGEST = 400
"""Characters of a value that is told."""
_COMPARED = re.compile(r"^E\s+(?:AssertionError: )?assert (.+)$", re.MULTILINE)
_WRITTEN = re.compile(r"^\s*(?:>\s*)?assert (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Measured:
    """An expression gave `value` where `expected` was written; `stable`: in both of two runs."""

    expression: str
    expected: str
    value: str
    stable: bool


def measured(traceback: str, again: str) -> Measured | None:
    """What the comparison that failed measured, in one run and in a second.

    None where the test does not fail by comparing something with a literal, or where pytest does
    not show the whole value.
    """
    found = _compared(traceback)
    if found is None:
        return None
    expression, expected, value = found
    second = _compared(again)
    return Measured(expression, expected, value, second is not None and second[2] == value)


def _compared(traceback: str) -> tuple[str, str, str] | None:
    """The expression, the literal beside it, and what the expression gave."""
    said = _COMPARED.search(traceback)
    written = _WRITTEN.findall(traceback[: said.start()]) if said else []
    if said is None or not written:
        return None
    values, source = _equation(said[1]), _equation(written[-1])
    if values is None or source is None:
        return None
    for own, other in ((0, 1), (1, 0)):
        literal = _is_plain(source[other]) or isinstance(source[other], ast.Name)
        if literal and not _is_plain(source[own]) and all(map(_is_plain, values)):
            expected, value = ast.unparse(values[other]), ast.unparse(values[own])
            if len(value) <= LONGEST and expected != value:
                return ast.unparse(source[own]), expected, value
    return None


def _equation(text: str) -> tuple[ast.expr, ast.expr] | None:
    """The two sides of `a == b`, or of `a is b`."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    match tree:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return left, right
    return None


def _is_plain(node: ast.expr) -> bool:
    """Whether it is a value written out, none of it left out."""
    if any(isinstance(each, ast.Constant) and each.value is ... for each in ast.walk(node)):
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True
