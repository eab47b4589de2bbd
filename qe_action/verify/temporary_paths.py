"""Where the paths in a test lead: below the folder that pytest makes, or elsewhere. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from qe_action.generators.permitted_modules import is_standard
from qe_action.verify.binding_sites import Binding
from qe_action.verify.bindings import TestText, results
from qe_action.verify.permitted_names import FIXTURES

Root = Literal["folder", "given", "literal", "memory", "path", "standard", "unknown"]
"""What a value comes from: a folder of pytest's, the project, the source itself, `io`, `pathlib`,
else the standard library or pytest."""

_FOLDERS = frozenset({"tmp_path", "tmpdir"})
_FACTORIES = frozenset({"tmp_path_factory", "tmpdir_factory"})
_SAME = frozenset({"absolute", "as_posix", "glob", "iterdir", "resolve", "rglob", "strpath"})
_BESIDE = frozenset({"with_name", "with_stem", "with_suffix"})
_DOWN = frozenset({"ensure", "join", "joinpath", "mkdir"})
_PASSED_THROUGH = frozenset({
    "iter", "list", "max", "min", "next", "os.fspath", "os.fsdecode", "os.fsencode", "os.listdir",
    "reversed", "set", "sorted", "str", "tuple",
    *(f"os.path.{name}" for name in ("abspath", "normpath", "realpath")),
    *(f"pathlib.{name}" for name in ("Path", "PosixPath", "PurePath", "PurePosixPath")),
})  # fmt: skip
_TEXTS = frozenset({
    "__name__", "anchor", "as_uri", "drive", "exists", "name", "parts", "read_bytes", "read_text",
    "root", "stem", "suffix", "suffixes",
})  # fmt: skip
"""What a path has that is no path."""
_MAKES_NO_PATH = frozenset({"bool", "bytes", "dict", "float", "int", "len", "repr", "str"})
_HOLDS = (ast.BoolOp, ast.Dict, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.List, ast.ListComp,
          ast.Set, ast.SetComp, ast.Tuple)  # fmt: skip
_AWAY_FROM = re.compile(r"(^|[/\\])\.\.?($|[/\\])|^[/\\~]|^[A-Za-z]:|\0")
_AWAY, _NEW = float("-inf"), float("inf")  # the latter while a name's value is looked for


def leads_away(text: str) -> bool:
    """Whether a text, added to a folder as a path, may lead elsewhere than down."""
    return not text or bool(_AWAY_FROM.search(text))


class Paths:
    """The paths of one test."""

    def __init__(self, text: TestText) -> None:
        self.text = text
        self._looking: set[str] = set()

    def inside(self, node: ast.expr) -> bool:
        """Whether an expression is a path below `tmp_path`."""
        return 0 <= self.depth(node) < _NEW

    def reaches(self, node: ast.expr) -> bool:
        """Whether a path leads below `tmp_path`, or is one that the project has given."""
        return self.inside(node) or (self.depth(node) == _AWAY and self.is_given(node))

    def is_given(self, node: ast.expr) -> bool:
        """Whether a value is the project's, and nothing it was made of names a place elsewhere."""
        if self.roots(node) != {"given"}:
            return False
        return not any(_AWAY_FROM.search(text) for text in self._told(node, set()))

    def _told(self, node: ast.AST, seen: set[str]) -> Iterator[str]:
        """The texts that an expression is made of, also by way of names."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value
            elif isinstance(inner, ast.Name) and inner.id not in seen:
                seen.add(inner.id)
                for binding in self.text.bindings.get(inner.id, ()):
                    if binding.node is not None:
                        yield from self._told(binding.node, seen)

    def roots(self, node: ast.expr | None) -> set[Root]:
        """What a value comes from, by every way that it may have come."""
        found: set[Root] = {"unknown"}
        match node:
            case ast.Name(id=name):
                found = self._roots_of_name(node, name)
            case ast.Attribute(value=value, attr=attr):
                if meant := self.text.meaning(node):
                    found = {_root_of(meant)}
                else:
                    kept = self._roots_kept_as(attr)
                    found = kept | ({"literal"} if attr in _TEXTS else self.roots(value))
            case ast.Call():
                found = self._roots_of_call(node)
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                found = self.roots(inner)
            case ast.Subscript(value=inner) | ast.Starred(value=inner):
                found = self.roots(inner)
            case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
                found = (self.roots(left) | self.roots(right)) - {"literal"} or {"literal"}
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                found = {"literal"}
            case ast.expr() if isinstance(node, _HOLDS):
                parts = (c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))
                found = set().union(*map(self.roots, parts)) or found
        return found

    def _roots_of_call(self, call: ast.Call) -> set[Root]:
        func, given = call.func, map(self.roots, call.args)
        if not isinstance(func, ast.Name):
            return self.roots(func)
        if self.text.is_builtin(func):
            return set().union(*given if func.id not in _MAKES_NO_PATH else ()) or {"literal"}
        own = func.id in self.text.classes  # what it keeps may be any of its arguments
        return self.roots(func).union(*given if own else ())

    def _roots_kept_as(self, attr: str) -> set[Root]:
        """What an attribute of this name comes from, where the source gives one a value."""
        if f".{attr}" in self._looking or not self.text.goes_on():
            return set()
        self._looking.add(f".{attr}")
        try:
            made = results(self.text.functions[attr]) if attr in self.text.functions else ()
            values = [*self.text.kept.get(attr, ()), *(binding.node for binding in made)]
            return set().union(*map(self.roots, values)) - {"unknown"}
        finally:
            self._looking.discard(f".{attr}")

    def _roots_of_name(self, node: ast.Name, name: str) -> set[Root]:
        if meant := self.text.meaning(node):
            return {_root_of(meant)}
        if name in self._looking:
            return set()
        if not self.text.goes_on():
            return {"unknown"}
        self._looking.add(name)
        try:
            found: set[Root] = set()
            for binding in self.text.bindings.get(name, ()):
                found |= self._roots_of(name, binding)
            if name in self.text.classes:
                bases = [self.roots(base) for base in self.text.classes[name].bases]
                found |= set().union(*bases) - {"unknown"} or {"given"}
            if name in self.text.functions:
                for binding in results(self.text.functions[name]):
                    found |= self._roots_of(name, binding)
            if name in ("self", "cls"):
                for own in self.text.classes:
                    found |= self._roots_of_name(ast.Name(own, ast.Load()), own)
            return found or {"unknown"}
        finally:
            self._looking.discard(name)

    def _roots_of(self, name: str, binding: Binding) -> set[Root]:
        if binding.kind != "fixture":
            return self.roots(binding.node)
        if name in _FOLDERS | _FACTORIES:
            return {"folder"}
        return {"standard"} if name in FIXTURES else {"given"}

    def depth(self, node: ast.expr | None) -> float:
        """How many folders below `tmp_path` an expression leads, at least; below zero if outside.

        Nothing is known of what the project gives: that is as far away as can be.
        """
        found = _AWAY
        match node:
            case ast.Name(id=name):
                found = self._depth_of_name(name)
            case ast.Attribute(value=value, attr="parent" | "dirname"):
                found = self._above(value)
            case ast.Attribute(value=value, attr=attr) if attr in _SAME:
                found = self.depth(value)
            case ast.Call():
                found = self._depth_of_call(node)
            case ast.BinOp() | ast.JoinedStr():
                found = self._depth_of_sum(node)
            case ast.IfExp(body=body, orelse=other):
                found = min(self.depth(body), self.depth(other))
            case ast.Subscript(value=ast.Call() | ast.Name() as value):
                found = self.depth(value)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                found = self.depth(value)
        return found

    def _depth_of_sum(self, node: ast.BinOp | ast.JoinedStr) -> float:
        match node:
            case ast.BinOp(left=left, op=ast.Div(), right=right) if self.is_part(right):
                return self.depth(left) + 1
            case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str(text))):
                safe = text.startswith("/") and not leads_away(text[1:])
                return self.depth(left) if safe else _AWAY
            case ast.JoinedStr(values=[ast.FormattedValue(value=first), *rest]):
                return self.depth(first) if self._goes_on(rest) else _AWAY
        return _AWAY

    def _above(self, node: ast.expr) -> float:
        depth = self.depth(node)
        return _AWAY if depth == _NEW else depth - 1

    def _depth_of_name(self, name: str) -> float:
        if name in self._looking:
            return _NEW
        if not self.text.goes_on():
            return _AWAY
        self._looking.add(name)
        try:
            found = [self._depth_of(name, one) for one in self.text.bindings.get(name, ())]
        finally:
            self._looking.discard(name)
        return min(found, default=_AWAY)

    def _depth_of(self, name: str, binding: Binding) -> float:
        if binding.kind == "fixture":
            return 0 if name in _FOLDERS else _AWAY
        return self.depth(binding.node) if binding.node is not None else _AWAY

    def _depth_of_call(self, call: ast.Call) -> float:
        func = call.func
        name = self.text.meaning(func)
        if isinstance(func, ast.Name) and self.text.is_builtin(func):
            name = func.id
        if call.args and name in (*_PASSED_THROUGH, "os.path.join"):
            rest = all(self.is_part(arg) for arg in call.args[1:])
            return self.depth(call.args[0]) if rest or name in ("sorted", "next") else _AWAY
        if call.args and name == "os.path.dirname":
            return self._above(call.args[0])
        if isinstance(func, ast.Attribute) and not name:
            return self._depth_by_method(func, all(map(self.is_part, call.args)))
        return _AWAY

    def _depth_by_method(self, func: ast.Attribute, parts: bool) -> float:
        """`parts`: whether all arguments are parts of a path."""
        depth = self.depth(func.value)
        if func.attr == "mktemp":
            return 1 if parts and self._is_factory(func.value) else _AWAY
        if func.attr in _BESIDE:
            return depth if parts and depth >= 1 else _AWAY
        if func.attr in _DOWN:
            return depth if parts else _AWAY
        return depth if func.attr in _SAME else _AWAY

    def _is_factory(self, node: ast.expr) -> bool:
        name = node.id if isinstance(node, ast.Name) else ""
        given = self.text.bindings.get(name, ())
        return name in _FACTORIES and all(binding.kind == "fixture" for binding in given)

    def _goes_on(self, parts: list[ast.expr]) -> bool:
        """Whether the rest of an f-string is `/` and parts of a path."""
        first = parts[0] if parts else None
        if not isinstance(first, ast.Constant) or not str(first.value).startswith("/"):
            return False
        rest = [ast.Constant(str(first.value)[1:]), *parts[1:]]
        return self.is_part(ast.JoinedStr(rest))

    def is_part(self, node: ast.expr) -> bool:
        """Whether an expression leads down as a part of a path: the source or the project says."""
        match node:
            case ast.Constant(value=bool() | int()):
                return True
            case ast.Constant(value=str(text)):
                return not leads_away(text)
            case ast.JoinedStr(values=values):
                shown = [str(v.value) if isinstance(v, ast.Constant) else "x" for v in values]
                filled = [v.value for v in values if isinstance(v, ast.FormattedValue)]
                plain = not leads_away("".join(shown)) and not any(s[-1:] == "." for s in shown)
                return plain and all(map(self.is_part, filled))
            case ast.Call(func=ast.Name(id="str"), args=[inner]):
                return self.is_part(inner)
            case ast.Name(id=name):
                return self._is_part_by_name(name) or self.is_given(node)
        return self.is_given(node)

    def _is_part_by_name(self, name: str) -> bool:
        if name in self._looking or not self.text.goes_on():
            return name in self._looking
        self._looking.add(name)
        try:
            values = self.text.bindings.get(name, [])
            return bool(values) and all(map(self._is_part_by, values))
        finally:
            self._looking.discard(name)

    def _is_part_by(self, binding: Binding) -> bool:
        match binding:
            case Binding("value", ast.expr() as node):
                return self.is_part(node)
            case Binding("item", ast.List(elts=items) | ast.Tuple(elts=items)):
                return all(map(self.is_part, items))
            case Binding("item", ast.Call(func=ast.Name(id="range"))):
                return True
        return False


def _root_of(name: str) -> Root:
    """What something imported comes from, by its full name."""
    if name.startswith(("pathlib", "os.path")):
        return "path"
    if name.startswith("io."):
        return "memory"
    standard = is_standard(name) or name.partition(".")[0] == "pytest"
    return "standard" if standard else "given"
