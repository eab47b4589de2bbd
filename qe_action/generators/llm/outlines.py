"""Functions and classes in short: their signatures, documentation and fields. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qe_action.analysis.python_module import FUNCTIONS, Definition, PythonModule

DOCSTRING = 300
"""Characters of a docstring that are shown."""
CALL = 160
"""Characters of a call, or of a name's value."""
NAMES = 12
"""Statements that give a module's names."""
FIELDS = 20


def signature(definition: Definition) -> str:
    """A function as it is declared, with the beginning of its docstring."""
    if not definition.is_function:
        return outline(definition)
    return "\n".join(_declared(definition.node, definition.name))


def outline(definition: Definition) -> str:
    """A class in short: its bases, fields, and how its methods are declared."""
    node = definition.node
    if not isinstance(node, ast.ClassDef):
        return signature(definition)
    bases = [*map(_text, node.bases), *(f"{k.arg}={_text(k.value)}" for k in node.keywords)]
    lines = [*(f"@{_text(each)}" for each in node.decorator_list)]
    lines.append(
        f"class {definition.name}({', '.join(bases)}):" if bases else f"class {definition.name}:"
    )
    lines += _documented(node, "    ")
    fields = [_text(each) for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    lines += [f"    {field[:CALL]}" for field in fields[:FIELDS]]
    for each in node.body:
        if isinstance(each, FUNCTIONS) and (
            each.name == "__init__" or not each.name.startswith("_")
        ):
            lines += [f"    {line}" for line in _declared(each, each.name)[:FIELDS]]
    return "\n".join(lines)


def _declared(node: ast.AST, name: str) -> list[str]:
    assert isinstance(node, FUNCTIONS)
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {_text(node.returns)}" if node.returns else ""
    lines = [f"@{_text(each)}" for each in node.decorator_list]
    lines.append(f"{word} {name}({_text(node.args)}){returns}:")
    return lines + (_documented(node, "    ") or ["    ..."])


def _documented(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, indent: str
) -> list[str]:
    text = ast.get_docstring(node) or ""
    text = text.split("\n\n")[0][:DOCSTRING].strip()
    return [f"{indent}# {line}" for line in text.splitlines()]


def call_text(call: ast.Call) -> str:
    """A call as it is written; empty where it is too long to show anything."""
    text = _text(call)
    return text if 0 < len(text) <= CALL else ""


def imports_and_names(module: PythonModule, definition: Definition) -> tuple[str, ...]:
    """The imports, the values and the classes of a module that a definition uses."""
    used = {node.id for node in ast.walk(definition.node) if isinstance(node, ast.Name)}
    found = [
        text
        for node in module.tree.body
        if node is not definition.node
        and used & set(_bound(node))
        and 0 < len(text := _head(node)) <= CALL
    ]
    return ("\n".join(found[:NAMES]),) if found else ()


def _bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((each.asname or each.name).partition(".")[0] for each in names)
        case ast.Assign(targets=targets):
            yield from (each.id for each in targets if isinstance(each, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.ClassDef(name=name):
            yield name


def _head(node: ast.stmt) -> str:
    """A statement; of a class, how it begins."""
    if not isinstance(node, ast.ClassDef):
        return _text(node)
    bases = ", ".join(map(_text, node.bases))
    return f"class {node.name}({bases}): ..." if bases else f"class {node.name}: ..."


def _text(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return ""
