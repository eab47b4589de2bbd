"""Code that not every test run can reach: for other systems, other Pythons, the type checker."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qe_action.analysis.advice.branch_words import Way
from qe_action.analysis.advice.jumps import JUMPS
from qe_action.analysis.collect import Detail
from qe_action.analysis.gaps import Exit
from qe_action.analysis.python_module import PythonModule, first_line, statements_of

TYPE_CHECKING = "it never runs: for the type checker only"
SCRIPT = "it runs only where its file is run as a script"
_SYSTEMS = {
    "win": "Windows",
    "nt": "Windows",
    "cygwin": "Cygwin",
    "darwin": "macOS",
    "linux": "Linux",
    "posix": "POSIX systems",
    "java": "Jython",
    "emscripten": "Emscripten",
    "wasi": "WASI",
    "freebsd": "FreeBSD",
    "openbsd": "OpenBSD",
    "netbsd": "NetBSD",
    "sunos": "Solaris",
    "aix": "AIX",
}
_USUAL = {"Linux", "POSIX systems"}
"""Where tests may well run: elsewhere than there needs no proof."""
_PYTHONS = {"cpython": "CPython", "pypy": "PyPy", "jython": "Jython", "ironpython": "IronPython"}
_SYSTEM_NAMES = frozenset({"sys.platform", "os.name", "platform.system()"})
_PYTHON_NAMES = frozenset({"sys.implementation.name", "platform.python_implementation()"})
_VERSIONS = frozenset(
    {"sys.version_info", "sys.version_info.major", "sys.version_info[0]", "sys.version_info[:2]"}
)
_MODULES = frozenset({"sys", "os", "platform"})


class Guard(NamedTuple):
    """What a test says of where its branches run; empty where it says nothing of one.

    `sure` says that a branch that did not run can't have, and that the test itself ran need
    not be known: for the one taken where it is true, and for the other.
    """

    true: str
    false: str = ""
    sure: tuple[bool, bool] = (False, False)

    @property
    def inverse(self) -> Guard:
        return Guard(self.false, self.true, (self.sure[1], self.sure[0]))


class _Stretch(NamedTuple):
    """Lines, inclusive, that run only as `words` say; `line` is that of the test."""

    start: int
    end: int
    line: int
    words: str
    sure: bool


class Guards:
    """The guarded lines of a module that the tests of a report never entered."""

    def __init__(self, module: PythonModule, detail: Detail) -> None:
        self._read = _Reader(module)
        statements = zip(detail.lines, detail.covered, strict=True)
        self._covered = [line for line, hit in statements if hit]
        self._at: dict[int, Guard] = {}
        self._kept = [each for each in self._stretches(module) if self._unreached(each)]

    def reason(self, lines: Sequence[int]) -> str:
        """Why none of the lines could run, or that they need more than a call; else empty."""
        first, last = lines[0], lines[-1]
        around = (each for each in self._kept if each.start <= first and last <= each.end)
        return next((each.words for each in around), "")

    def branch_reason(self, exits: Sequence[Exit], ways: Sequence[Way | None]) -> str:
        """The same of ways that were never taken."""
        found: set[str] = set()
        for (line, _), way in zip(exits, ways, strict=True):
            guard = self._at.get(line)
            if guard is None or way is None or way.kind not in ("true", "false"):
                return ""
            found.add(guard.true if way.kind == "true" else guard.false)
        return found.pop() if len(found) == 1 else ""

    def _unreached(self, each: _Stretch) -> bool:
        ran = _any_within(self._covered, each.start, each.end)
        return not ran and (each.sure or _any_within(self._covered, each.line, each.line))

    def _stretches(self, module: PythonModule) -> Iterator[_Stretch]:
        stack: list[ast.AST] = [module.tree]
        while stack:
            node = stack.pop()
            stack.extend(statements_of(node))
            for name in ("body", "orelse", "finalbody"):
                yield from self._of_block(getattr(node, name, ()))

    def _of_block(self, block: Sequence[ast.stmt]) -> Iterator[_Stretch]:
        for at, node in enumerate(block):
            if isinstance(node, ast.If | ast.Assert) and (guard := self._read.guard(node.test)):
                inward, onward = guard, guard.inverse
                rest = block[at + 1 :]
                if isinstance(node, ast.Assert):
                    yield from _stretch(rest, node.lineno, inward)
                    continue
                self._at[node.lineno] = guard
                yield from _stretch(node.body, node.lineno, inward)
                yield from _stretch(node.orelse, node.lineno, onward)
                if isinstance(node.body[-1], JUMPS) and not node.orelse:
                    yield from _stretch(rest, node.lineno, onward)


def _stretch(block: Sequence[ast.stmt], line: int, guard: Guard) -> Iterator[_Stretch]:
    if block and guard.true:
        end = block[-1].end_lineno or block[-1].lineno
        yield _Stretch(first_line(block[0]), end, line, guard.true, guard.sure[0])


def _any_within(lines: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(lines, start)
    return at < len(lines) and lines[at] <= end


class _Reader:
    """Reads tests, also by the names that a module gives to them or to what they are of."""

    def __init__(self, module: PythonModule) -> None:
        self._named: dict[str, Guard] = {}
        self._imported: dict[str, str] = {}
        for node in module.tree.body:
            match node:
                case ast.Import(names=names):
                    for each in names:
                        if each.name in _MODULES:
                            self._imported[each.asname or each.name] = each.name
                case ast.ImportFrom(module=str(source), names=names) if source in _MODULES:
                    for each in names:
                        self._imported[each.asname or each.name] = f"{source}.{each.name}"
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if guard := self.guard(value):
                    self._named[name] = guard

    def guard(self, test: ast.expr) -> Guard | None:
        """What a test says; None where it is none of these."""
        found: Guard | None = None
        match test:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                found = Guard(TYPE_CHECKING, sure=(True, False))
            case ast.Name(id=name):
                found = self._named.get(name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                other = self.guard(operand)
                found = other.inverse if other else None
            case ast.BoolOp(op=ast.And(), values=values):
                # Of what is not so any part may be the cause.
                parts = (self.guard(value) for value in values)
                found = next(
                    (Guard(p.true, sure=(p.sure[0], False)) for p in parts if p and p.true), None
                )
            case ast.Call(func=ast.Attribute(value=value, attr="startswith"), args=[asked]):
                found = _system(asked) if self._name(value) == "sys.platform" else None
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                found = self._compared(self._name(left), op, right)
        return found

    def _compared(self, name: str, op: ast.cmpop, right: ast.expr) -> Guard | None:
        found: Guard | None = None
        equal = isinstance(op, ast.Eq | ast.In | ast.NotEq | ast.NotIn)
        if name == "__name__" and equal:
            main = isinstance(right, ast.Constant) and right.value == "__main__"
            found = Guard(SCRIPT, sure=(True, False)) if main else None
        elif name in _SYSTEM_NAMES and equal:
            found = _system(right)
        elif name in _PYTHON_NAMES and equal:
            found = _only(_titles(right, _PYTHONS), {"CPython"}, "Pythons")
        elif name in _VERSIONS:
            return _version(op, right)
        negative = isinstance(op, ast.NotEq | ast.NotIn)
        return found.inverse if found and negative else found

    def _name(self, node: ast.expr) -> str:
        """A name with the module it comes from: `sys.platform`; empty for anything else."""
        match node:
            case ast.Name(id=name):
                return self._imported.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                return f"{owner}.{attr}" if (owner := self._name(value)) else ""
            case ast.Call(func=function, args=[], keywords=[]):
                return f"{name}()" if (name := self._name(function)) else ""
            case ast.Subscript(value=value, slice=ast.Constant(value=0)):
                return f"{self._name(value)}[0]"
            case ast.Subscript(value=value, slice=ast.Slice(upper=ast.Constant(value=2))):
                return f"{self._name(value)}[:2]"
            case _:
                return ""


def _system(node: ast.expr) -> Guard | None:
    return _only(_titles(node, _SYSTEMS), _USUAL, "systems")


def _only(names: Sequence[str], usual: set[str], kind: str) -> Guard | None:
    if not names:
        return None
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return Guard(
        f"it runs on {listed} only",
        f"it runs on other {kind} than {listed} only",
        (usual.isdisjoint(names), False),
    )


def _titles(node: ast.expr, known: dict[str, str]) -> tuple[str, ...]:
    """What people call the systems, or Pythons, that constants name; empty if one is unknown."""
    elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    found: list[str] = []
    for each in elements:
        if not isinstance(each, ast.Constant) or not isinstance(each.value, str):
            return ()
        lower = each.value.lower()
        title = next((title for key, title in known.items() if lower.startswith(key)), "")
        if not title:
            return ()
        found.append(title)
    return tuple(dict.fromkeys(found))


def _version(op: ast.cmpop, right: ast.expr) -> Guard | None:
    elements = right.elts if isinstance(right, ast.Tuple) else [right]
    numbers = [each.value for each in elements[:3] if isinstance(each, ast.Constant)]
    if not numbers or not all(type(number) is int for number in numbers):
        return None
    asked = "Python " + ".".join(map(str, numbers))
    newer = Guard(f"it runs on {asked} and newer only", f"it runs on Python below {asked[7:]} only")
    match op:
        case ast.GtE() | ast.Gt():
            return newer
        case ast.Lt() | ast.LtE():
            return newer.inverse
        case ast.Eq():
            return Guard(f"it runs on {asked} only", f"it runs on other versions than {asked} only")
        case _:
            return None
