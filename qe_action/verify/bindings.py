"""Where the names of a test get their values: assignments, loops, cases, fixtures, calls. Pure."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from qe_action.verify.names import Function, Names, is_builtin
from qe_action.verify.surroundings import Surroundings

_COLLECTIONS = (ast.List, ast.Tuple, ast.Set)


class Binding(NamedTuple):
    """One way in which a name gets a value: that of `node`, an item of it, or what entering gives.

    A `fixture` has no node, and what else gives the value is `unknown`.
    """

    kind: Literal["value", "item", "entered", "fixture", "unknown"]
    node: ast.expr | None = None


UNKNOWN = Binding("unknown")


class TestText:
    """A test's source: what its names mean and where their values come from, in any scope."""

    __test__ = False

    def __init__(self, tree: ast.Module, around: Surroundings) -> None:
        self.tree, self.around = tree, around
        self.names = Names(tree)
        self.nodes = tuple(ast.walk(tree))
        self.parents = {c: n for n in self.nodes for c in ast.iter_child_nodes(n)}
        self.functions = {n.name: n for n in self.nodes if isinstance(n, Function)}
        self.classes = {n.name: n for n in self.nodes if isinstance(n, ast.ClassDef)}

    def meaning(self, node: ast.expr) -> str:
        """The full name of something that is imported, '' for all else."""
        root = origin(node) if not isinstance(node, ast.Call) else _looked_in(node)
        if not isinstance(root, ast.Name) or not self.names.is_module(root.id):
            return ""
        full = self.names.full(node) or ""
        return self.around.meaning(full) if full.partition(".")[0] in self._imported else ""

    @cached_property
    def _imported(self) -> frozenset[str]:
        """The top-level names of all modules that are imported."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
        return frozenset(found)

    def is_builtin(self, node: ast.Name) -> bool:
        """Whether a name is a built-in one: nothing in the source binds it."""
        name = node.id
        bound = name in self.bindings or name in self.functions or name in self.classes
        return not bound and not self.names.is_module(name) and is_builtin(name)

    def call_of(self, node: ast.expr) -> ast.Call | None:
        """The call of what an expression gives, None where it is not called."""
        call = self.parents.get(node)
        return call if isinstance(call, ast.Call) and call.func is node else None

    def is_whole(self, node: ast.expr) -> bool:
        """Whether a name is used as it is, and not to reach something in it."""
        outer = self.parents.get(node)
        return not (isinstance(outer, ast.Attribute) and outer.value is node)

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """All ways in which each name gets a value."""
        found: dict[str, list[Binding]] = defaultdict(list)
        cases = {name for name, _ in self._cases}
        for name, binding in self._cases:
            found[name].append(binding)
        for node in self.nodes:
            for name, binding in _bound_by(node):
                found[name].append(binding)
            if isinstance(node, Function):
                for name, binding in self._of_parameters(node, cases):
                    found[name].append(binding)
            elif isinstance(node, ast.Lambda):
                for argument in _parameters(node.args):
                    found[argument.arg].append(UNKNOWN)
        return found

    @cached_property
    def _cases(self) -> list[tuple[str, Binding]]:
        calls = (n for n in self.nodes if isinstance(n, ast.Call))
        return [case for call in calls if is_table(call) for case in _of_table(call)]

    def _of_parameters(self, function: Function, cases: set[str]) -> Iterator[tuple[str, Binding]]:
        for position, argument in enumerate(_parameters(function.args)):
            name = argument.arg
            if name in cases or name in ("self", "cls"):
                continue
            if default := _default(function.args, argument):
                yield name, Binding("value", default)
            if not is_run_by_pytest(function):
                yield from ((name, found) for found in self._given(function, position, name))
            elif name in self.functions:
                yield from ((name, found) for found in results(self.functions[name]))
            else:
                yield name, Binding("fixture")

    def _given(self, function: Function, position: int, name: str) -> Iterator[Binding]:
        """What the calls of a helper give for a parameter."""
        if not isinstance(self.parents.get(function), ast.Module | Function):
            yield UNKNOWN
            return
        for node in self.nodes:
            if not (isinstance(node, ast.Name) and node.id == function.name):
                continue
            call = self.parents.get(node)
            if not isinstance(call, ast.Call) or call.func is not node:
                yield UNKNOWN
                continue
            by_name = [k.value for k in call.keywords if k.arg in (name, None)]
            if any(isinstance(a, ast.Starred) for a in call.args):
                yield UNKNOWN
            elif position < len(call.args):
                yield Binding("value", call.args[position])
            else:
                yield from (Binding("value", value) for value in by_name)

    def texts(self, node: ast.expr | None, depth: int = 8) -> list[str] | None:
        """The strings that an expression can be; None where they don't stand in the source."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if not isinstance(node, ast.Name) or not depth:
            return None
        found: list[str] = []
        for binding in self.bindings.get(node.id, ()):
            values = self._values(binding)
            texts = [self.texts(value, depth - 1) for value in values or ()]
            if not values or None in texts:
                return None
            found += [text for some in texts for text in some or ()]
        return found or None

    def _values(self, binding: Binding) -> Sequence[ast.expr]:
        if binding.kind == "value" and binding.node is not None:
            return [binding.node]
        if binding.kind == "item" and isinstance(binding.node, _COLLECTIONS):
            return binding.node.elts
        return ()


def origin(node: ast.AST) -> ast.AST:
    """What an expression starts from: `shop` in `shop.cart.Cart(1).items[0]`."""
    while True:
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                node = inner
            case ast.Call(func=inner):
                node = inner
            case ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                node = inner
            case _:
                return node


def _looked_in(call: ast.Call) -> ast.AST:
    """The origin of what `getattr` and its like look into; that of what is called otherwise."""
    named = isinstance(call.func, ast.Name | ast.Attribute) and call.args
    return origin(call.args[0]) if named else origin(call)


def is_run_by_pytest(function: Function) -> bool:
    """Whether it is a test or a fixture, so that its parameters are fixtures."""
    marked = (ast.unparse(decorator) for decorator in function.decorator_list)
    return function.name.startswith("test") or any("fixture" in text for text in marked)


def is_table(call: ast.Call) -> bool:
    """Whether it is `pytest.mark.parametrize(...)`."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "parametrize"


def table_of(call: ast.Call) -> tuple[list[str], ast.expr | None]:
    """The names and the rows of a table of cases."""
    given = {k.arg: k.value for k in call.keywords}
    names = call.args[0] if call.args else given.get("argnames")
    rows = call.args[1] if len(call.args) > 1 else given.get("argvalues")
    match names:
        case ast.Constant(value=str(text)):
            return [name.strip() for name in text.split(",") if name.strip()], rows
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [str(i.value) for i in items if isinstance(i, ast.Constant)], rows
    return [], rows


def _of_table(call: ast.Call) -> Iterator[tuple[str, Binding]]:
    names, rows = table_of(call)
    if not isinstance(rows, _COLLECTIONS):
        yield from ((name, UNKNOWN) for name in names)
        return
    for row in rows.elts:
        cells: Sequence[ast.expr] = [row]
        if isinstance(row, ast.Call) and ast.unparse(row.func).endswith("param"):
            cells = row.args
        elif len(names) > 1:
            cells = row.elts if isinstance(row, _COLLECTIONS) else []
        for position, name in enumerate(names):
            there = position < len(cells)
            yield name, Binding("value", cells[position]) if there else UNKNOWN


def _bound_by(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(target, Binding("value", value))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _unpacked(target, Binding("value", value))
        case ast.NamedExpr(target=target, value=value):
            yield from _unpacked(target, Binding("value", value))
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
            whole = ast.BinOp(ast.Name(name, ast.Load()), op, value)
            yield name, Binding("value", ast.copy_location(whole, target))
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield from _unpacked(node.target, Binding("item", node.iter))
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _unpacked(target, Binding("entered", value))
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, UNKNOWN
        case ast.MatchMapping(rest=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name, UNKNOWN


def _unpacked(target: ast.expr, binding: Binding) -> Iterator[tuple[str, Binding]]:
    match target:
        case ast.Name(id=name):
            yield name, binding
        case ast.Starred(value=inner):
            yield from _unpacked(inner, UNKNOWN)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for at, item in enumerate(items):
                yield from _unpacked(item, _part(binding, at, len(items)))


def _part(binding: Binding, at: int, count: int) -> Binding:
    value = binding.node
    items = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    plain = len(items) == count and not any(isinstance(e, ast.Starred) for e in items)
    if binding.kind == "value" and plain:
        return Binding("value", items[at])
    if binding.kind == "item" and isinstance(value, _COLLECTIONS):
        rows = [row.elts for row in value.elts if isinstance(row, ast.Tuple | ast.List)]
        if len(rows) == len(value.elts) and all(len(row) == count for row in rows):
            return Binding("item", ast.Tuple([row[at] for row in rows], ast.Load()))
    return Binding("item", value) if binding.kind == "value" else UNKNOWN


def results(function: Function) -> Iterator[Binding]:
    """What a fixture of the test's own gives."""
    nodes = [n for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield)]
    for node in nodes:
        yield Binding("value", node.value) if node.value else UNKNOWN


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    more = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more]


def _default(arguments: ast.arguments, argument: ast.arg) -> ast.expr | None:
    """What a parameter is where a call says nothing of it."""
    plain = [*arguments.posonlyargs, *arguments.args]
    pairs = zip(plain[::-1], arguments.defaults[::-1], strict=False)
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return next((value for each, value in (*pairs, *named) if each is argument), None)
