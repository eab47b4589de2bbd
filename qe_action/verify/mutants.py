"""Mutants of the lines that a test runs: one that no test notices is not tested.

Pure. A mutant is an edit of the source's bytes, so that the rest of the file stays as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["deleted", "negated", "none", "comparison", "arithmetic", "boolean", "constant"]
KINDS: tuple[Kind, ...] = (
    "deleted", "negated", "none", "comparison", "arithmetic", "boolean", "constant",
)  # fmt: skip
"""In the order in which they are tried: the first three exist for nearly every statement."""

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}  # fmt: skip
_LEFT_ALONE = (ast.stmt, ast.JoinedStr, ast.Lambda, ast.ExceptHandler, ast.pattern)
"""Statements have mutants of their own, a formatted string's parts no places before Python 3.12."""
_DELETED = (ast.Assign, ast.AugAssign, ast.Delete, ast.Raise, ast.Break, ast.Continue, ast.Assert)


@dataclass(frozen=True)
class Mutant:
    """An edit: the bytes from `start` to `end` become `text`. `line` is its statement's first."""

    id: str
    line: int
    kind: Kind
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The source with the edit."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def parses(self, source: bytes) -> bool:
        """Whether it is Python with the edit. It should be: one that is not proves nothing."""
        try:
            ast.parse(self.applied(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True


def mutants(source: bytes, lines: frozenset[int]) -> tuple[Mutant, ...]:
    """The mutants of the statements that begin on these lines, those to try first in front.

    Of each line the first of every kind comes before any line's second. Source that our
    Python can't parse has none.
    """
    tree = _tree(source)
    if tree is None:
        return ()
    found: list[Mutant] = []
    for statement in _statements(tree, lines):
        counts = dict.fromkeys(KINDS, 0)
        for mutant in _Maker(source, statement).all():
            place = f"{mutant.line}:{mutant.kind}:{counts[mutant.kind]}"
            counts[mutant.kind] += 1
            found.append(_named(mutant, place))
    return tuple(sorted(found, key=_rank))


def _named(mutant: Mutant, name: str) -> Mutant:
    return Mutant(name, mutant.line, mutant.kind, mutant.start, mutant.end, mutant.text)


def _rank(mutant: Mutant) -> tuple[int, int, int, int]:
    number = int(mutant.id.rpartition(":")[2])
    return number, KINDS.index(mutant.kind), mutant.line, mutant.start


@lru_cache(maxsize=4)
def _tree(source: bytes) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(tree: ast.Module, lines: frozenset[int]) -> Iterator[ast.stmt]:
    """The statements of functions that begin on these lines, and all others that run on call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno in lines:
            yield node


class _Maker:
    """All mutants of one statement, its inner statements left alone."""

    def __init__(self, source: bytes, statement: ast.stmt) -> None:
        self._statement = statement
        self._starts = [0]
        for line in source.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def all(self) -> Iterator[Mutant]:
        yield from self._whole()
        if _says_nothing(self._statement):
            return
        for node in self._expressions():
            yield from self._of(node)

    def _whole(self) -> Iterator[Mutant]:
        statement = self._statement
        match statement:
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield self._edit("none", value, "None")
            case ast.If(test=test) | ast.While(test=test) | ast.Assert(test=test):
                yield self._edit("negated", test, f"(not ({ast.unparse(test)}))")
            case ast.For(iter=value):
                yield self._edit("deleted", value, "()")
        if isinstance(statement, _DELETED) or _does_something(statement):
            yield self._edit("deleted", statement, "pass")

    def _of(self, node: ast.expr | ast.comprehension) -> Iterator[Mutant]:
        match node:
            case ast.IfExp(test=test):
                yield self._edit("negated", test, f"(not ({ast.unparse(test)}))")
            case ast.comprehension(ifs=[test, *_]):
                yield self._edit("negated", test, f"(not ({ast.unparse(test)}))")
            case ast.Compare(ops=[op, *rest]):
                changed = ast.Compare(
                    node.left, [_COMPARISONS[type(op)](), *rest], node.comparators
                )
                yield self._replace("comparison", node, changed)
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC and not _is_format(node):
                changed_sum = ast.BinOp(node.left, _ARITHMETIC[type(op)](), node.right)
                yield self._replace("arithmetic", node, changed_sum)
            case ast.BoolOp(op=op):
                other = ast.Or() if isinstance(op, ast.And) else ast.And()
                yield self._replace("boolean", node, ast.BoolOp(other, node.values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._replace("boolean", node, operand)
            case ast.Constant(value=value) if (text := _other(value)) is not None:
                yield self._edit("constant", node, text)

    def _expressions(self) -> Iterator[ast.expr | ast.comprehension]:
        """The expressions of the statement, outermost first; none of what it encloses."""
        waiting: list[ast.AST] = [self._statement]
        while waiting:
            node = waiting.pop(0)
            for child in ast.iter_child_nodes(node):
                if isinstance(child, _LEFT_ALONE):
                    continue
                if isinstance(child, (ast.expr, ast.comprehension)):
                    yield child
                waiting.append(child)

    def _replace(self, kind: Kind, node: ast.expr, by: ast.expr) -> Mutant:
        return self._edit(kind, node, f"({ast.unparse(by)})")

    def _edit(self, kind: Kind, node: ast.expr | ast.stmt, text: str) -> Mutant:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return Mutant(
            id="",
            line=self._statement.lineno,
            kind=kind,
            start=self._starts[node.lineno - 1] + node.col_offset,
            end=self._starts[end_line - 1] + end,
            text=text,
        )


def _does_something(statement: ast.stmt) -> bool:
    """An expression or annotated assignment whose absence can be seen."""
    match statement:
        case ast.Expr():
            return not _says_nothing(statement)
        case ast.AnnAssign(value=ast.expr()):
            return True
    return False


def _says_nothing(statement: ast.stmt) -> bool:
    """A docstring, or `...`."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_format(node: ast.BinOp) -> bool:
    """`"%s" % x`: changed, it fails for another reason."""
    left = node.left
    return isinstance(node.op, ast.Mod) and isinstance(left, ast.Constant | ast.JoinedStr)


def _other(value: object) -> str | None:
    match value:
        case bool():
            return repr(not value)
        case int() | float() if abs(value) < 1e300:
            return f"({value + 1!r})"
        case str():
            return repr(value + "x")
        case bytes():
            return repr(value + b"x")
    return None
