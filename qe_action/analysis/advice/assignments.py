"""Where a function's local variables are set."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qe_action.analysis.advice.enclosing_blocks import Statement, Step, inside_function
from qe_action.analysis.advice.excerpt import excerpt, safe
from qe_action.analysis.python_module import DEFINITIONS, PythonModule, statements_of

SHORT = 40
"""Characters of an expression that is shown to explain a variable."""
_NEAR = 50
"""Statements before a line that are looked at for assignments."""
_MANY = 200
"""Statements inside one that are searched for assignments."""
_PARTS = 30
"""Parts of one statement that are searched for them."""
QUIET = {
    *("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"),
    *("next", "len", "iter"),
}
"""Calls that say little of what code is for."""


class Local(NamedTuple):
    """A local variable that was set to an expression, or `grown` by it."""

    name: str
    text: str
    grown: bool = False

    @property
    def phrase(self) -> str:
        """What was done to it, as an effect."""
        if self.grown:
            return f"add `{self.text}` to `{safe(self.name)}`"
        return f"set `{safe(self.name)}` to `{self.text}`"


def origin(module: PythonModule, path: Sequence[Step], names: frozenset[str]) -> str:
    """Where one of some variables comes from: `size = len(items)`, or empty.

    The nearest plain assignment before the last step's statement, if it says something.
    """
    for node in _before(path):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                text = excerpt(module, value, SHORT)
                telling = not isinstance(value, ast.Constant) and "…" not in text
                return f"{safe(name)} = {text}" if telling else ""
        if _clash(set_inside(node), names):
            return ""
    return ""


def _before(path: Sequence[Step]) -> Iterator[Statement]:
    """The statements before a path's last, nearest first, up to the loop or function around."""
    for step in reversed(inside_function(path)):
        if step.field in ("handlers", "cases"):
            continue
        yield from reversed(step.block[max(0, step.at - _NEAR) : step.at])
        if isinstance(step.parent, ast.For | ast.AsyncFor | ast.While):
            return


def _clash(assigned: set[str] | None, names: frozenset[str]) -> bool:
    return assigned is None or bool(assigned & names)


def set_inside(node: Statement) -> set[str] | None:
    """The variables that the statements inside one set; None where they are too many."""
    names = set_by(node)
    stack = list(statements_of(node))
    for _ in range(_MANY):
        if not stack:
            return names
        inner = stack.pop()
        names |= set_by(inner)
        if not isinstance(inner, DEFINITIONS):
            stack.extend(statements_of(inner))
    return None


def changed_inside(node: Statement) -> set[str]:
    """The variables whose objects the statements inside one may change."""
    names: set[str] = set()
    stack: list[ast.AST] = list(statements_of(node))
    for _ in range(_MANY * _PARTS):
        if not stack:
            break
        part = stack.pop()
        stack.extend(ast.iter_child_nodes(part))
        match part:
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                names |= _root(part)
            case ast.Call(func=function, args=args, keywords=keywords):
                # A method may change its object, and a function what it is given.
                names |= _root(function) if isinstance(function, ast.Attribute) else set()
                given = (*args, *(keyword.value for keyword in keywords))
                if not (isinstance(function, ast.Name) and function.id in QUIET):
                    names |= {each.id for each in given if isinstance(each, ast.Name)}
    return names


def _root(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def set_by(node: Statement) -> set[str]:
    """The plain variables that a statement itself sets, of `:=` those in its test."""
    names: set[str] = set()
    stack = _setting(node)
    for _ in range(_PARTS):
        if not stack:
            break
        match stack.pop():
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchMapping(rest=str(name), patterns=patterns):
                names.add(name)
                stack += patterns
            case ast.alias() as alias:
                names.add((alias.asname or alias.name).partition(".")[0])
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() as definition:
                names.add(definition.name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) as pattern:
                names.add(name)
                stack.extend(ast.iter_child_nodes(pattern))
            case ast.expr() | ast.pattern() | ast.cmpop() | ast.keyword() as part:
                stack.extend(ast.iter_child_nodes(part))
    return names


def _setting(node: Statement) -> list[ast.AST]:
    """The parts of a statement in which variables can be set."""
    found: list[ast.AST] = [node]
    match node:
        case ast.Assign() | ast.Delete():
            found = [*node.targets]
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor():
            found = [node.target]
        case ast.With() | ast.AsyncWith():
            found = [item.optional_vars for item in node.items if item.optional_vars]
        case ast.If() | ast.While():
            found = [node.test]
        case ast.match_case():
            found = [node.pattern]
        case ast.Import() | ast.ImportFrom():
            found = [*node.names]
    return found
