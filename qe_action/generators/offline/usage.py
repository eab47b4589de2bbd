"""How the functions of a module use their parameters."""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field

_STR = frozenset((
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find",
    "format", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
    "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip",
    "partition", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
    "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper",
    "zfill", "removeprefix", "removesuffix",
))  # fmt: skip
_LIST = frozenset((
    "append", "extend", "insert", "sort", "reverse",
))  # fmt: skip
_MAP = frozenset((
    "items", "keys", "values", "get", "setdefault", "update",
))  # fmt: skip
_ITERATING = frozenset((
    "iter", "sorted", "sum", "min", "max", "any", "all", "list", "tuple", "set", "enumerate",
    "zip", "map", "filter", "reversed", "frozenset", "islice", "chain", "deque", "Counter",
    "cycle", "tee", "groupby", "takewhile", "dropwhile", "accumulate", "starmap", "join",
))  # fmt: skip
_NUMERIC = frozenset((
    "int", "float", "abs", "round", "range", "divmod", "pow", "floor", "ceil",
))  # fmt: skip
PATTERN = frozenset((
    "compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "split",
))  # fmt: skip


@dataclass
class FunctionUsage:
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
    takes: dict[str, str] = field(default_factory=dict)
    """Parameters with a literal default, and that default's source."""
    passed_on: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Parameters that collect keywords, and the functions that get them."""
    checked: set[str] = field(default_factory=set)
    """Parameters that the function checks, to raise where they are wrong."""
    examples: str = ""

    @property
    def simple(self) -> str:
        return self.qualname.rpartition(".")[2]


def note_usage(statement: ast.stmt, names: set[str], found: FunctionUsage) -> None:
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


def note_parameters(node: ast.arguments, found: FunctionUsage) -> None:
    """The parameters that have a literal default."""
    placed = [*node.posonlyargs, *node.args]
    pairs = [*zip(placed[len(placed) - len(node.defaults) :], node.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d]
    for argument, default in pairs:
        source = ast.unparse(default)
        found.takes[argument.arg] = source if len(source) < 40 else "None"


def _call_usage(node: ast.Call, names: set[str], found: FunctionUsage) -> None:
    func = node.func
    for keyword in node.keywords:
        if keyword.arg is None and _named(keyword.value, names):
            called = getattr(func, "attr", getattr(func, "id", ""))
            found.passed_on[keyword.value.id].add(called)  # type: ignore[attr-defined]
    if isinstance(func, ast.Name) and func.id in names:
        found.uses[func.id].add(f"callable{len(node.args)}")
    if isinstance(func, ast.Attribute) and _named(func.value, names):
        name = func.value.id  # type: ignore[attr-defined]
        for methods, use in ((_STR, "str"), (_LIST, "list"), (_MAP, "mapping")):
            if func.attr in methods:
                found.uses[name].add(use)
        if func.attr in ("get", "pop") and node.args and isinstance(node.args[0], ast.Constant):
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
        elif called in PATTERN and at > 0:
            use = "str"
        if called == "isinstance" and len(node.args) == 2:
            for kind in _kinds(node.args[1]):
                found.uses[arg.id].add(f"is {kind}")  # type: ignore[attr-defined]
        if use:
            found.uses[arg.id].add(use)  # type: ignore[attr-defined]


def _kinds(node: ast.expr) -> list[str]:
    """The last names of the classes in the second argument of isinstance."""
    if isinstance(node, ast.Tuple):
        return [name for item in node.elts for name in _kinds(item)]
    if isinstance(node, ast.BinOp):
        return [*_kinds(node.left), *_kinds(node.right)]
    name = getattr(node, "attr", getattr(node, "id", ""))
    return [name] if name else []


def _operand_usage(node: ast.BinOp, names: set[str], found: FunctionUsage) -> None:
    for one, two in ((node.left, node.right), (node.right, node.left)):
        if not _named(one, names):
            continue
        other = two.value if isinstance(two, ast.Constant) else None
        if isinstance(other, str):
            found.uses[one.id].add("str")  # type: ignore[attr-defined]
        elif not (isinstance(node.op, ast.Mod) and one is node.right):
            found.uses[one.id].add("number")  # type: ignore[attr-defined]


def _compare_usage(node: ast.Compare, names: set[str], found: FunctionUsage) -> None:
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
