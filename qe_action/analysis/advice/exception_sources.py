"""What in the body of a `try` raises the exceptions that one of its handlers catches.

An expression is named where it is a usual source of them, such as `int()` of `ValueError`, or
where nothing else in the body can raise them. Else only the body as a whole is spoken of.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.analysis.advice.excerpt import LIMIT, excerpt
from qe_action.analysis.python_module import DEFINITIONS, PythonModule

_MANY = 2_000
"""Nodes of a body that are looked at."""
_LISTED = 3
"""Exceptions of a handler that are told one by one."""
_NUMBERS = frozenset({"int", "float", "complex"})
_FILES = frozenset(
    {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir"}
    | {"stat", "iterdir", "listdir", "makedirs", "scandir"}
)
_OS_ERRORS = (
    *("OSError", "IOError", "EnvironmentError", "FileNotFoundError", "PermissionError"),
    *("FileExistsError", "IsADirectoryError", "NotADirectoryError"),
)
_FUNCTIONS: dict[str, frozenset[str]] = {
    "ValueError": _NUMBERS,
    "TypeError": _NUMBERS,
    "OverflowError": _NUMBERS,
    "StopIteration": frozenset({"next"}),
    "StopAsyncIteration": frozenset({"anext"}),
    **dict.fromkeys(_OS_ERRORS, frozenset({"open"})),
}
"""Functions that are the usual sources of an exception."""
_METHODS: dict[str, frozenset[str]] = {
    "ValueError": frozenset({"index", "remove", "strptime", "fromisoformat", "fromhex"}),
    "KeyError": frozenset({"popitem"}),
    "UnicodeDecodeError": frozenset({"decode"}),
    "UnicodeEncodeError": frozenset({"encode"}),
    **dict.fromkeys(_OS_ERRORS, _FILES),
}
"""Methods that are the usual sources of an exception."""
_LOOKUPS = frozenset({"KeyError", "IndexError", "LookupError"})
_DIVISIONS = frozenset({"ZeroDivisionError", "ArithmeticError"})
_SILENT = frozenset({"isinstance", "issubclass", "hasattr", "callable", "id", "type"})
"""Functions that raise nothing."""
_PLAIN = frozenset(
    {"tuple", "list", "set", "frozenset", "str", "repr", "bool", "len", "sorted", "sum", "print"}
)
"""Functions that by themselves raise at most a `TypeError`."""
_COMPARING_ANYTHING = (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)
_BROAD = frozenset({"", "Exception", "BaseException"})
_NARROW = _LOOKUPS | _DIVISIONS | {"ValueError", "OverflowError", "StopIteration", *_OS_ERRORS}
"""Exceptions that operators raise only where they are the usual source."""


class Raised(NamedTuple):
    """How a handler is reached ("so that `int(text)` raises `ValueError`"), by what if known."""

    text: str
    source: ast.expr | ast.stmt | None


def raised(
    module: PythonModule, tried: ast.Try | ast.TryStar, handler: ast.ExceptHandler
) -> Raised:
    """What has to happen in a `try` for a handler of it to run."""
    error = _caught(module, handler.type)
    body = _Body(_types(handler.type))
    body.look(tried.body)
    named = body.usual or (body.roots[0] if len(body.roots) == 1 and not body.vague else None)
    if named is None:
        text = f"so that the body of the `try` on line {tried.lineno} raises {error}"
        return Raised(text, None)
    return Raised(f"so that {_told(module, named)} raises {error}", named)


@dataclass(slots=True)
class _Body:
    """The parts of a body that can raise some exceptions.

    `usual` is their first usual source, `roots` are the whole expressions, or statements,
    that can raise them; `vague` says that something else can that has no words of its own.
    """

    types: frozenset[str]
    usual: ast.expr | ast.stmt | None = None
    roots: list[ast.expr | ast.stmt] = field(default_factory=list)
    vague: bool = False

    def look(self, block: list[ast.stmt]) -> None:
        left = _MANY
        stack: list[ast.AST] = list(reversed(block))
        while stack:
            node = stack.pop()
            left -= 1
            if left < 0 or isinstance(node, ast.Try | ast.TryStar):
                self.vague = True  # what is raised inside may be caught there
            elif isinstance(node, ast.expr):
                left -= self._weigh(node)
            elif not isinstance(node, DEFINITIONS):
                stack.extend(reversed(self._inside(node)))

    def _inside(self, node: ast.AST) -> list[ast.AST]:
        """What is left to look at of a statement."""
        inside: list[ast.AST] | None = None
        match node:
            case ast.Import() | ast.ImportFrom():
                inside = self._whole(node)
                if self.usual is None and self.types & {"ImportError", "ModuleNotFoundError"}:
                    self.usual = node
            case ast.AugAssign(target=target, op=op, value=value):
                inside = self._whole(node) if self._operator(op) else [target, value]
            case ast.Assign(targets=[ast.Name()], value=value):
                inside = [value]
            case ast.AnnAssign(value=value):
                inside = [value] if value else []
            case ast.Assign() | ast.Delete():
                inside = self._assigned(node)
            case ast.For() | ast.AsyncFor() | ast.Raise() | ast.Assert():
                self.vague = True
            case ast.withitem(context_expr=ast.expr() as value):
                self.vague |= not isinstance(value, ast.Call)
                inside = [value]
        return list(ast.iter_child_nodes(node)) if inside is None else inside

    def _whole(self, node: ast.stmt) -> list[ast.AST]:
        """Keep a statement that raises by itself; nothing is left to look at."""
        self.roots.append(node)
        return []

    def _assigned(self, node: ast.Assign | ast.Delete) -> list[ast.AST]:
        """An assignment to an item, attribute or several names may raise by itself."""
        if self.types & _LOOKUPS and not isinstance(node, ast.Delete):
            return [node.value]
        unpacked = all(isinstance(each, ast.Tuple | ast.List) for each in node.targets)
        if unpacked and not self.types & (_BROAD | {"TypeError", "ValueError"}):
            return [node.value] if isinstance(node, ast.Assign) else []
        attributes = all(isinstance(each, ast.Attribute) for each in node.targets)
        if attributes and not self.types & (_BROAD | {"AttributeError", "TypeError"}):
            return [node.value] if isinstance(node, ast.Assign) else []
        return self._whole(node)

    def _weigh(self, whole: ast.expr) -> int:
        """Keep what of an expression can raise, all of it if several parts can.

        Returns how many parts were looked at.
        """
        count = 0
        parts: list[ast.expr] = []
        stack: list[tuple[ast.AST, bool]] = [(whole, False)]
        while stack and count < _MANY:
            node, inside = stack.pop()
            count += 1
            if isinstance(node, ast.expr):
                if self.usual is None and self._is_usual(node):
                    self.usual = node
                if not inside and self._can_raise(node):
                    parts.append(node)
                    inside = True
            if not isinstance(node, ast.Lambda):
                children = list(ast.iter_child_nodes(node))
                stack += [(child, inside) for child in reversed(children)]
        self.vague |= bool(stack)
        if parts:
            self.roots.append(parts[0] if len(parts) == 1 else whole)
        return count

    def _is_usual(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.expr(), *rest]):
                alone = not rest or name not in ("next", "anext")
                return alone and any(name in _FUNCTIONS.get(each, ()) for each in self.types)
            case ast.Call(func=ast.Attribute(attr=name)):
                return any(name in _METHODS.get(each, ()) for each in self.types)
            case ast.Subscript(slice=ast.Slice()):
                return False
            case ast.Subscript():
                return bool(self.types & _LOOKUPS)
            case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Mod(), left=left):
                return bool(self.types & _DIVISIONS) and not isinstance(left, ast.Constant)
            case _:
                return False

    def _can_raise(self, node: ast.expr) -> bool:
        broad = bool(self.types & (_BROAD | {"TypeError"}))
        match node:
            case ast.Call(func=ast.Name(id=name), args=arguments):
                silent = name in _SILENT or (name == "getattr" and len(arguments) == 3)
                can = not silent and (broad or name not in _PLAIN)
            case ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom():
                can = True
            case ast.Attribute():
                can = bool(self.types & (_BROAD | {"AttributeError"}))
            case ast.Name():
                can = bool(self.types & {"NameError", "UnboundLocalError"})
            case ast.BinOp(op=op):
                can = self._operator(op)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                can = not self.types <= _NARROW  # it goes through something
            case ast.UnaryOp(op=op):
                can = broad and not isinstance(op, ast.Not)
            case ast.Compare(ops=ops):
                can = broad and not all(isinstance(op, _COMPARING_ANYTHING) for op in ops)
            case ast.Subscript():
                can = broad or not self.types <= _NARROW or bool(self.types & _LOOKUPS)
            case _:
                can = False
        return can

    def _operator(self, op: ast.operator) -> bool:
        divides = isinstance(op, ast.Div | ast.FloorDiv | ast.Mod)
        return not self.types <= _NARROW or (divides and bool(self.types & _DIVISIONS))


def _types(error: ast.expr | None) -> frozenset[str]:
    """The names of what a handler catches: empty for all, `?` for one that is no plain name."""
    elements = error.elts if isinstance(error, ast.Tuple) else [error]
    return frozenset(
        each.id if isinstance(each, ast.Name) else "" if each is None else "?" for each in elements
    )


def _caught(module: PythonModule, error: ast.expr | None) -> str:
    match error:
        case None:
            return "an exception"
        case ast.Tuple(elts=elements) if 1 < len(elements) <= _LISTED:
            return " or ".join(f"`{excerpt(module, each)}`" for each in elements)
        case _:
            return f"`{excerpt(module, error)}`"


def _told(module: PythonModule, node: ast.expr | ast.stmt) -> str:
    """An expression, or a statement that stands on one line, in backticks."""
    if isinstance(node, ast.expr):
        return f"`{excerpt(module, node)}`"
    text = module.lines[node.lineno - 1].strip() if node.lineno == node.end_lineno else ""
    if text and len(text) <= LIMIT and text.isprintable() and "`" not in text:
        return f"`{text}`"
    match node:
        case ast.Import(names=[first, *_]):
            return f"the import of `{first.name}`"
        case ast.ImportFrom(module=name):
            return f"the import of `{name or '.'}`"
        case _:
            return f"line {node.lineno}"
