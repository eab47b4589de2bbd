"""Calls and expectations that the documentation shows."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.subjects import Input, Subject
from qe_action.generators.offline.values import Lit, Value, parse

_ARROW = re.compile(r"^[^\w\n]*+([\w.]+\([^\n]*\))\s*(?:#|->|=>|returns|==)", re.MULTILINE)
"""A call and what it gives, in prose: `f(1) -> 2`."""
_OLD_OR_STRING = re.compile(
    r"""<(?P<type>type)\s(?=')|(?<![\w.])(?P<long>\d+)L\b"""
    r"""|(?<![\w'"])[uU]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
)
"""`<type 'int'>`, `10L`, and strings, `u'…'` among them, wherever they stand in a result."""


@dataclass(frozen=True)
class Example:
    """One doctest example: the lines before it, its expression, and what it should give."""

    qualname: str
    before: tuple[str, ...]
    source: str
    want: str


def examples_of(hints: CodeHints) -> list[Example]:
    """The examples of all docstrings, in their order."""
    found: list[Example] = []
    docs = [(name, function.examples) for name, function in hints.functions.items()]
    docs += list(hints.classes.items())
    for name, doc in docs:
        try:
            shown = doctest.DocTestParser().get_examples(doc)
        except ValueError:
            continue
        before: list[str] = []
        for example in shown:
            source = example.source.strip()
            if example.options.get(doctest.SKIP):
                continue
            found.append(Example(name, tuple(before), source, example.want))
            before.append(source)
        found += [Example(name, (), match, "") for match in _ARROW.findall(doc)]
    return found


def inputs_of(
    examples: list[Example], subjects: list[Subject], known: Mapping[str, str]
) -> list[Input]:
    """The calls of subjects within the examples."""
    found: list[Input] = []
    for example in examples:
        bound: dict[str, ast.expr] = {}
        for line in (*example.before, example.source):
            try:
                tree = ast.parse(line)
            except (SyntaxError, ValueError):
                continue
            for statement in tree.body:
                _bind(statement, bound)
        try:
            tree = ast.parse(example.source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call | ast.Attribute):
                found += _inputs(node, subjects, bound, known)
    return list(dict.fromkeys(found))


def _bind(statement: ast.stmt, bound: dict[str, ast.expr]) -> None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            bound[target.id] = _filled(statement.value, bound)


class _Fill(ast.NodeTransformer):
    def __init__(self, bound: Mapping[str, ast.expr]) -> None:
        self._bound = bound

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._bound.get(node.id, node)


def _filled(node: ast.expr, bound: Mapping[str, ast.expr]) -> ast.expr:
    if isinstance(node, ast.Starred):
        return node
    copied = ast.parse(ast.unparse(node), mode="eval").body
    filled = _Fill(bound).visit(copied)
    assert isinstance(filled, ast.expr)
    return filled


def _inputs(
    node: ast.Call | ast.Attribute,
    subjects: list[Subject],
    bound: Mapping[str, ast.expr],
    known: Mapping[str, str],
) -> Iterator[Input]:
    func = node.func if isinstance(node, ast.Call) else node
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    for subject in subjects:
        if subject.name != name or (subject.kind == "property") != isinstance(node, ast.Attribute):
            continue
        call: Value | None = Lit(None)
        args: tuple[Value, ...] = ()
        kwargs: tuple[tuple[str, Value], ...] = ()
        if isinstance(node, ast.Call):
            got = _arguments(node, bound, known)
            if got is None:
                continue
            args, kwargs = got
        if subject.on_object:
            if not isinstance(func, ast.Attribute):
                continue
            call = parse(_filled(func.value, bound), known)
            if call is None or isinstance(call, Lit):
                continue
            yield Input(subject, args, kwargs, call)
        else:
            yield Input(subject, args, kwargs)


def _arguments(
    node: ast.Call, bound: Mapping[str, ast.expr], known: Mapping[str, str]
) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]] | None:
    args = [parse(_filled(arg, bound), known) for arg in node.args]
    kwargs = [(k.arg, parse(_filled(k.value, bound), known)) for k in node.keywords]
    if None in args or any(n is None or v is None for n, v in kwargs):
        return None
    good = tuple((n, v) for n, v in kwargs if n is not None and v is not None)
    return tuple(arg for arg in args if arg is not None), good


def contradicts(want: str, got: str) -> bool:
    """Whether a result is not what the example says, by doctest's own comparison."""
    if not want.strip() or want.lstrip().startswith("Traceback"):
        return False
    want, got = _spelt(want), _spelt(got)
    if _plain(want) is not None and _plain(want) == _plain(got):
        return False
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if doctest.OutputChecker().check_output(want, got + "\n", options):
        return False
    return "".join(want.split()).replace('"', "'") != "".join(got.split()).replace('"', "'")


def _spelt(shown: str) -> str:
    """A result with its parts in today's spelling: many an example is as old as Python 2."""
    return _OLD_OR_STRING.sub(_respelt, shown)


def _respelt(found: re.Match[str]) -> str:
    if found["type"]:
        return "<class "
    if found["long"]:
        return found["long"]
    try:
        return repr(ast.literal_eval(found[0]))
    except (ValueError, SyntaxError):
        return found[0]


def _plain(shown: str) -> object:
    try:
        return ast.literal_eval(shown.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
