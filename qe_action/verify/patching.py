"""What a test replaces for its time: never what it tests, nor what the whole process uses. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from qe_action.generators.permitted_modules import is_standard
from qe_action.verify.bindings import TestText, origin
from qe_action.verify.findings import Finding, at
from qe_action.verify.free_names import immediate
from qe_action.verify.permitted_names import FIXTURES

_OBJECT = frozenset({"__delattr__", "__setattr__", "delattr", "object", "setattr"})
"""Calls that patch what stands in front of a name: `monkeypatch.setattr`, `patch.object`."""
_ITEM = frozenset({"delitem", "dict", "multiple", "setitem"})
_WHOLE = frozenset({"delattr", "patch", "setattr"})
"""Calls that may patch what one string names."""
_MOCKERS = frozenset({"mock", "mocker", "monkeypatch", "patch"})
_HANDED = (_OBJECT | _ITEM | _WHOLE | {"chdir", "delenv", "setenv"}) - {
    "dict",
    "object",
    "multiple",
}
_ENVIRONMENT = frozenset({"delenv", "setenv"})
_STREAMS = frozenset({"sys.argv", "sys.stderr", "sys.stdin", "sys.stdout"})
"""What a test may replace of the standard library: how a program is called, and what it prints."""
_OF_MACHINES = re.compile(
    r"(?i)path|home|user|shell|tmp|temp|tmpdir|ifs|env|editor|pager|browser|display"
    r"|(ld|dyld|lib|python|pytest|git|ssh|pip|uv|coverage|github|runner|actions|gcc|xdg|ssl)_.*"
    r"|python.*|.*_proxy|.*_(token|key|secret|password)|hostaliases|malloc_.*|glibc_.*"
)
"""Variables that programs, interpreters and machines go by."""
_HOOKS = re.compile(
    r"pytest_\w+|pytestmark|collect_ignore\w*|(setup|teardown)(_module|_function)?"
    r"|(setUp|tearDown)Module|__\w+__"
)


def patches(call: ast.Call, text: TestText) -> bool:
    """Whether a call is one of those by which tests replace something."""
    func = call.func
    if isinstance(func, ast.Name):
        return func.id in {"setattr", "delattr"} or _is_patch(func, text)
    return isinstance(func, ast.Attribute) and func.attr in _OBJECT | _ITEM | _WHOLE


def _is_patch(node: ast.expr, text: TestText) -> bool:
    return text.meaning(node) in {"unittest.mock.patch", "mock.patch"}


def changes_the_tested(text: TestText) -> Iterator[Finding]:
    """Where a test replaces what is tested, what others use too, or how other tests run."""
    for node in text.nodes:
        match node:
            case ast.Call() if patches(node, text):
                yield from _by_call(node, text)
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in _ENVIRONMENT:
                names = text.texts(node.args[0] if node.args else None)
                if names is None or any(_OF_MACHINES.fullmatch(name) for name in names):
                    yield at(node, f"it changes the environment, by {attr}")
            case (
                ast.Attribute(ctx=ast.Store() | ast.Del())
                | ast.Subscript(ctx=ast.Store() | ast.Del())
            ):
                if name := _imported_origin(node.value, text):
                    yield at(node, f"it changes {name} for all tests")
            case ast.Attribute(attr=attr) if attr in _HANDED and _is_value(node, text):
                yield at(node, f"it hands {attr} on as a value")
            case ast.Name() if _is_patch(node, text) and _is_value(node, text):
                yield at(node, "it hands patch on as a value")
    yield from _fixtures(text)
    yield from _hooks(text)


def _by_call(call: ast.Call, text: TestText) -> Iterator[Finding]:
    func, arguments = call.func, [*call.args, *(k.value for k in call.keywords if not call.args)]
    last = func.attr if isinstance(func, ast.Attribute) else "patch"
    if isinstance(func, ast.Name) and text.is_builtin(func):
        last = func.id
    if not arguments or not _is_mocking(call, text):
        return
    names = text.texts(arguments[0])
    if names is not None and last in _WHOLE | _ITEM:
        for name in names:
            yield from _refused(call, name, text, literal=True)
        return
    owner = _patched_owner(arguments[0], text)
    if last.startswith("__") and not text.meaning(arguments[0]):
        return
    if last.startswith("__") or (isinstance(func, ast.Name) and text.is_builtin(func)):
        owner = text.meaning(arguments[0])  # `setattr` sets up an object as `=` does
    attributes = [""] if last in _ITEM else text.texts(arguments[1] if arguments[1:] else None)
    if owner is None or attributes is None:
        yield at(call, "it patches what can't be told")
        return
    for attribute in attributes:
        name = ".".join(filter(None, (owner, attribute))) if owner else ""
        yield from _refused(call, name, text, literal=False)


def _is_mocking(call: ast.Call, text: TestText) -> bool:
    """Whether it is called by what patches, or is the built-in `setattr`."""
    func = call.func
    if isinstance(func, ast.Name):
        return True
    if not isinstance(func, ast.Attribute):
        return False
    if func.attr in {"__setattr__", "__delattr__", "setattr", "delattr", "setitem", "delitem"}:
        return True
    root = origin(func)
    named = isinstance(root, ast.Name) and root.id in _MOCKERS
    return named or "mock" in text.meaning(func)


def _refused(call: ast.Call, name: str, text: TestText, *, literal: bool) -> Iterator[Finding]:
    """`name` is the full name of what is patched, '' for something of an object of the test's."""
    meant = text.around.meaning(name)
    top = meant.partition(".")[0]
    if not name or meant in _STREAMS:
        return
    if text.around.is_tested(name):
        yield at(call, f"it patches {name}, which is tested")
        return
    shared = is_standard(meant) or top in {"builtins", "pytest", "_pytest"}
    if shared or (literal and top not in text.around.allowed):
        yield at(call, f"it patches {meant}")


def _patched_owner(node: ast.expr, text: TestText, depth: int = 8) -> str | None:
    """The full name of what an expression is, or is an object of; '' for what is the test's own.

    None where that can't be told.
    """
    if name := text.meaning(node):
        return name
    root = origin(node)
    if not isinstance(root, ast.Name) or not depth or not text.goes_on():
        return "" if isinstance(root, ast.Dict | ast.List | ast.Constant) else None
    own = {*text.classes, *text.functions, "self", "cls"}
    found = [text.meaning(root)] if text.meaning(root) or root.id in own else []
    more: list[str | None] = [*found]
    for binding in () if found else text.bindings.get(root.id, ()):
        if binding.kind == "fixture" or binding.node is None:
            more.append("" if binding.kind == "fixture" else None)
        else:
            more.append(_patched_owner(binding.node, text, depth - 1))
    known = [name for name in more if name is not None]
    if len(known) < len(more) or not (more or text.is_builtin(root)):
        return None
    return max(known, key=len, default="")


def _imported_origin(node: ast.expr, text: TestText) -> str:
    """The full name of what is imported and changed: of a module, or of a class in it."""
    inner = node
    while isinstance(inner, ast.Subscript):
        inner = inner.value
    return text.meaning(inner) if isinstance(inner, ast.Name | ast.Attribute) else ""


def _fixtures(text: TestText) -> Iterator[Finding]:
    """Fixtures that other tests get too: by themselves, or in place of those that they ask for."""
    for node in text.nodes:
        names: list[str] = []
        match node:
            case ast.keyword(arg="autouse" | "scope" as kind):
                alone = kind == "scope" and text.texts(node.value) == ["function"]
                if not alone and _is_fixture(text.parents.get(node)):
                    yield at(node.value, "it has a fixture that other tests get too")
            case ast.keyword(arg="name") if _is_fixture(text.parents.get(node)):
                names = text.texts(node.value) or ["request"]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name] if any(map(_is_fixture, node.decorator_list)) else []
            case ast.Assign(targets=targets, value=value) if _is_fixture(value):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
        for name in names:
            if name in text.around.shared or name in FIXTURES:
                yield at(getattr(node, "value", node), f"it replaces the fixture {name}")


def _is_fixture(node: ast.AST | None) -> bool:
    """Whether it is `pytest.fixture`, or a call of it or of what that gives."""
    while isinstance(node, ast.Call):
        node = node.func
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith("fixture")


def _is_value(node: ast.expr, text: TestText) -> bool:
    return text.call_of(node) is None and text.is_whole(node)


def _hooks(text: TestText) -> Iterator[Finding]:
    """Names at the top of a module by which pytest treats all its tests otherwise."""
    for statement in text.tree.body:
        for node in immediate(statement):
            for name in _bound_by(node):
                if _HOOKS.fullmatch(name):
                    yield at(node, f"it changes how other tests run, by {name}")


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds by itself; a module under its own name is none of them."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name for alias in names)
        case ast.Import(names=names):
            yield from (alias.asname for alias in names if alias.asname)
