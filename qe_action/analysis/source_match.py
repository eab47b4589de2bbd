"""Whether a report was made of this very source, as far as its lines tell.

Only what no tool can report of this source counts, so one such line is proof: a line that is
blank, a comment, a lone bracket, an `else:`, a function's docstring, or beyond the end.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from qe_action.analysis.python_module import FUNCTIONS, PythonModule
from qe_action.analysis.statements import Extent

_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.AnnAssign),
)
"""What has a code object of its own, which annotations have from Python 3.14 on."""


def strays(module: PythonModule, extents: Iterable[Extent], reported: Iterable[int]) -> list[int]:
    """The reported lines, which are in order, on which nothing of the source can begin.

    Line 1 of a source without statements is none: some tools report it.
    """
    found: list[int] = []
    ranges = iter(extents)
    extent = next(ranges, None)
    empty = extent is None
    silent = _docstrings(module)
    for line in reported:
        while extent is not None and extent.last < line:
            extent = next(ranges, None)
        outside = extent is None or line < extent.first
        if outside or line in silent or _says_nothing(module.lines[line - 1]):
            found.append(line)
    return [] if empty and found == [1] else found


def strange_entries(module: PythonModule, entries: Iterable[int]) -> list[int]:
    """Those of the lines, said to begin a function or the like, on which none begins."""
    known = {1}
    for node in ast.walk(module.tree):
        if isinstance(node, _SCOPES) or type(node).__name__ == "TypeAlias":
            assert isinstance(node, ast.stmt | ast.expr)
            known.add(node.lineno)
            known.update(each.lineno for each in getattr(node, "decorator_list", ()))
        elif isinstance(node, ast.JoinedStr):
            # Until Python 3.12 the places inside of it are not to be trusted.
            known.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sorted(set(entries) - known)


def _says_nothing(text: str) -> bool:
    return not text.split("#", 1)[0].strip(" \t\f)]},:")


def _docstrings(module: PythonModule) -> frozenset[int]:
    """The lines of functions' docstrings, which no interpreter runs."""
    found: set[int] = set()
    for definition in module.definitions:
        if not isinstance(definition.node, FUNCTIONS) or len(definition.node.body) < 2:
            continue
        match definition.node.body[0]:
            case ast.Expr(value=ast.Constant(value=str())) as first:
                found.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        # What shares a line with it is no docstring's.
        found -= {each.lineno for each in definition.node.body[1:2]} | {definition.line}
    return frozenset(found)
