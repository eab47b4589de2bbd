"""Code of a source as short text that is safe inside backticks on one line."""

from __future__ import annotations

import ast
import re

from qe_action.analysis.python_module import PythonModule

LIMIT = 60
"""Characters of an expression."""
_MANY_LINES = 12
"""An expression of more lines is not spelled out at all, as that costs its whole size."""
_OPERATOR = re.compile(r"[^()\s]+(?:\s+[^()\s]+)?")
_FRAMES: dict[type[ast.AST], str] = {
    ast.Dict: "{…}",
    ast.DictComp: "{…}",
    ast.Set: "{…}",
    ast.SetComp: "{…}",
    ast.List: "[…]",
    ast.ListComp: "[…]",
}


def excerpt(module: PythonModule, node: ast.expr | ast.pattern, limit: int = LIMIT) -> str:
    """An expression as it is written, at most `limit` characters; the rest is an ellipsis.

    What spans several lines is spelled anew on one; what is too long is only outlined:
    `call(…)`, `call(…).name`, `[…]`, or its beginning.
    """
    if node.lineno == node.end_lineno:
        text = _on_line(module, node)
    elif (node.end_lineno or node.lineno) - node.lineno < _MANY_LINES:
        text = _on_one_line(node)
    else:
        text = ""
    return safe(text) if 0 < len(text) <= limit else _outline(module, node, text, limit)


def with_operator(
    module: PythonModule, node: ast.expr, sides: tuple[ast.expr, ast.expr], operator: str
) -> str:
    """A comparison of two sides with another operator; empty unless it stands on one line."""
    left, right = sides
    line = module.lines[node.lineno - 1]
    if node.lineno != node.end_lineno or not line.isascii():
        return ""
    # Between the sides there are only the operator, spaces and parentheses.
    between = line[left.end_col_offset : right.col_offset]
    between = _OPERATOR.sub(operator, between, count=1)
    start, end = line[node.col_offset : left.end_col_offset], line[right.col_offset :]
    return safe(start + between + end[: (node.end_col_offset or 0) - right.col_offset])


def clip(text: str, limit: int = LIMIT) -> str:
    """`text` cut to `limit` characters, an ellipsis in place of the rest."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def safe(text: str) -> str:
    """`text` without what could end the backticks around it, or the line."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return text.replace("`", "'")


def _outline(module: PythonModule, node: ast.expr | ast.pattern, text: str, limit: int) -> str:
    if isinstance(node, ast.Call):
        function = excerpt(module, node.func, limit - 3)
        return f"{function}(…)" if node.args or node.keywords else f"{function}()"
    if isinstance(node, ast.Attribute) and (owner := _owner(module, node, limit)):
        return f"{owner}.{safe(node.attr)}"
    if isinstance(node, ast.Await):
        return f"await {excerpt(module, node.value, limit - 6)}"
    if frame := _FRAMES.get(type(node)):
        return frame
    text = text or module.lines[node.lineno - 1][node.col_offset :].rstrip()
    return clip(safe(text), limit) if len(text) > limit else f"{clip(safe(text), limit - 1)}…"


def _owner(module: PythonModule, node: ast.Attribute, limit: int) -> str:
    """What an attribute is one of, if a part of that can stand for all of it; else empty."""
    left = limit - len(node.attr) - 1
    match node.value:
        case _ if left < limit // 2:
            return ""  # it is the name that is long
        case ast.Constant(value=str()) | ast.JoinedStr():
            return '"…"'
        case ast.Call() | ast.Attribute() | ast.Name() as owner:
            return excerpt(module, owner, left)
        case owner:
            return _FRAMES.get(type(owner), "")


def _on_line(module: PythonModule, node: ast.expr | ast.pattern) -> str:
    """The source of a node that stands on one line; the tree counts its columns in UTF-8."""
    line = module.lines[node.lineno - 1]
    if line.isascii():
        return line[node.col_offset : node.end_col_offset]
    encoded = line.encode("utf-8", "surrogatepass")
    return encoded[node.col_offset : node.end_col_offset].decode("utf-8", "replace")


def _on_one_line(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""
