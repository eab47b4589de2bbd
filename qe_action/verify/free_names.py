"""The names that a test's source uses and does not bind: built-in ones, and strays. Pure.

A test that is added to a file sees what that file has at its top. So a name that the test has
neither imported nor defined may mean anything there.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Sequence

from qe_action.verify.findings import Finding, at
from qe_action.verify.permitted_names import BUILTINS

_Scope = ast.Module | ast.ClassDef
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def forbidden_names(text: str, tree: ast.Module) -> Iterator[Finding]:
    """Where a name is used that is neither bound in the source nor a built-in one it may use."""
    top = symtable.symtable(text, "test", "exec")
    known = frozenset(_bound(tree))
    tables = tuple(_tables(top))
    wanted = {name for table in tables for name in _global(table, known)}
    scopes = (node for node in ast.walk(tree) if isinstance(node, _Scope))
    late = [node for scope in scopes for node in _too_early(scope, _used(scope, tables))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield at(node, "it changes names of its module")
        elif isinstance(node, ast.Name) and node.id in wanted:
            yield at(node, _said(node.id))
        elif isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            yield at(node, f"it imports every name of {node.module}")
    for node in late:
        if node.id not in BUILTINS and (node.id not in known or hasattr(builtins, node.id)):
            yield at(node, _said(node.id))


def runs_when_imported(tree: ast.Module) -> Iterator[Finding]:
    """Where a module or a class does more than to import and to define."""
    for scope in ast.walk(tree):
        if isinstance(scope, _Scope):
            for node in scope.body:
                if not _only_defines(node, scope):
                    yield at(node, "it does something when it is imported")


def _only_defines(node: ast.stmt, scope: _Scope) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Pass):
        return isinstance(scope, ast.ClassDef)
    imports = isinstance(node, ast.Import | ast.ImportFrom) and isinstance(scope, ast.Module)
    return imports or isinstance(node, _DEFINES)


def _said(name: str) -> str:
    if hasattr(builtins, name) or name.startswith("__"):
        return f"it uses {name}"
    return f"it uses {name}, which it neither imports nor defines"


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _global(table: symtable.SymbolTable, known: frozenset[str]) -> Iterator[str]:
    """The names that a scope looks up outside of all functions, and does not find permitted."""
    if table.get_type() == "module":
        return
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if symbol.is_referenced() and symbol.is_global() and not {name} & (known | BUILTINS):
            yield name


def _too_early(scope: _Scope, used: set[str]) -> Iterator[ast.Name]:
    """The names that a module's or class's own statements use before any of them binds them."""
    bound: set[str] = set()
    for statement in scope.body:
        for node in immediate(statement):
            read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            if isinstance(node, ast.Name) and read and node.id in used - bound:
                yield node
        bound.update(_names_of(statement))


def _used(scope: _Scope, tables: Sequence[symtable.SymbolTable]) -> set[str]:
    """The names that are looked up in a scope itself, not in one within it."""
    place = ("top", 0) if isinstance(scope, ast.Module) else (scope.name, scope.lineno)
    return {
        symbol.get_name()
        for table in tables
        if (table.get_name(), table.get_lineno()) == place
        for symbol in table.get_symbols()
        if symbol.is_referenced()
    }


def immediate(node: ast.AST) -> Iterator[ast.AST]:
    """All that runs together with a statement: no bodies of functions, and no other class's."""
    yield node
    if isinstance(node, _OWN_SCOPE):
        inner: Sequence[ast.AST] = [*getattr(node, "decorator_list", ()), node.args]
    elif isinstance(node, ast.ClassDef):
        inner = [*node.decorator_list, *node.bases, *node.keywords]
    else:
        inner = list(ast.iter_child_nodes(node))
    for child in inner:
        yield from immediate(child)


def _bound(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        yield from _names_of(statement)


def _names_of(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement surely binds."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (a.asname or a.name.partition(".")[0] for a in names)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            for target in targets:
                yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name
