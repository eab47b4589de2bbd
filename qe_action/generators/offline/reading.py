"""What the code of a module says about its inputs, function by function."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

_STR = frozenset(
    [
        "capitalize",
        "casefold",
        "center",
        "count",
        "encode",
        "endswith",
        "expandtabs",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "isidentifier",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "join",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "replace",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "translate",
        "upper",
        "zfill",
        "removeprefix",
        "removesuffix",
    ]
)
_LIST = frozenset(["append", "extend", "insert", "sort", "reverse"])
_MAP = frozenset(["items", "keys", "values", "get", "setdefault", "update"])
_ITERATING = frozenset(
    [
        "iter",
        "sorted",
        "sum",
        "min",
        "max",
        "any",
        "all",
        "list",
        "tuple",
        "set",
        "enumerate",
        "zip",
        "map",
        "filter",
        "reversed",
        "frozenset",
        "islice",
        "chain",
        "deque",
        "Counter",
        "cycle",
        "tee",
        "groupby",
        "takewhile",
        "dropwhile",
        "accumulate",
        "starmap",
        "join",
    ]
)
_NUMERIC = frozenset(["int", "float", "abs", "round", "range", "divmod", "pow", "floor", "ceil"])
_PATTERN = frozenset(
    ["compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "split"]
)


@dataclass
class Function:
    """One function as it is written."""

    qualname: str
    start: int
    end: int
    strings: list[str] = field(default_factory=list)
    numbers: list[int | float] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    mentions: set[str] = field(default_factory=set)
    uses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    compared: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    checked: set[str] = field(default_factory=set)
    """Parameters that the function checks, to raise where they are wrong."""
    examples: str = ""

    @property
    def simple(self) -> str:
        return self.qualname.rpartition(".")[2]


class Reading:
    """A module's functions, its module-level part under the name ''."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.lines = source.splitlines()
        self.functions: dict[str, Function] = {}
        self.on_line: dict[int, list[object]] = defaultdict(list)
        self.raises: set[int] = set()
        self.classes: dict[str, str] = {}
        module = Function("", 1, len(self.lines) + 1)
        self.functions[""] = module
        self._body(self.tree, module, "")
        module.examples = ast.get_docstring(self.tree) or ""
        self._by_line = self._lines_of()
        self._reach: dict[str, frozenset[str]] = {}

    def _body(self, node: ast.AST, owner: Function, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self._function(child, owner, prefix)
            elif isinstance(child, ast.ClassDef):
                self.classes[prefix + child.name] = ast.get_docstring(child) or ""
                self._body(child, owner, f"{prefix}{child.name}.")
            else:
                self._note(child, owner)
                self._body(child, owner, prefix)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: Function, prefix: str
    ) -> None:
        end = node.end_lineno or node.lineno
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        found = Function(prefix + node.name, start, end)
        found.examples = ast.get_docstring(node) or ""
        self.functions.setdefault(found.qualname, found)
        owner.mentions.add(node.name)
        names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        for star in (node.args.vararg, node.args.kwarg):
            names |= {star.arg} if star else set()
        for statement in node.body[1 if found.examples else 0 :]:
            holder = ast.Module([statement], [])
            self._body(holder, found, f"{found.qualname}.")
            _usage(statement, names, found)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self._note(default, found)

    def _note(self, node: ast.AST, owner: Function) -> None:
        """What one node says; its children are visited by the caller."""
        if isinstance(node, ast.Constant):
            self._constant(node, owner)
        elif isinstance(node, ast.Name):
            owner.mentions.add(node.id)
        elif isinstance(node, ast.Attribute):
            owner.mentions.add(node.attr)
        elif isinstance(node, ast.Raise):
            self.raises.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if (
                called in _PATTERN
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
            ):
                owner.patterns.append(first.value)

    def _constant(self, node: ast.Constant, owner: Function) -> None:
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

    def reach(self, qualname: str) -> frozenset[str]:
        """The functions that a function may come to call, by the names it mentions."""
        if qualname not in self._reach:
            by_name = defaultdict(set)
            for function in self.functions.values():
                by_name[function.simple].add(function.qualname)
                if function.simple in (
                    "__init__",
                    "__new__",
                    "__post_init__",
                    "__call__",
                    "__enter__",
                ):
                    by_name[function.qualname.rpartition(".")[0].rpartition(".")[2]].add(
                        function.qualname
                    )
            found, open_ = {qualname}, [qualname]
            while open_:
                mentioned = self.functions.get(open_.pop())
                for name in sorted(mentioned.mentions) if mentioned else ():
                    fresh = by_name.get(name, set()) - found - {""}
                    found |= fresh
                    open_ += sorted(fresh)
            self._reach[qualname] = frozenset(found)
        return self._reach[qualname]


def _usage(statement: ast.stmt, names: set[str], found: Function) -> None:
    """How a function uses its parameters."""
    for node in ast.walk(statement):
        if isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise):
            found.checked |= _names_in(node.test) & names
        elif isinstance(node, ast.Try) and any(
            isinstance(inner, ast.Raise) for h in node.handlers for inner in h.body
        ):
            found.checked |= {n for part in node.body for n in _names_in(part)} & names
        if isinstance(node, ast.Call):
            _call_usage(node, names, found)
        elif isinstance(node, ast.For | ast.comprehension) and _named(node.iter, names):
            found.uses[node.iter.id].add("iterable")  # type: ignore[attr-defined]
        elif isinstance(node, ast.Subscript) and _named(node.value, names):
            key = "mapping" if _text(node.slice) else "indexed"
            found.uses[node.value.id].add(key)  # type: ignore[attr-defined]
            if isinstance(node.slice, ast.Constant):
                found.compared["[" + node.value.id].append(node.slice.value)  # type: ignore[attr-defined]
        elif isinstance(node, ast.BinOp):
            _operand_usage(node, names, found)
        elif isinstance(node, ast.Compare):
            _compare_usage(node, names, found)
        elif isinstance(node, ast.YieldFrom | ast.Starred) and _named(node.value, names):
            found.uses[node.value.id].add("iterable")  # type: ignore[attr-defined]


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _named(node: ast.AST | None, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _call_usage(node: ast.Call, names: set[str], found: Function) -> None:
    func = node.func
    if isinstance(func, ast.Name) and func.id in names:
        found.uses[func.id].add(f"callable{len(node.args)}")
    if isinstance(func, ast.Attribute) and _named(func.value, names):
        name = func.value.id  # type: ignore[attr-defined]
        for methods, use in ((_STR, "str"), (_LIST, "list"), (_MAP, "mapping")):
            if func.attr in methods:
                found.uses[name].add(use)
        if func.attr == "get" and node.args and isinstance(node.args[0], ast.Constant):
            found.compared["[" + name].append(node.args[0].value)
    called = getattr(func, "id", getattr(func, "attr", ""))
    for at, arg in enumerate(node.args):
        if not _named(arg, names):
            continue
        use = "sized" if called == "len" else ""
        if called in _ITERATING:
            use = "function1" if called in ("map", "filter") and at == 0 else "iterable"
        elif called in _NUMERIC:
            use = "number"
        elif called in _PATTERN and at > 0:
            use = "str"
        if called == "isinstance" and len(node.args) == 2:
            for kind in ast.walk(node.args[1]):
                if isinstance(kind, ast.Name):
                    found.uses[arg.id].add(f"is {kind.id}")  # type: ignore[attr-defined]
        if use:
            found.uses[arg.id].add(use)  # type: ignore[attr-defined]


def _operand_usage(node: ast.BinOp, names: set[str], found: Function) -> None:
    for one, two in ((node.left, node.right), (node.right, node.left)):
        if not _named(one, names):
            continue
        other = two.value if isinstance(two, ast.Constant) else None
        if isinstance(other, str):
            found.uses[one.id].add("str")  # type: ignore[attr-defined]
        elif not (isinstance(node.op, ast.Mod) and one is node.right):
            found.uses[one.id].add("number")  # type: ignore[attr-defined]


def _compare_usage(node: ast.Compare, names: set[str], found: Function) -> None:
    sides = [node.left, *node.comparators]
    for one in sides:
        if not _named(one, names):
            continue
        name = one.id  # type: ignore[attr-defined]
        for other in sides:
            for leaf in ast.walk(other):
                if isinstance(leaf, ast.Constant):
                    found.compared[name].append(leaf.value)
                    if leaf.value is None:
                        found.uses[name].add("none")
        if any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops):
            found.uses[name].add("number")
        if isinstance(node.ops[0], ast.In | ast.NotIn) and one is sides[1]:
            found.uses[name].add("iterable")


def quoted_words(docs: Iterable[str]) -> list[str]:
    """What documentation puts in quotes."""
    found: list[str] = []
    for doc in docs:
        found += re.findall(r"['\"`]([^'\"`\n]{1,40})['\"`]", doc)
    return found
