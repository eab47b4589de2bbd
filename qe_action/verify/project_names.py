"""What the static checks of a test know of the project that it is for. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from qe_action.generators.permitted_modules import is_standard
from qe_action.verify.permitted_names import LIBRARIES

_FROM = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)", re.M)
_PLAIN = re.compile(rb"^[ \t]*import[ \t]+([^\n#;]+)", re.M)
_NAME = re.compile(rb"([\w.]+)(?:\s+as\s+(\w+))?")


@dataclass(frozen=True)
class ProjectNames:
    """`target` is the module that is tested, `allowed` the top-level names of the project and of
    the libraries it uses, `in_tests` the modules that its tests import. `fixtures` are the names
    that its tests and their fixtures go by, None where they are not known. `passed_on` says what
    the project's modules can be asked for that is not theirs: `shop.cart.os` is `os`.
    `defined` are the names that the target gives to something of its own.
    """

    target: str = ""
    allowed: frozenset[str] = frozenset()
    in_tests: frozenset[str] = frozenset()
    fixtures: frozenset[str] | None = None
    passed_on: Mapping[str, str] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()

    def meaning(self, name: str) -> str:
        """What a dotted name means: another one where a module of the project passes that on."""
        if not self.passed_on:
            return name
        parts = name.split(".")
        for end in range(2, len(parts) + 1):
            if found := self.passed_on.get(".".join(parts[:end])):
                return ".".join((found, *parts[end:]))
        return name

    def is_tested(self, name: str) -> bool:
        """Whether it is the dotted name of the target or of what is in it, also by its package."""
        if not self.target or not name:
            return False
        top, *rest = name.split(".")
        by_package = top == self.target.partition(".")[0] and not self.defined.isdisjoint(rest)
        return by_package or f".{self.target}." in f".{name}."


def passed_on(files: Mapping[str, bytes]) -> dict[str, str]:
    """The names of a project's modules that stand for what they have imported."""
    found: dict[str, str] = {}
    for path, data in files.items():
        names = dict(_of_others(data))
        if names:
            for module in _modules(path):
                found.update({f"{module}.{name}": meant for name, meant in names.items()})
    return found


def _of_others(data: bytes) -> Iterable[tuple[str, str]]:
    for module, names in _FROM.findall(data):
        base = module.decode("ascii", "replace")
        if _matters(base):
            for name, alias in _NAME.findall(names):
                yield (alias or name).decode("utf-8", "replace"), f"{base}.{name.decode()}"
    for line in _PLAIN.findall(data):
        for name, alias in _NAME.findall(line):
            whole = name.decode("utf-8", "replace")
            meant = whole if alias else whole.partition(".")[0]
            if _matters(whole):
                yield alias.decode("utf-8", "replace") or meant, meant


def _matters(module: str) -> bool:
    """Whether a test could reach outside by a module, or by names of it."""
    top = module.partition(".")[0]
    return is_standard(top) or top in LIBRARIES


def _modules(path: str) -> list[str]:
    """The names that a file may be imported by: with any of its folders as the one to start in."""
    parts = PurePosixPath(path).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return [".".join(parts[start:]) for start in range(len(parts))]


def defined_in(source: bytes) -> frozenset[str]:
    """The names that a source gives to functions, classes and attributes of its own."""
    found: set[str] = set()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name) | ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return frozenset(found)


@lru_cache(maxsize=4096)  # the project's are asked for by each target
def fixtures_in(text: str) -> frozenset[str]:
    """The names of a test file's functions and of their parameters."""
    found: set[str] = set()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            found |= {node.name, *(a.arg for a in (*arguments.args, *arguments.kwonlyargs))}
    return frozenset(found)
