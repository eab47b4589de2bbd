"""Which assertions of a test can fail: those that are run, and don't hold whatever comes. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.verify.filled_values import is_filled, is_mutable
from qe_action.verify.names import Function, Names, assigned, bound, is_builtin

_ANY_ERROR = frozenset({"Exception", "BaseException"})
_SWALLOWS = _ANY_ERROR | {"AssertionError"}
_EXPECTING = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns"})
_SAME = frozenset({"assertEqual", "assertIs", "assertLessEqual", "assertGreaterEqual",
                   "assertAlmostEqual", "assertCountEqual", "assertListEqual"})  # fmt: skip
_OPPOSITES = {ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn, ast.Lt: ast.GtE,
              ast.Gt: ast.LtE}  # fmt: skip
_CONTAINERS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Lambda, ast.GeneratorExp)
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def assertions(tree: ast.AST) -> list[str]:
    """The assertions that can fail, as text, in the source's order."""
    return [text for function in _functions(tree) for text in _Reader(tree, function).found()]


def lacks_assertion(tree: ast.AST) -> str | None:
    """The first test function or method that has no assertion that can fail."""
    for function in _functions(tree):
        is_test = function.name.startswith("test") and not _is_nested(tree, function)
        if is_test and not _Reader(tree, function).found():
            return function.name
    return None


def _functions(tree: ast.AST) -> list[Function]:
    """The tests; functions inside them are looked at where they are called."""
    found = [node for node in ast.walk(tree) if isinstance(node, Function)]
    outer = [node for node in found if not _is_nested(tree, node)]
    return [node for node in outer if node.name.startswith("test")]


def _is_nested(tree: ast.AST, function: Function) -> bool:
    return any(
        function in ast.walk(other)
        for other in ast.walk(tree)
        if isinstance(other, Function) and other is not function
    )


class _Reader:
    """One test function: what its names are, and which of its statements are run."""

    def __init__(self, tree: ast.AST, function: Function) -> None:
        self._function = function
        self._names = Names(tree)
        self._helpers = {n.name: n for n in ast.walk(tree) if isinstance(n, Function)}
        names = list(bound(function))
        self._own = frozenset(names)
        self._constants: frozenset[str] = frozenset()
        single = [
            (name, value)
            for name, value in assigned(function)
            if names.count(name) == 1 and isinstance(value, ast.expr)
        ]
        for name, value in single:
            if not self._varies(value):
                self._constants |= {name}
        for name, value in single:
            mutable = name in self._constants and is_mutable(value)
            if self._varies(value) or (mutable and is_filled(name, function, self._changes)):
                self._constants -= {name}
        self._visited: set[str] = set()

    def found(self) -> list[str]:
        self._visited = {self._function.name}
        return list(self._of_block(self._function.body))

    def _of_block(self, block: Sequence[ast.stmt]) -> Iterator[str]:
        """The assertions of the statements that can be reached."""
        for statement in block:
            yield from self._of(statement)
            if isinstance(statement, _LEAVES):
                return

    def _of(self, statement: ast.stmt) -> Iterator[str]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return
            case ast.Assert(test=test) if self._can_fail(test):
                yield ast.unparse(statement)
            case ast.If(test=test, body=body, orelse=other):
                yield from () if self._is_false(test) else self._of_block(body)
                yield from () if self._is_true(test) else self._of_block(other)
            case ast.While(test=test, body=body, orelse=other):
                yield from () if self._is_false(test) else self._of_block(body)
                yield from self._of_block(other)
            case (
                ast.For(iter=values, body=body, orelse=other)
                | ast.AsyncFor(iter=values, body=body, orelse=other)
            ):
                yield from () if self._is_empty(values) else self._of_block(body)
                yield from self._of_block(other)
            case ast.With() | ast.AsyncWith():
                yield from self._of_with(statement)
            case ast.Try():
                yield from self._of_try(statement)
            case ast.Match(cases=cases):
                for case in cases:
                    yield from self._of_block(case.body)
            case _:
                yield from self._of_calls(statement)

    def _of_with(self, statement: ast.With | ast.AsyncWith) -> Iterator[str]:
        swallowed = False
        for item in statement.items:
            call = item.context_expr
            if self._expects_error(call) and not self._does_nothing(statement.body):
                yield ast.unparse(call)
            swallowed = swallowed or self._swallows(call)
        if not swallowed:
            yield from self._of_block(statement.body)

    def _of_try(self, statement: ast.Try) -> Iterator[str]:
        caught = any(self._catches(handler) for handler in statement.handlers)
        leaves = any(isinstance(n, _LEAVES[:1] + _LEAVES[2:]) for n in statement.finalbody)
        if not leaves:
            yield from () if caught else self._of_block(statement.body)
            yield from self._of_block(statement.orelse)
            for handler in statement.handlers:
                yield from self._of_block(handler.body)
        yield from self._of_block(statement.finalbody)

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        """Whether a failed assertion ends in this handler and goes no further."""
        if any(isinstance(node, ast.Raise) for node in ast.walk(handler)):
            return False
        if any("fail" in (self._names.full(n.func) or "") for n in _calls(handler)):
            return False
        return handler.type is None or self._is_wide(handler.type, _SWALLOWS)

    def _swallows(self, call: ast.expr) -> bool:
        """`contextlib.suppress(AssertionError)`, `pytest.raises(Exception)`."""
        if not isinstance(call, ast.Call):
            return False
        name = (self._names.full(call.func) or "").rpartition(".")[2]
        kinds = [*call.args, *(keyword.value for keyword in call.keywords)]
        return name in _EXPECTING | {"suppress"} and any(
            self._is_wide(kind, _SWALLOWS) for kind in kinds
        )

    def _is_wide(self, kind: ast.expr, names: frozenset[str]) -> bool:
        if isinstance(kind, ast.Tuple | ast.List):
            return any(self._is_wide(item, names) for item in kind.elts)
        return (self._names.full(kind) or "").rpartition(".")[2] in names

    def _of_calls(self, statement: ast.stmt) -> Iterator[str]:
        """`self.assertEqual(...)`, `mock.assert_called_with(...)`, and helpers with assertions."""
        for call in _calls(statement):
            full = self._names.full(call.func) or ""
            name = full.rpartition(".")[2]
            if isinstance(call.func, ast.Attribute):
                name = call.func.attr
            helper = self._helpers.get(full)
            if helper is not None:
                if helper.name not in self._visited:
                    self._visited.add(helper.name)
                    yield from self._of_block(helper.body)
            elif name in _EXPECTING:
                if len(call.args) > 1 and self._expects_error(call):
                    yield ast.unparse(call)
            elif name.startswith("assert") and self._method_can_fail(call, name):
                yield ast.unparse(call)

    def _method_can_fail(self, call: ast.Call, name: str) -> bool:
        if name.startswith(("assert_called", "assert_not_called", "assert_has_calls",
                            "assert_any_call", "assert_awaited")):  # fmt: skip
            return True
        if name in _SAME and len(call.args) > 1:
            first, second = call.args[:2]
            return self._varies(call) and ast.dump(first) != ast.dump(second)
        if name in {"assertTrue", "assertFalse"} and call.args:
            return self._can_fail(call.args[0])
        return any(map(self._varies, call.args))

    def _expects_error(self, call: ast.expr) -> bool:
        """`pytest.raises` of an error that not every mistake would raise."""
        if not isinstance(call, ast.Call):
            return False
        if (self._names.full(call.func) or "").rpartition(".")[2] not in _EXPECTING:
            return False
        matches = [keyword.value for keyword in call.keywords if keyword.arg == "match"]
        kinds = [*call.args[:1], *(k.value for k in call.keywords if k.arg != "match")]
        matched = any(not _matches_all(pattern) for pattern in matches)
        return bool(kinds) and (matched or not self._is_wide(kinds[0], _ANY_ERROR))

    def _does_nothing(self, body: Sequence[ast.stmt]) -> bool:
        """Nothing of the project is in it: it passes, says a constant, or raises by itself."""
        return all(isinstance(s, ast.Pass | ast.Raise) or not self._varies(s) for s in body)

    def _can_fail(self, test: ast.expr) -> bool:
        """Not a constant, not of constants alone, not `x == x`, not `... or True`."""
        match test:
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._varies(test) and not self._always(left, op, right)
            case ast.BoolOp(op=ast.Or(), values=values):
                return all(map(self._can_fail, values)) and not _opposites(values)
            case ast.BoolOp(op=ast.And(), values=values):
                return any(map(self._can_fail, values))
            case ast.IfExp(body=body, orelse=other):
                return self._can_fail(body) or self._can_fail(other)
            case ast.NamedExpr(value=value):
                return self._can_fail(value)
        return self._varies(test) and not self._is_always_true(test)

    def _is_always_true(self, test: ast.expr) -> bool:
        """By its form: a container, a generator, or a call that gives something in any case."""
        match test:
            case ast.Call(func=ast.Name(id=name)) if is_builtin(name) and name in self._own:
                return True  # the test's own `isinstance` says what it likes
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, ast.Name(id="object")]):
                return True
            case ast.Call(func=ast.Name(id="repr" | "type" | "id" | "object")):
                return True
        return isinstance(test, _CONTAINERS)

    def _always(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
        """Whether a comparison holds whatever the project does."""
        same = ast.dump(left) == ast.dump(right) and not self._makes_object(left)
        if isinstance(op, ast.Eq | ast.Is | ast.LtE | ast.GtE) and same:
            return True
        if any((self._names.full(side) or "").endswith("mock.ANY") for side in (left, right)):
            return isinstance(op, ast.Eq)
        length = isinstance(left, ast.Call) and self._names.full(left.func) == "len"
        value = right.value if isinstance(right, ast.Constant) else None
        return length and isinstance(op, ast.GtE) and value == 0

    def _makes_object(self, value: ast.expr) -> bool:
        """`Name(1)`: two of them are equal, or have one hash, if the class says so."""
        names = [(self._names.full(call.func) or "").rpartition(".")[2] for call in _calls(value)]
        return any(name[:1].isupper() for name in names)

    def _varies(self, value: ast.AST) -> bool:
        """Whether it holds anything but constants."""
        return any(
            isinstance(node, ast.Call | ast.Attribute | ast.Await)
            or (isinstance(node, ast.Name) and node.id not in self._constants)
            for node in ast.walk(value)
        )

    def _changes(self, node: ast.AST) -> bool:
        """Whether what a statement stores, or an argument is, varies."""
        return self._varies(node.value if isinstance(node, ast.Assign | ast.AugAssign) else node)

    def _is_true(self, test: ast.expr) -> bool:
        return isinstance(test, ast.Constant) and bool(test.value)

    def _is_false(self, test: ast.expr) -> bool:
        name = self._names.full(test) or ""
        never = name.rpartition(".")[2] == "TYPE_CHECKING"
        return never or (isinstance(test, ast.Constant) and not test.value)

    def _is_empty(self, values: ast.expr) -> bool:
        match values:
            case ast.Tuple(elts=[]) | ast.List(elts=[]) | ast.Dict(keys=[]):
                return True
            case ast.Constant(value="" | b""):
                return True
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=0)]):
                return True
        return False


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def _matches_all(pattern: ast.expr) -> bool:
    return isinstance(pattern, ast.Constant) and pattern.value in {"", ".*", "^", "$", ".*?", ".?"}


def _opposites(values: Sequence[ast.expr]) -> bool:
    """`x == 1 or x != 1`, `x or not x`."""
    said = {ast.dump(value) for value in values}
    for one in values:
        match one:
            case ast.UnaryOp(op=ast.Not(), operand=operand) if ast.dump(operand) in said:
                return True
            case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in _OPPOSITES:
                if ast.dump(ast.Compare(left, [_OPPOSITES[type(op)]()], right)) in said:
                    return True
    return False
