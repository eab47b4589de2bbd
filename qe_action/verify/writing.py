"""Tests as the text of a file: a new one, or more lines for one that is there. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One test and the imports it needs."""

    name: str
    code: str
    imports: tuple[str, ...]


def new_file(parts: Sequence[Part], head: str = "") -> str:
    """A file of these tests; the head is its first comment or docstring."""
    parts = list(_renamed("", parts))
    imports = sorted({line for part in parts for line in part.imports}, key=_import_order)
    blocks = [head.rstrip(), "\n".join(imports), *(f"\n{part.code.strip()}" for part in parts)]
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def appended(text: str, parts: Sequence[Part]) -> str:
    """The file with these tests at its end and the imports it lacks; its lines stay as they are."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    missing = sorted(_missing(text, parts), key=_import_order)
    at = _end_of_imports(text)
    head = [f"{line}{newline}" for line in missing]
    if head and at == 0:
        head.append(newline)
    end = [newline, newline]
    for part in _renamed(text, parts):
        end += [f"{line}{newline}" for line in part.code.strip().split("\n")]
        end += [newline, newline]
    return "".join((*lines[:at], *head, *lines[at:], *end[:-2]))


def _import_order(line: str) -> tuple[bool, bool, str]:
    return not line.startswith("from __future__"), line.startswith("from"), line


def _missing(text: str, parts: Sequence[Part]) -> set[str]:
    """The imports that the file does not have at its top."""
    present = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            present |= set(_names(node))
    wanted = {line for part in parts for line in part.imports}
    return {
        line for line in wanted if not all(set(_names(node)) <= present for node in _imports(line))
    }


def _imports(line: str) -> Iterable[ast.Import | ast.ImportFrom]:
    return [node for node in ast.parse(line).body if isinstance(node, ast.Import | ast.ImportFrom)]


def _names(node: ast.Import | ast.ImportFrom) -> Iterable[tuple[str, str, str]]:
    module = f"{'.' * node.level}{node.module or ''}" if isinstance(node, ast.ImportFrom) else ""
    return [(module, alias.name, alias.asname or alias.name) for alias in node.names]


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
