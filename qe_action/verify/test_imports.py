"""The imports of tests: what a file lacks, how lines of them look, names that clash. Pure."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from qe_action.verify.own_names import helpers, with_other_name

WIDTH = 88
"""Characters of the longest import line; formatters agree on no number, most take this one."""
_LIBRARIES = frozenset({"pytest", "hypothesis", "numpy", "pandas", "freezegun", "attr", "attrs"})
"""What tests import beside the project; formatters put it between standard library and project."""


@dataclass(frozen=True)
class Part:
    """One test and the imports it needs."""

    name: str
    code: str
    imports: tuple[str, ...]


class Imported(NamedTuple):
    """One imported name; `module` is None for `import name`."""

    module: str | None
    name: str
    alias: str

    def text(self) -> str:
        return self.name if self.alias == self.name else f"{self.name} as {self.alias}"

    @property
    def binds(self) -> str:
        """The name that the file has by it."""
        return self.alias if self.module is not None else self.alias.partition(".")[0]

    def same(self, other: Imported | None) -> bool:
        """Whether the name means the same by both."""
        if other is None or self.module != other.module:
            return False
        if self.module is None and self.alias == self.name and other.alias == other.name:
            return self.binds == other.binds
        return self.name == other.name


def wanted(part: Part) -> Iterable[Imported]:
    """The names that a test imports."""
    for line in part.imports:
        for node in ast.parse(line).body:
            yield from _names(node)


def missing(tree: ast.Module, parts: Sequence[Part]) -> set[Imported]:
    """The names that the file does not import at its top.

    A `__future__` can't be added below other imports; no test is about annotations.
    """
    present = {name for node in tree.body for name in _names(node)}
    lacking = {name for part in parts for name in wanted(part)} - present
    return {name for name in lacking if name.module != "__future__"}


def lines(names: Iterable[Imported]) -> list[str]:
    """Import lines, one a module, in the order that formatters give them."""
    modules: dict[str | None, list[str]] = {}
    for name in sorted(names, key=lambda name: (name.module or "", name.name, name.alias)):
        modules.setdefault(name.module, []).append(name.text())
    found = [f"import {name}" for name in modules.pop(None, [])]
    found += [_line(module or "", imported) for module, imported in modules.items()]
    return sorted(found, key=order)


def sections(names: Iterable[Imported]) -> str:
    """All import lines of a file: the standard library, libraries, the project."""
    groups: dict[int, list[Imported]] = {}
    for name in names:
        groups.setdefault(section(name), []).append(name)
    return "\n\n".join("\n".join(lines(groups[number])) for number in sorted(groups))


def fitted(
    taken: Mapping[str, Imported | None], parts: Sequence[Part], text: str = ""
) -> Iterator[Part]:
    """The tests under names that the file does not have yet, and with imports that hide none.

    What is beside a test gets another name too, unless the file's `text` has the very same.

    Raises ValueError where something beside a test needs another name and can't have one.
    """
    names = dict(taken)
    made = helpers(text, "")
    for part in parts:
        code, imports = part.code, []
        for one in wanted(part):
            found = one
            if one.binds in names and not one.same(names[one.binds]):
                found = _known(one, names) or one._replace(alias=_another(one, names))
                code = _with_name(code, one.binds, found.alias) if one.module else code
                found = found if one.module else one
            names[found.binds] = found
            imports.append(_statement(found))
        for helper, how in helpers(code, part.name).items():
            own = helper
            if helper in names and made.get(helper) != how:
                own = _free(helper, names)
                code = with_other_name(code, helper, own)
            names[own] = None
            made[own] = how if own == helper else ""
        name = _free(part.name, names)
        names[name] = None
        yield replace(part, name=name, code=renamed(code, part.name, name), imports=tuple(imports))


def _known(one: Imported, names: Mapping[str, Imported | None]) -> Imported | None:
    """The same under a name that the file has for it."""
    return next((name for name in names.values() if name and name.same(one)), None)


def _free(name: str, taken: Mapping[str, object]) -> str:
    """The name, with a number where it is taken; one that numbers another counts on."""
    base, _, last = name.rpartition("_")
    found, number = name, 1
    if name in taken and last.isdigit() and base in taken:
        name, number = base, int(last)
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def bound_at_top(tree: ast.Module) -> dict[str, Imported | None]:
    """The names that a file has: what is imported by them, None for what is not imported."""
    found: dict[str, Imported | None] = {}
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {name.binds: name for name in _names(node)}
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found[node.id] = None
            waiting += ast.iter_child_nodes(node)
    return found


def renamed(code: str, old: str, new: str) -> str:
    """A test's source under another name."""
    if old == new:
        return code
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in ast.parse(code).body:
        if isinstance(node, kinds) and node.name == old:
            rows = code.split("\n")
            row = rows[node.lineno - 1]
            at = row.index(old, node.col_offset)
            rows[node.lineno - 1] = row[:at] + new + row[at + len(old) :]
            return "\n".join(rows)
    return code


def _names(node: ast.stmt) -> Iterable[Imported]:
    match node:
        case ast.Import(names=names):
            return [Imported(None, alias.name, alias.asname or alias.name) for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            source = "." * level + (module or "")
            return [Imported(source, alias.name, alias.asname or alias.name) for alias in names]
    return []


def _statement(name: Imported) -> str:
    return f"import {name.text()}" if name.module is None else _line(name.module, [name.text()])


def _another(name: Imported, taken: Mapping[str, object]) -> str:
    """Another name for what is imported: with its module's, then with a number."""
    base = f"{(name.module or '').strip('.').rpartition('.')[2] or 'the'}_{name.name}"
    found, number = base, 1
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    return found


def _with_name(code: str, old: str, new: str) -> str:
    """The source with another name for what it imports, unless it has the name itself."""
    tree = ast.parse(code)
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == old]
    own = any(isinstance(node, ast.arg) and node.arg == old for node in ast.walk(tree))
    if own or any(isinstance(node.ctx, ast.Store) for node in uses):
        return code
    rows = [line.encode() for line in code.split("\n")]
    for node in sorted(uses, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        row, at = rows[node.lineno - 1], node.col_offset
        rows[node.lineno - 1] = row[:at] + new.encode() + row[at + len(old.encode()) :]
    return b"\n".join(rows).decode()


def section(name: Imported) -> int:
    """Which part of a file's imports a name belongs to: formatters put them in this order."""
    top = (name.name if name.module is None else name.module).partition(".")[0]
    if top == "__future__":
        return 0
    if top in sys.stdlib_module_names:
        return 1
    return 2 if top in _LIBRARIES else 3


def order(line: str) -> tuple[bool, str]:
    """Where an import line stands in its section."""
    return line.startswith("from"), line


def _line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
