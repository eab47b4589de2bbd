"""Whether a test stays inside: what it uses of the interpreter, pytest and libraries. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qe_action.generators.permitted_modules import is_partial, is_standard, may_use
from qe_action.verify.acting_texts import acts, code_in_hints
from qe_action.verify.attribute_lookups import computed, lookups
from qe_action.verify.binding_sites import is_table, table_of
from qe_action.verify.bindings import TestText, is_run_by_pytest, origin
from qe_action.verify.findings import Finding, at
from qe_action.verify.names import Function
from qe_action.verify.patching import patches
from qe_action.verify.permitted_names import (
    ANYWHERE,
    CALLED_ONLY,
    FIXTURES,
    SPECIAL,
    of_pytest,
    third_party,
)

_SPECIAL = re.compile(r"__\w+__")
_SLEEPS = frozenset({"asyncio.sleep", "time.sleep"})
_SERVES_FILES = frozenset({"fromfile_prefix_chars"})
_NEVER_GIVEN = frozenset({
    "cache", "doctest_namespace", "httpserver", "live_server", "mocker", "pytestconfig", "pytester",
    "record_property", "record_testsuite_property", "record_xml_attribute", "socket_enabled",
    "testdir",
})  # fmt: skip
"""Fixtures that start programs, talk, patch, or outlast the test."""


def reaches_outside(text: TestText) -> Iterator[Finding]:
    """Where a test starts a process, talks, sleeps, hides what it does or ends the run."""
    yield from _attributes(text)
    yield from computed(text)
    for node in text.nodes:
        match node:
            case ast.Name() | ast.Attribute() | ast.Call() if found := _by_meaning(node, text):
                yield found
            case ast.keyword(arg=str(name)) if name in _SERVES_FILES:
                yield at(node.value, f"it uses {name}")
            case ast.arg(annotation=ast.expr() as hint) | ast.AnnAssign(annotation=hint):
                yield from code_in_hints(hint)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from code_in_hints(node.returns) if node.returns else ()
                yield from _fixtures(node, text)
    yield from _values(text)
    yield from _fixtures_by_text(text)
    yield from acts(text)


def _attributes(text: TestText) -> Iterator[Finding]:
    """Attributes that no test names, or that only say how the interpreter works."""
    for node, attr in lookups(text):
        if _SPECIAL.fullmatch(attr):
            if attr not in SPECIAL and not _is_own_dict(node, attr, text):
                yield at(node, f"it uses {attr}")
        elif attr in ANYWHERE and attr not in text.around.defined:
            yield at(node, f"it uses {attr}, which {ANYWHERE[attr]}")


def _is_own_dict(node: ast.AST, attr: str, text: TestText) -> bool:
    """`__dict__` of something that is no module: compared, as in `assert it.__dict__ == {}`."""
    if attr != "__dict__" or not isinstance(node, ast.Attribute) or text.meaning(node.value):
        return False
    return _is_only_shown(node, text)


def _is_only_shown(node: ast.expr, text: TestText) -> bool:
    """Whether a value is compared or counted, and no code of the test gets hold of it."""
    outer = text.parents.get(node)
    if isinstance(outer, ast.Compare):
        return not text.functions.keys() & {"__contains__", "__eq__", "__ne__", "__radd__"}
    func = outer.func if isinstance(outer, ast.Call) else None
    if not isinstance(func, ast.Name) or not text.is_builtin(func):
        return False
    return func.id in {"len", "repr", "str"}


def _by_meaning(node: ast.Name | ast.Attribute | ast.Call, text: TestText) -> Finding | None:
    """What something that is imported must not be used for, by its full name."""
    name = text.meaning(node)
    if not name or (isinstance(node, ast.Call) and patches(node, text)):
        return None
    top = name.partition(".")[0]
    if name in _SLEEPS:
        return at(node, f"it uses {name}")
    if name.startswith(("unittest.mock", "mock.")):
        return None
    if is_standard(name):
        allowed = may_use(name, text.around.in_tests)
    elif top == "pytest":
        allowed = of_pytest(name)
    elif top == "_pytest":
        allowed = False
    else:
        allowed = not third_party(name)
    return None if allowed else at(node, f"it uses {name}")


def _values(text: TestText) -> Iterator[Finding]:
    """Modules and built-in functions that are handed on, so that they go by other names."""
    for node in text.nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        name = node.id if isinstance(node, ast.Name) and text.is_builtin(node) else ""
        if name in CALLED_ONLY and text.call_of(node) is None:
            yield at(node, f"it hands {name} on as a value")
        elif name == "vars" and not _looks(node, text):
            yield at(node, "it uses vars")
        elif text.is_whole(node) and is_partial(text.meaning(node)) and not _is_patched(node, text):
            yield at(node, f"it hands {text.meaning(node)} on as a value")


def _looks(node: ast.expr, text: TestText) -> bool:
    """Whether `vars` is asked about an object, and its answer compared."""
    call = text.call_of(node)
    if call is None or not call.args or text.meaning(call.args[0]):
        return False
    return _is_only_shown(call, text)


def _is_patched(node: ast.expr, text: TestText) -> bool:
    """Whether a module is the first argument of something that patches; that is looked at apart."""
    call = text.parents.get(node)
    if not isinstance(call, ast.Call) or not call.args or call.args[0] is not node:
        return False
    func = call.func
    if isinstance(func, ast.Name) and text.is_builtin(func):
        return func.id in {"delattr", "getattr", "hasattr", "setattr"}
    root = origin(func)
    bindings = text.bindings.get(root.id, ()) if isinstance(root, ast.Name) else ()
    given = bool(bindings) and all(binding.kind == "fixture" for binding in bindings)
    return (given or bool(text.meaning(func))) and patches(call, text)


def _fixtures(function: Function, text: TestText) -> Iterator[Finding]:
    """Parameters by which pytest would hand over more than a test may have."""
    if not is_run_by_pytest(function):
        return
    for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        bindings = text.bindings.get(argument.arg, ())
        if all(binding.kind != "fixture" for binding in bindings):
            continue
        name = argument.arg
        if not _may_ask(name, text):
            yield at(argument, f"it asks for the fixture {name}")
        elif name == "request":
            yield from _requests(function, text)


def _may_ask(name: str, text: TestText) -> bool:
    known = text.around.fixtures
    if name in FIXTURES or (known is not None and name in known):
        return True
    return known is None and name not in _NEVER_GIVEN


def _fixtures_by_text(text: TestText) -> Iterator[Finding]:
    """Fixtures that are asked for by a string, and not by a parameter."""
    for node in text.nodes:
        names: list[str] | None = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "usefixtures":
                given = [text.texts(arg) for arg in node.args]
                names = None if None in given else [n for some in given for n in some or ()]
            elif is_table(node) and _is_indirect(node):
                names = table_of(node)[0] or None
        for name in ["?"] if names is None else names:
            if name not in text.functions and not _may_ask(name, text):
                yield at(node, f"it asks for the fixture {name}")


def _is_indirect(table: ast.Call) -> bool:
    given = [*table.args[2:3], *(k.value for k in table.keywords if k.arg == "indirect")]
    return any(not (isinstance(g, ast.Constant) and g.value is False) for g in given)


def _requests(function: Function, text: TestText) -> Iterator[Finding]:
    """Of `request` a test has its parameter, and nothing of the run."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == "request" and isinstance(node.ctx, ast.Load):
            outer = text.parents.get(node)
            if not (isinstance(outer, ast.Attribute) and outer.attr in ("param", "applymarker")):
                yield at(node, "it uses request for more than its parameter")
