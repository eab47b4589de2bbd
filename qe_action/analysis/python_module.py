"""A Python source, parsed once for everything that is asked about it.

Our interpreter only says where things are; which lines are statements is the report's to say.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property

from qe_action.analysis.source import Region, Regions

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
DefinitionNode = FunctionNode | ast.ClassDef
Clause = ast.stmt | ast.ExceptHandler | ast.match_case

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# The fields in which statements can stand, directly or inside an except handler or a case.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_COMPOUND = (
    *DEFINITIONS,
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith),
    *(ast.Try, ast.TryStar, ast.ExceptHandler, ast.Match, ast.match_case),
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, method or class, lines inclusive.

    `name` is the qualified name without `<locals>` (`Class.method`, `outer.inner`), `owner`
    the class it stands in directly. `line` is that of `def` or `class`, `first` that of the
    first decorator or of `def`, `start` the first line of the body.
    """

    name: str
    owner: str | None
    first: int
    line: int
    start: int
    end: int
    node: DefinitionNode

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, FUNCTIONS)


@dataclass(frozen=True)
class PythonModule:
    """The syntax tree of one file, its lines as text and its definitions in line order.

    `root` is the folder that it is imported from, empty where that is not known.
    """

    path: str
    tree: ast.Module
    lines: tuple[str, ...]
    definitions: tuple[Definition, ...]
    root: str = ""

    @cached_property
    def regions(self) -> Regions:
        """Which function or class a line belongs to."""
        return Regions(Region(each.start, each.end, each.name) for each in self.definitions)

    @cached_property
    def by_start(self) -> dict[tuple[int, str], Definition]:
        """Definitions by first body line and name, as `Region` has them."""
        return {(each.start, each.name): each for each in self.definitions}

    def named(self, name: str) -> list[Definition]:
        """The functions and classes of a name, wherever they are defined."""
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[Definition]]:
        found: dict[str, list[Definition]] = {}
        for each in self.definitions:
            found.setdefault(each.node.name, []).append(each)
        return found

    def definition_at(self, line: int) -> Definition | None:
        """The innermost function or class with `line` in its body, None at module level."""
        region = self.regions.owner(line)
        return self.by_start[region.start, region.name] if region else None


def import_root(path: str, files: Container[str]) -> str:
    """The folder around the packages (with `__init__.py` among `files`) that a file lies in."""
    folder = path.rpartition("/")[0]
    root = ""
    while folder and f"{folder}/__init__.py" in files:
        folder = root = folder.rpartition("/")[0]
    return root


def parse_module(path: str, source: bytes, root: str = "") -> PythonModule | None:
    """The module; None where this interpreter can't parse it, for whatever reason."""
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody's source is not for our log.
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        lines = _decoded(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return PythonModule(path, tree, lines, tuple(_definitions(tree)), root)


def statements_of(node: ast.AST) -> Iterator[Clause]:
    """The statements, handlers and cases directly inside a node, in order."""
    for name in BLOCKS:
        yield from getattr(node, name, ())


def _decoded(source: bytes) -> tuple[str, ...]:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding)
    # As the parser counts lines: form feeds and the like, which splitlines() knows, end none.
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _definitions(tree: ast.Module) -> list[Definition]:
    found: list[Definition] = []
    stack: list[tuple[ast.AST, str, str | None]] = [(tree, "", None)]
    while stack:
        node, prefix, owner = stack.pop()
        if isinstance(node, DEFINITIONS):
            prefix = f"{prefix}.{node.name}" if prefix else node.name
            found.append(_definition(node, prefix, owner))
            owner = prefix if isinstance(node, ast.ClassDef) else None
        stack.extend(
            (child, prefix, owner) for child in statements_of(node) if isinstance(child, _COMPOUND)
        )
    return sorted(found, key=lambda each: (each.line, -each.end))


def _definition(node: DefinitionNode, name: str, owner: str | None) -> Definition:
    first = min((each.lineno for each in node.decorator_list), default=node.lineno)
    start = first_line(node.body[0])
    return Definition(name, owner, first, node.lineno, start, node.end_lineno or node.lineno, node)


def first_line(node: ast.stmt) -> int:
    """The line a statement begins on, its decorators included."""
    if isinstance(node, DEFINITIONS) and node.decorator_list:
        return min(each.lineno for each in node.decorator_list)
    return node.lineno
