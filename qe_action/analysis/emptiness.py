"""Functions that do nothing of their own, and the classes that leave them to others. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef
_ABSTRACT = frozenset(["ABC", "ABCMeta", "Protocol"])


def is_empty(node: ast.AST) -> bool:
    """Whether a function is declared only: `pass`, `...`, a docstring, `NotImplementedError`.

    Overloads and the members of protocols are such, too.
    """
    return isinstance(node, Function) and all(map(_does_nothing, node.body))


def _does_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name() | ast.Attribute() | ast.Call() as error):
            called = error.func if isinstance(error, ast.Call) else error
            return ast.unparse(called).rpartition(".")[2] == "NotImplementedError"
    return False


def empty_lines(tree: ast.Module) -> frozenset[int]:
    """The lines of the bodies of all empty functions."""
    return frozenset(
        line
        for node in ast.walk(tree)
        if isinstance(node, Function) and is_empty(node)
        for line in range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
    )


def left_to_subclasses(tree: ast.Module) -> frozenset[str]:
    """The classes of a module's top that are no more than the base of others.

    They are declared abstract, have or inherit a method that raises `NotImplementedError`, or have
    an empty one that another class of the module fills.
    """
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = {name for name, node in classes.items() if _declared(node) or _lacks(node, classes)}
    for node in classes.values():
        own = {child.name for child in node.body if isinstance(child, Function)}
        for base in bases(node, classes):
            if any(child.name in own for child in _empty(classes[base])):
                found.add(base)
    return frozenset(found)


def bases(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> Sequence[str]:
    """The classes of the module that one stands on, the nearest first."""
    found: list[str] = []
    waiting = list(node.bases)
    while waiting:
        base = waiting.pop(0)
        name = base.id if isinstance(base, ast.Name) else ""
        if name in classes and name not in found and name != node.name:
            found.append(name)
            waiting += classes[name].bases
    return found


def _declared(node: ast.ClassDef) -> bool:
    told = [*node.bases, *(word.value for word in node.keywords if word.arg == "metaclass")]
    names = {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in told}
    if "Protocol" in names:
        return True
    methods = [child for child in node.body if isinstance(child, Function)]
    marked = any("abstract" in ast.unparse(d) for child in methods for d in child.decorator_list)
    return marked and bool(names & _ABSTRACT)


def _lacks(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether a method of it, or of what it stands on, is there only to be filled."""
    filled: set[str] = set()
    for one in (node, *(classes[base] for base in bases(node, classes))):
        empty = [child for child in _empty(one) if child.name not in filled]
        if any(isinstance(part, ast.Raise) for child in empty for part in child.body):
            return True
        filled |= {child.name for child in one.body if isinstance(child, Function)}
    return False


def _empty(node: ast.ClassDef) -> Iterator[Function]:
    """The empty methods of a class; an empty constructor leaves nothing to others."""
    for child in node.body:
        if isinstance(child, Function) and is_empty(child) and child.name != "__init__":
            yield child
