"""The code around a target: what it calls, how its classes are made, how its tests are written.

Nothing is run or imported; files are read as they are asked for, up to bounds. Pure but for `read`,
which gives a file's bytes or None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from qe_action.analysis.graph.call_facts import FileFacts, file_facts
from qe_action.analysis.graph.chain_values import Value
from qe_action.analysis.graph.chains import Chain
from qe_action.analysis.graph.imports import Modules
from qe_action.analysis.graph.resolution import Resolver
from qe_action.analysis.python_module import Definition, PythonModule, parse_module

FILES = 60
"""Files of the project that are parsed for one target."""
TOTAL = 1_000_000
"""Bytes of them."""
TEST_FILES = 12
"""Test files that are looked into, the nearest first."""


class ProjectCode:
    """The target at `path` and what belongs to it; `tests` are test files, the nearest first."""

    def __init__(
        self,
        path: str,
        source: str,
        paths: Sequence[str],
        tests: Sequence[str],
        read: Callable[[str], bytes | None],
    ) -> None:
        self.path = path
        self.tests = tuple(tests)[:TEST_FILES]
        self._paths = sorted({path, *paths})
        self._read = read
        self._modules: dict[str, PythonModule | None] = {}
        self._facts: dict[str, FileFacts | None] = {}
        self._files, self._total = 0, 0
        self.source = source.encode("utf-8", "surrogatepass")
        self._modules[path] = parse_module(path, self.source)

    @property
    def target(self) -> PythonModule | None:
        """The target itself; None where it can't be parsed."""
        return self._modules[self.path]

    def module(self, path: str) -> PythonModule | None:
        """A file, parsed; None where it can't be, or is beyond the bounds."""
        if path not in self._modules:
            data = self._read(path) if self._files < FILES else None
            fits = data is not None and self._total + len(data) <= TOTAL
            self._files += 1
            self._total += len(data or b"") if fits else 0
            self._modules[path] = parse_module(path, data) if data is not None and fits else None
        return self._modules[path]

    def test_modules(self) -> Iterator[PythonModule]:
        """The test files that can be parsed, the nearest first."""
        for path in self.tests:
            if (module := self.module(path)) is not None:
                yield module

    def called(self, definition: Definition) -> list[tuple[str, Definition]]:
        """The project's functions and classes that a target calls, or its methods, with files."""
        facts = self._facts_of(self.path)
        found: dict[tuple[str, str], Definition] = {}
        for name, function in facts.functions.items() if facts else ():
            if name != definition.name and not name.startswith(f"{definition.name}."):
                continue
            for chain in function.uses:
                reached, _ = self._resolver.reached(self.path, chain)
                for node in reached:
                    inside = f"{node.name}.".startswith(f"{definition.name}.")
                    if inside and node.path == self.path:
                        continue
                    made = node.name.removesuffix(".__init__")
                    if (each := self._definition(node.path, made)) is not None:
                        found.setdefault((node.path, made), each)
        return [(path, each) for (path, _), each in found.items()]

    def classes(self, definition: Definition) -> list[tuple[str, Definition]]:
        """The project's classes that parameters and attributes of a function are said to be."""
        facts = self._facts_of(self.path)
        found: dict[tuple[str, str], Definition] = {}
        for name in _annotated(definition.node):
            for chain in facts.names.get(name, ()) if facts else ():
                for value in self._followed(chain):
                    each = self._definition(value.path, value.name)
                    if value.kind == "class" and each is not None and not each.is_function:
                        found.setdefault((value.path, value.name), each)
        return [(path, each) for (path, _), each in found.items()]

    def calls_of(self, name: str) -> Iterator[tuple[str, ast.Call]]:
        """Calls of a name as they stand in tests, then in the project, with their files."""
        seen: set[str] = set()
        for path in dict.fromkeys((*self.tests, *self._modules)):
            module = self.module(path)
            for node in ast.walk(module.tree) if module else ():
                if isinstance(node, ast.Call) and _called(node) == name:
                    text = ast.dump(node)
                    if text not in seen:
                        seen.add(text)
                        yield path, node

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(Modules(self._paths), self._facts_of, [self.path])

    def _followed(self, chain: Chain) -> Sequence[Value]:
        return self._resolver.follow(self.path, chain).values

    def _facts_of(self, path: str) -> FileFacts | None:
        if path not in self._facts:
            module = self.module(path)
            self._facts[path] = file_facts(module) if module else None
        return self._facts[path]

    def _definition(self, path: str, name: str) -> Definition | None:
        module = self._modules.get(path)
        return (
            next((each for each in module.definitions if each.name == name), None)
            if module
            else None
        )


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _annotated(node: ast.AST) -> Iterator[str]:
    """The names in the annotations of a function, or of all functions and fields of a class."""
    for inner in ast.walk(node):
        annotation = getattr(inner, "annotation", None)
        if isinstance(annotation, ast.expr):
            yield from _names(annotation)


def _names(annotation: ast.expr) -> Iterator[str]:
    for part in ast.walk(annotation):
        if isinstance(part, ast.Name):
            yield part.id
        elif (
            isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 200
        ):
            try:
                quoted = ast.parse(part.value, mode="eval")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            yield from (name.id for name in ast.walk(quoted) if isinstance(name, ast.Name))
