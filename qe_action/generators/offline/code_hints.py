"""What the code of a module says about its inputs, function by function."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable

from qe_action.analysis.emptiness import is_empty, left_to_subclasses
from qe_action.generators.offline.usage import PATTERN, FunctionUsage, note_parameters, note_usage

_ON_MAKING = frozenset(["__init__", "__new__", "__post_init__", "__call__", "__enter__"])
"""Methods that a class' name alone may come to call."""
_CHANCE = frozenset(["set", "frozenset", "hash", "id"])
"""Names of what has another order, or value, in every process."""


class CodeHints:
    """A module's functions, its module-level part under the name ''."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.functions: dict[str, FunctionUsage] = {}
        self.on_line: dict[int, list[object]] = defaultdict(list)
        self.classes: dict[str, str] = {}
        self._bases: dict[str, list[str]] = {}
        self.bare = left_to_subclasses(self.tree)
        self.empty: set[str] = set()
        module = FunctionUsage("", 1, len(source.splitlines()) + 1)
        self.functions[""] = module
        self._body(self.tree, module, "")
        module.examples = ast.get_docstring(self.tree) or ""
        self._by_line = self._lines_of()
        self._reach: dict[str, frozenset[str]] = {}

    def _body(self, node: ast.AST, owner: FunctionUsage, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(child, owner, prefix)
            elif isinstance(child, ast.ClassDef):
                self.classes[prefix + child.name] = ast.get_docstring(child) or ""
                self._bases[prefix + child.name] = [ast.unparse(base) for base in child.bases]
                self._body(child, owner, f"{prefix}{child.name}.")
            else:
                self._note(child, owner)
                self._body(child, owner, prefix)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: FunctionUsage, prefix: str
    ) -> None:
        end = node.end_lineno or node.lineno
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        found = FunctionUsage(prefix + node.name, start, end)
        found.examples = ast.get_docstring(node) or ""
        self.functions.setdefault(found.qualname, found)
        if is_empty(node):
            self.empty.add(found.qualname)
        owner.mentions.add(node.name)
        names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        for star in (node.args.vararg, node.args.kwarg):
            names |= {star.arg} if star else set()
        for statement in node.body[1 if found.examples else 0 :]:
            block = ast.Module([statement], [])
            self._body(block, found, f"{found.qualname}.")
            note_usage(statement, names, found)
        note_parameters(node.args, found)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self._note(default, found)

    def _note(self, node: ast.AST, owner: FunctionUsage) -> None:
        """What one node says; its children are visited by the caller."""
        if isinstance(node, ast.Constant):
            self._constant(node, owner)
        elif isinstance(node, ast.Name):
            owner.mentions.add(node.id)
        elif isinstance(node, ast.Attribute):
            owner.mentions.add(node.attr)
        elif isinstance(node, ast.Set | ast.SetComp):
            owner.mentions.add("set")
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if (
                called in PATTERN
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
            ):
                owner.patterns.append(first.value)

    def _constant(self, node: ast.Constant, owner: FunctionUsage) -> None:
        value = node.value
        if isinstance(value, str) and 0 < len(value) <= 60:
            owner.strings.append(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            owner.numbers.append(value)
        else:
            return
        self.on_line[node.lineno].append(value)

    def _lines_of(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for function in sorted(self.functions.values(), key=lambda f: f.start - f.end):
            for line in range(function.start, function.end + 1):
                found[line] = function.qualname
        return found

    def function_at(self, line: int) -> str:
        """The innermost function around a line, '' at module level."""
        return self._by_line.get(abs(line), "")

    def home(self, qualname: str) -> str:
        """Where a method is written: in its class, or in the nearest base of this module."""
        owner, _, name = qualname.rpartition(".")
        waiting = [owner] if owner else []
        seen: set[str] = set()
        while waiting:
            at = waiting.pop(0)
            if f"{at}.{name}" in self.functions:
                return f"{at}.{name}"
            seen.add(at)
            waiting += [base for base in self._bases.get(at, ()) if base not in seen]
        return qualname

    def reach(self, qualname: str) -> frozenset[str]:
        """The functions that a function may come to call, by the names it mentions."""
        qualname = self.home(qualname)
        if qualname not in self._reach:
            by_name = self._by_name()
            found, open_ = {qualname}, [qualname]
            while open_:
                mentioned = self.functions.get(open_.pop())
                for name in sorted(mentioned.mentions) if mentioned else ():
                    fresh = by_name.get(name, set()) - found - {""}
                    found |= fresh
                    open_ += sorted(fresh)
            self._reach[qualname] = frozenset(found)
        return self._reach[qualname]

    def _by_name(self) -> dict[str, set[str]]:
        """The functions that may be meant by a name, a class' by the class' name too."""
        found: dict[str, set[str]] = defaultdict(set)
        for function in self.functions.values():
            found[function.simple].add(function.qualname)
            owner = function.qualname.rpartition(".")[0]
            if function.simple in _ON_MAKING or self._called_from_elsewhere(owner):
                found[owner.rpartition(".")[2]].add(function.qualname)
        return found

    def _called_from_elsewhere(self, owner: str) -> bool:
        """Whether a class has bases of other modules, whose code calls its methods."""
        bases = self._bases.get(owner, ())
        return any(base not in self.classes and base != "object" for base in bases)

    def keywords(self, qualname: str) -> dict[str, dict[str, str]]:
        """For parameters that collect keywords: the names that whoever gets them takes."""
        own = self.functions.get(qualname)
        found: dict[str, dict[str, str]] = {}
        for parameter, called in (own.passed_on if own else {}).items():
            names = {*called, *(f"{name}.__init__" for name in called)}
            for function in self.functions.values():
                short = function.qualname.split(".", function.qualname.count("."))[-1]
                if short in names or function.qualname in names:
                    found.setdefault(parameter, {}).update(function.takes)
        return found

    def unordered(self, qualname: str) -> bool:
        """Whether a function may come to use a set or a hash, whose order is by chance."""
        reached = (self.functions.get(name) for name in self.reach(qualname))
        return any(function and function.mentions & _CHANCE for function in reached)


def imported_tops(tree: ast.Module) -> frozenset[str]:
    """The top-level packages that a module imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


def quoted_words(docs: Iterable[str]) -> list[str]:
    """What documentation puts in quotes."""
    found: list[str] = []
    for doc in docs:
        found += re.findall(r"['\"`]([^'\"`\n]{1,40})['\"`]", doc)
    return found
