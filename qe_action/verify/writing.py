"""Tests as the text of a file: a new one, or more lines for one that is there. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH = 88
"""Characters of the longest import line; formatters agree on no number, most take this one."""


@dataclass(frozen=True)
class Part:
    """One test and the imports it needs."""

    name: str
    code: str
    imports: tuple[str, ...]


def new_file(parts: Sequence[Part], head: str = "") -> str:
    """A file of these tests; the head is its first comment or docstring."""
    parts = list(_renamed("", parts))
    imports = _lines({name for part in parts for name in _wanted(part)})
    blocks = [head.rstrip(), "\n".join(imports), *(f"\n{part.code.strip()}" for part in parts)]
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def appended(text: str, parts: Sequence[Part]) -> str:
    """The file with these tests at its end and the imports it lacks; its lines stay as they are."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    missing = _lines(_missing(text, parts))
    at = _end_of_imports(text)
    head = [f"{line}{newline}" for text in missing for line in text.split("\n")]
    if head and at == 0:
        head.append(newline)
    end = [newline, newline]
    for part in _renamed(text, parts):
        end += [f"{line}{newline}" for line in part.code.strip().split("\n")]
        end += [newline, newline]
    return "".join((*lines[:at], *head, *lines[at:], *end[:-2]))


def _import_order(line: str) -> tuple[bool, bool, str]:
    return not line.startswith("from __future__"), line.startswith("from"), line


class _Name(NamedTuple):
    """One imported name; `module` is None for `import name`."""

    module: str | None
    name: str
    alias: str

    def text(self) -> str:
        return self.name if self.alias == self.name else f"{self.name} as {self.alias}"


def _wanted(part: Part) -> Iterable[_Name]:
    for line in part.imports:
        for node in ast.parse(line).body:
            yield from _names(node)


def _missing(text: str, parts: Sequence[Part]) -> set[_Name]:
    """The names that the file does not import at its top."""
    present = {name for node in ast.parse(text).body for name in _names(node)}
    return {name for part in parts for name in _wanted(part)} - present


def _names(node: ast.stmt) -> Iterable[_Name]:
    match node:
        case ast.Import(names=names):
            return [_Name(None, alias.name, alias.asname or alias.name) for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            source = "." * level + (module or "")
            return [_Name(source, alias.name, alias.asname or alias.name) for alias in names]
    return []


def _lines(names: Iterable[_Name]) -> list[str]:
    """Import lines, one a module, in the order that formatters give them."""
    modules: dict[str | None, list[str]] = {}
    for name in sorted(names, key=lambda name: (name.module or "", name.name, name.alias)):
        modules.setdefault(name.module, []).append(name.text())
    lines = [f"import {name}" for name in modules.pop(None, [])]
    lines += [_line(module or "", imported) for module, imported in modules.items()]
    return sorted(lines, key=_import_order)


def _line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _end_of_imports(text: str) -> int:
    """How many lines stand before the place for a new import: after the last, or the docstring."""
    end = 0
    for number, node in enumerate(ast.parse(text).body):
        docstring = number == 0 and isinstance(node, ast.Expr)
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            end = node.end_lineno or end
        else:
            break
    return end


def _renamed(text: str, parts: Sequence[Part]) -> Iterable[Part]:
    """The tests under names that the file does not have yet."""
    taken = set(re.findall(r"^(?:async )?(?:def|class) (\w+)", text, re.M))
    for part in parts:
        name, number = part.name, 1
        while name in taken:
            number += 1
            name = f"{part.name}_{number}"
        taken.add(name)
        yield Part(name, renamed(part.code, part.name, name), part.imports)


def renamed(code: str, old: str, new: str) -> str:
    """A test's source under another name."""
    return re.sub(rf"\b(def|class) {re.escape(old)}\b", rf"\1 {new}", code, count=1)
