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

_FROM = re.compile(rb"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^()]*\)|[^\n#;]*)", re.M)
_PLAIN = re.compile(rb"^[ \t]*import[ \t]+([^\n#;]+)", re.M)
_NAME = re.compile(rb"([\w.]+)(?:\s+as\s+(\w+))?")
_ALIAS = re.compile(rb"^(\w+)[ \t]*=[ \t]*([A-Za-z_][\w.]*)[ \t]*(?:#.*)?\r?$", re.M)
_HANDS = 5
"""From how many modules to the next a name is followed."""


@dataclass(frozen=True)
class ProjectNames:
    """`target` is the module that is tested, `allowed` the top-level names of the project and of
    the libraries it uses, `in_tests` the modules that its tests import. `fixtures` are the names
    that its tests and their fixtures go by, None where they are not known. `passed_on` says what
    the project's modules can be asked for that is not theirs: `shop.cart.os` is `os`.
    `defined` are the names that the target gives to something of its own, `shared` the fixtures
    that tests beside the test ask for, or get.
    """

    target: str = ""
    allowed: frozenset[str] = frozenset()
    in_tests: frozenset[str] = frozenset()
    fixtures: frozenset[str] | None = None
    passed_on: Mapping[str, str] = field(default_factory=dict)
    defined: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

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
    """The names of a project's modules that stand for what they have imported, or another has."""
    found: dict[str, str] = {}
    inner: list[tuple[str, str, str]] = []
    tops = {part for path in files for part in PurePosixPath(path).with_suffix("").parts}
    for path, data in files.items():
        module, *others = _modules(path)
        base = module if path.endswith("__init__.py") else module.rpartition(".")[0]
        for name, meant in _given(data, module, base):
            if _matters(meant):
                found.update({f"{one}.{name}": meant for one in (module, *others)})
            elif meant.partition(".")[0] in tops:
                inner.append((path, name, meant))
    for _ in range(_HANDS):
        more = [(*one, known) for one in inner if (known := _known(one[2], found))]
        for path, name, _, meant in more:
            found.update({f"{one}.{name}": meant for one in _modules(path)})
        done = {one[:3] for one in more}
        inner = [one for one in inner if one not in done]
        if not more:
            break
    return found


def _known(name: str, found: Mapping[str, str]) -> str:
    """What a name means by what another module has imported; empty where it is no such name."""
    parts = name.split(".")
    for end in range(2, len(parts) + 1):
        if meant := found.get(".".join(parts[:end])):
            return ".".join((meant, *parts[end:]))
    return ""


def _given(data: bytes, module: str, base: str) -> Iterable[tuple[str, str]]:
    """The names that a module gets by importing and by `name = another`, with what they mean."""
    for source, names in _FROM.findall(data):
        whole = source.decode("ascii", "replace")
        above = whole.lstrip(".")
        if whole != above:
            parts = base.split(".")
            kept = parts[: len(parts) - (len(whole) - len(above)) + 1]
            whole = ".".join(part for part in (*kept, above) if part)
        for name, alias in _NAME.findall(names):
            yield _text(alias or name), f"{whole}.{_text(name)}"
    for line in _PLAIN.findall(data):
        for name, alias in _NAME.findall(line):
            meant = _text(name) if alias else _text(name).partition(".")[0]
            if alias or _matters(_text(name)):
                yield _text(alias) or meant, meant
    for name, other in _ALIAS.findall(data):
        yield _text(name), f"{module}.{_text(other)}"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


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
