"""Where the names of a test get their values: assignments, loops, cases, fixtures, calls. Pure."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

from qe_action.verify.binding_sites import (
    COLLECTIONS,
    UNKNOWN,
    Binding,
    bound_by,
    is_table,
    of_table,
)
from qe_action.verify.names import Function, Names, is_builtin
from qe_action.verify.project_names import ProjectNames

STEPS = 20_000
"""How often it is asked where a value comes from; who needs more is told that nobody knows."""


class TestText:
    """A test's source: what its names mean and where their values come from, in any scope."""

    __test__ = False

    def __init__(self, tree: ast.Module, around: ProjectNames) -> None:
        self.tree, self.around = tree, around
        self.names = Names(tree)
        self.nodes = tuple(ast.walk(tree))
        self.parents = {c: n for n in self.nodes for c in ast.iter_child_nodes(n)}
        self.functions = {n.name: n for n in self.nodes if isinstance(n, Function)}
        self._left = STEPS
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

    def goes_on(self) -> bool:
        """Count a step of a search for a value; whether there may be more of them."""
        self._left -= 1
        return self._left > 0

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
            for name, binding in bound_by(node):
                found[name].append(binding)
            if isinstance(node, Function):
                for name, binding in self._of_parameters(node, cases):
                    found[name].append(binding)
            elif isinstance(node, ast.Lambda):
                for argument in _parameters(node.args):
                    found[argument.arg].append(UNKNOWN)
        return found

    @cached_property
    def kept(self) -> dict[str, list[ast.expr]]:
        """The values that attributes, the names of classes and keywords are given."""
        found: dict[str, list[ast.expr]] = defaultdict(list)
        for node in self.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        if isinstance(target, ast.Attribute):
                            found[target.attr].append(value)
                case ast.AnnAssign(target=ast.Attribute(attr=attr), value=ast.expr() as value):
                    found[attr].append(value)
                case ast.keyword(arg=str(attr), value=value):
                    found[attr].append(value)
                case ast.ClassDef(body=body):
                    for statement in body:
                        for name, binding in bound_by(statement):
                            found[name] += [binding.node] if binding.node else []
        return found

    @cached_property
    def _cases(self) -> list[tuple[str, Binding]]:
        tables = (d for n in self.nodes for d in getattr(n, "decorator_list", ()) if is_table(d))
        return [case for table in tables for case in of_table(table)]

    def _of_parameters(self, function: Function, cases: set[str]) -> Iterator[tuple[str, Binding]]:
        run = is_run_by_pytest(function)
        for position, argument in enumerate(_parameters(function.args)):
            name = argument.arg
            if name in ("self", "cls"):
                continue
            if default := _default(function.args, argument):
                yield name, Binding("value", default)
            if not self._is_fixture(function):
                yield from ((name, found) for found in self._given(function, position, name))
            if run and name in self.functions:
                yield from ((name, found) for found in results(self.functions[name]))
            elif run and name not in cases:
                yield name, Binding("fixture")

    def _is_fixture(self, function: Function) -> bool:
        """Whether nobody but pytest can call it."""
        decorators = map(_decorating, function.decorator_list)
        return any(self.meaning(one) == "pytest.fixture" for one in decorators)

    def _given(self, function: Function, position: int, name: str) -> Iterator[Binding]:
        """What the calls of a function give for a parameter."""
        method = not isinstance(self.parents.get(function), ast.Module | Function)
        if function.name in self._named or (method and not is_run_by_pytest(function)):
            yield UNKNOWN
        for decorator in function.decorator_list:
            if not self.meaning(_decorating(decorator)):
                yield UNKNOWN  # it may call the function with anything
        for node in self._uses.get(function.name, ()):
            call = self.call_of(node)
            if call is None or any(isinstance(a, ast.Starred) for a in call.args):
                yield UNKNOWN
            elif position < len(call.args):
                yield Binding("value", call.args[position])
            else:
                by_name = [k.value for k in call.keywords if k.arg in (name, None)]
                yield from (Binding("value", value) for value in by_name)

    @cached_property
    def _named(self) -> frozenset[str]:
        """The attributes and the strings of the source: ways to a function but by its own name."""
        texts = (n.value for n in self.nodes if isinstance(n, ast.Constant))
        attributes = {n.attr for n in self.nodes if isinstance(n, ast.Attribute)}
        return frozenset(attributes | {text for text in texts if isinstance(text, str)})

    @cached_property
    def _uses(self) -> dict[str, list[ast.Name]]:
        found: dict[str, list[ast.Name]] = defaultdict(list)
        for node in self.nodes:
            if isinstance(node, ast.Name):
                found[node.id].append(node)
        return found

    def texts(self, node: ast.expr | None, depth: int = 8) -> list[str] | None:
        """The strings that an expression can be; None where they don't stand in the source."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [node.value]
        if not isinstance(node, ast.Name) or not depth or not self.goes_on():
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
        if binding.kind == "item" and isinstance(binding.node, COLLECTIONS):
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


def _decorating(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


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
