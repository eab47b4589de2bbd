"""Gathers what each scope of a Python source binds and uses, in one walk over its tree.

The walk is a loop, so nesting can't exhaust the stack, and it ignores the order of statements:
a name stands for everything that is ever assigned to it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from qe_action.analysis.graph.imports import Import
from qe_action.analysis.graph.scopes import (
    CALL,
    LITERALS,
    MODULE,
    Bound,
    Load,
    Local,
    Scope,
    Source,
    decorator_names,
    flatten,
)
from qe_action.analysis.python_module import FUNCTIONS, DefinitionNode, FunctionNode

_DISPLAYS = (ast.List, ast.Tuple, ast.Dict, ast.Set)
# Neither loads nor stores of names, and annotations are not run.
_SKIPPED = {"ctx", "op", "ops", "type_comment", "annotation", "returns", "type_params", "kind"}


def scopes_of(tree: ast.Module) -> list[Scope]:
    """All scopes of a module, outer before inner; lambdas and comprehensions are no scopes."""
    scopes = [Scope(MODULE, tree)]
    for scope in scopes:
        scopes.extend(_Walk(scope).run())
    return scopes


class _Walk:
    """One pass over the nodes of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.inner: list[Scope] = []
        # A class body runs in the function or module around it.
        self.runs_in = scope
        while self.runs_in.is_class and self.runs_in.parent is not None:
            self.runs_in = self.runs_in.parent
        self.loads = self.runs_in.loads
        self.stack: list[Any] = []
        self.guarded: list[ast.AST] = []

    def run(self) -> list[Scope]:
        """Fills the scope; gives the scopes directly inside it."""
        node = self.scope.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._bind_parameters(node)
        self._drain(node.body)
        self.loads = self.scope.main
        self._drain(self.guarded)
        top = self.scope.module().names
        for name in self.scope.outer & self.scope.names.keys():
            top.setdefault(name, []).extend(self.scope.names.pop(name))
        return self.inner

    def _drain(self, nodes: Iterable[ast.AST]) -> None:
        stack = self.stack
        stack.extend(nodes)
        while stack:
            node = stack.pop()
            kind = type(node)
            handle = _HANDLERS.get(kind)
            if handle is not None:
                handle(self, node)
                continue
            for name in _FIELDS[kind] if kind in _FIELDS else _fields(kind):
                value = getattr(node, name, None)
                # What else is in a field (a text, None) has no fields of its own.
                if type(value) is list:
                    stack += value
                else:
                    stack.append(value)

    def bind(self, name: str, source: Source | None) -> None:
        """Note one more thing that a name stands for; None where that can't be told."""
        sources = self.scope.names.setdefault(name, [])
        if source is not None:
            sources.append(source)

    def _bind_parameters(self, node: FunctionNode) -> None:
        scope = self.scope
        listed = [*node.args.posonlyargs, *node.args.args]
        if scope.owner and listed and "staticmethod" not in _last_names(node):
            scope.receiver = listed[0].arg
        rest = [each for each in (node.args.vararg, node.args.kwarg) if each]
        for each in (*listed, *node.args.kwonlyargs):
            hint = each.annotation
            self.bind(each.arg, Bound(scope.outside, hint, annotation=True) if hint else None)
        for each in rest:
            self.bind(each.arg, None)

    def name(self, node: ast.Name) -> None:
        self.loads.append(Load(node.id, ()))

    def use(self, node: ast.expr) -> None:
        """An attribute, call, item or await in its longest form."""
        head, steps, aside = flatten(node)
        self.stack.extend(aside)
        if isinstance(head, ast.Name):
            self.loads.append(Load(head.id, steps))
            return
        self.stack.append(head)
        if not isinstance(head, LITERALS):
            self.runs_in.blind += steps.count(CALL)

    def definition(self, node: DefinitionNode) -> None:
        scope = self.scope
        name = scope.prefix + node.name
        self.bind(node.name, Local(name))
        self.stack.extend(node.decorator_list)
        if isinstance(node, ast.ClassDef):
            self.stack.extend((*node.bases, *node.keywords))
        else:
            self._defaults(node.args)
        owner = scope if scope.is_class and not isinstance(node, ast.ClassDef) else None
        self.inner.append(Scope(name, node, scope, owner))

    def _defaults(self, arguments: ast.arguments) -> None:
        self.stack.extend(arguments.defaults)
        self.stack.extend(each for each in arguments.kw_defaults if each)

    def function_without_name(self, node: ast.Lambda) -> None:
        """A lambda's body counts as run where it stands."""
        self._defaults(node.args)
        for each in ast.walk(node.args):
            if isinstance(each, ast.arg):
                self.bind(each.arg, None)
        self.stack.append(node.body)

    def assignment(self, node: ast.Assign) -> None:
        self.stack.append(node.value)
        for target in node.targets:
            self._assign(target, Bound(self.scope, node.value))

    def annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.stack.append(node.value)
        self._assign(node.target, Bound(self.scope, node.annotation, annotation=True))
        if node.value is not None and isinstance(node.target, ast.Name):
            self._hold(node.target.id, node.value)

    def walrus(self, node: ast.NamedExpr) -> None:
        self.stack.append(node.value)
        self._assign(node.target, Bound(self.scope, node.value))

    def loop(self, node: ast.For | ast.AsyncFor | ast.comprehension) -> None:
        self.stack.append(node.iter)
        self._assign(node.target, Bound(self.scope, node.iter, items=True))
        if isinstance(node, ast.comprehension):
            self.stack.extend(node.ifs)
        else:
            self.stack.extend((*node.body, *node.orelse))

    def context(self, node: ast.withitem) -> None:
        """`with value as name`."""
        self.stack.append(node.context_expr)
        if node.optional_vars is not None:
            self._assign(node.optional_vars, Bound(self.scope, node.context_expr, entered=True))

    def _assign(self, target: ast.expr, source: Bound | None) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, source)
            if source is not None and not source.annotation:
                self._hold(target.id, source.value)
        elif isinstance(target, ast.Attribute) and _is_receiver(self.scope, target.value):
            assert self.scope.owner is not None
            sources = self.scope.owner.names.setdefault(target.attr, [])
            if source is not None:
                sources.append(source)
        elif isinstance(target, ast.Tuple | ast.List):
            for each in target.elts:
                self._assign(each, None)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None)
        else:
            self.stack.append(target)

    def _hold(self, name: str, value: ast.expr) -> None:
        """What a table holds that stands at module level or in a class body."""
        if isinstance(value, _DISPLAYS) and not isinstance(self.scope.node, FUNCTIONS):
            items = value.values if isinstance(value, ast.Dict) else value.elts
            self.scope.held.setdefault(name, []).extend(items)

    def handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name, None)
        self.stack += (node.type, *node.body)

    def pattern(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.bind(name, None)
        if isinstance(node, ast.MatchMapping):
            self.stack += (*node.keys, *node.patterns)
        elif isinstance(node, ast.MatchAs):
            self.stack.append(node.pattern)

    def plain_import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.bind(alias.asname, Import(0, alias.name))
            else:
                top = alias.name.partition(".")[0]
                self.bind(top, Import(0, top))

    def import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            source = Import(node.level, node.module or "", alias.name)
            if alias.name == "*":
                self.scope.stars.append(source)
            else:
                self.bind(alias.asname or alias.name, source)

    def declaration(self, node: ast.Global) -> None:
        self.scope.outer.update(node.names)

    def returning(self, node: ast.Return) -> None:
        if node.value is not None:
            self.scope.returns.append(node.value)
            self.stack.append(node.value)

    def yielding(self, node: ast.Yield | ast.YieldFrom) -> None:
        self.scope.yields = True
        self.stack.append(node.value)

    def condition(self, node: ast.If) -> None:
        self.stack.append(node.test)
        body = self.guarded if self.scope.parent is None and _is_guard(node.test) else self.stack
        body.extend(node.body)
        self.stack.extend(node.orelse)


def _last_names(node: DefinitionNode) -> set[str]:
    return {last for _, last, _ in decorator_names(node)}


def _is_receiver(scope: Scope, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and scope.receiver == node.id


def _is_guard(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    match test:
        case ast.Compare(
            ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]
        ) | ast.Compare(ast.Constant("__main__"), [ast.Eq()], [ast.Name("__name__")]):
            return True
    return False


def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a node type in which nodes can be that run."""
    names = getattr(kind, "_fields", ()) if kind is not ast.Constant else ()
    found = _FIELDS[kind] = tuple(name for name in names if name not in _SKIPPED)
    return found


_FIELDS: dict[type, tuple[str, ...]] = {}
_HANDLERS: dict[type, Callable[[_Walk, Any], None]] = {
    ast.FunctionDef: _Walk.definition,
    ast.AsyncFunctionDef: _Walk.definition,
    ast.ClassDef: _Walk.definition,
    ast.Lambda: _Walk.function_without_name,
    ast.Name: _Walk.name,
    ast.Attribute: _Walk.use,
    ast.Call: _Walk.use,
    ast.Subscript: _Walk.use,
    ast.Await: _Walk.use,
    ast.Assign: _Walk.assignment,
    ast.AnnAssign: _Walk.annotated,
    ast.NamedExpr: _Walk.walrus,
    ast.For: _Walk.loop,
    ast.AsyncFor: _Walk.loop,
    ast.comprehension: _Walk.loop,
    ast.withitem: _Walk.context,
    ast.ExceptHandler: _Walk.handler,
    ast.MatchAs: _Walk.pattern,
    ast.MatchStar: _Walk.pattern,
    ast.MatchMapping: _Walk.pattern,
    ast.Import: _Walk.plain_import,
    ast.ImportFrom: _Walk.import_from,
    ast.Global: _Walk.declaration,
    ast.Return: _Walk.returning,
    ast.Yield: _Walk.yielding,
    ast.YieldFrom: _Walk.yielding,
    ast.If: _Walk.condition,
}
