"""Two tests of a project that show its style: near to the target, and short. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

from qe_action.analysis.python_module import FUNCTIONS, Definition, PythonModule
from qe_action.generators.llm.project_code import ProjectCode

TESTS = 2
LINES = 30
"""Lines of a test that is shown, with the helpers of its file that it uses."""
IMPORTS = 10
"""Lines of imports that are shown of its file."""


@dataclass(frozen=True)
class Sample:
    """A test, the class that it is a method of, and what else of its file it uses."""

    module: PythonModule
    test: ast.stmt
    owner: ast.ClassDef | None
    helpers: tuple[ast.stmt, ...]

    @property
    def text(self) -> str:
        """The test as it stands in its file, without what else stands in its class."""
        text = _source(self.module, self.test)
        if self.owner is None:
            return text
        return "\n".join((f"class {self.owner.name}:", *(f"    {row}" for row in text.split("\n"))))


def sample_tests(code: ProjectCode, definition: Definition) -> tuple[str, ...]:
    """Two tests with their file's imports: those that name the target's function before others.

    Of these come first those that need nothing but imports, as a test that is written has to.
    """
    found = [
        (definition.node.name not in sample.text, bool(sample.helpers), number, sample)
        for number, module in enumerate(code.test_modules())
        for sample in _samples(module)
    ]
    found.sort(key=lambda each: (*each[:3], each[3].test.lineno))
    told: list[str] = []
    shown: set[object] = set()
    for *_, sample in found[:TESTS]:
        module = sample.module
        head = [] if module.path in shown else [f"# {module.path}", *_imports(module), ""]
        for helper in sample.helpers:
            if helper not in shown:
                head += [_source(module, helper), ""]
        shown |= {module.path, *sample.helpers}
        told.append("\n".join((*head, sample.text)))
    return tuple(told)


def _samples(module: PythonModule) -> Iterator[Sample]:
    """The tests of a file that are short enough, also those of its classes."""
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef)]
    everything: list[tuple[ast.stmt, ast.ClassDef | None]] = [(n, None) for n in module.tree.body]
    everything += [(node, owner) for owner in classes for node in owner.body]
    for node, owner in everything:
        if not isinstance(node, FUNCTIONS) or not node.name.startswith("test"):
            continue
        helpers = _helpers(module, node)
        if sum(map(_length, (node, *helpers))) <= LINES:
            yield Sample(module, node, owner, helpers)


def _helpers(module: PythonModule, test: ast.stmt) -> tuple[ast.stmt, ...]:
    """What a test uses that is defined at the top of its file, and what that uses."""
    defined = {name: node for node in module.tree.body for name in _defined(node)}
    used: list[ast.stmt] = []
    waiting: list[ast.stmt] = [test]
    while waiting:
        for name in _names(waiting.pop()):
            node = defined.get(name)
            if node is not None and node is not test and node not in used:
                used.append(node)
                waiting.append(node)
    return tuple(sorted(used, key=lambda node: node.lineno))


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (each.id for each in targets if isinstance(each, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _names(node: ast.AST) -> Iterator[str]:
    """The names that stand in code, and those of its parameters: they may be fixtures."""
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield name


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - _first(node) + 1


def _source(module: PythonModule, node: ast.stmt) -> str:
    return dedent("\n".join(module.lines[_first(node) - 1 : node.end_lineno]))


def _imports(module: PythonModule) -> list[str]:
    found = [
        line
        for node in module.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in module.lines[node.lineno - 1 : node.end_lineno]
    ]
    return found[:IMPORTS]
