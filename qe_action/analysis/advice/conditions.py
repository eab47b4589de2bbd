"""What has to hold for a line of a function to run, in words, from the source."""

from __future__ import annotations

import ast
from typing import Literal, NamedTuple

from qe_action.analysis.advice.exception_sources import raised
from qe_action.analysis.advice.excerpt import LIMIT, excerpt, with_operator
from qe_action.analysis.advice.satisfiability import ANYTHING, Condition
from qe_action.analysis.advice.test_facts import condition
from qe_action.analysis.python_module import PythonModule

Sort = Literal["condition", "loop", "raises"]

PARTS = 3
"""Operands of `and` and `or` that are told one by one."""
MOST = 4
"""Conditions of a sentence."""
_NAMES = 200
"""Nodes of an expression that are searched for names."""
_INVERSE: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_PARTS_OF_EXPRESSIONS = (ast.expr, ast.comprehension, ast.keyword)


class Clause(NamedTuple):
    """One thing that has to hold. `text` follows "with" (condition), or stands by itself.

    `names` are the variables it speaks of. Of clauses with the same `topic`, such as the
    tests of one value in an `elif` chain, one that `settles` it makes the others superfluous.
    `origin` is the assignment one of the variables comes from. `stale` are the variables that
    were set again since it held. `condition` is what it asks for, to be weighed with others,
    and `denied` the opposite. `more` says that something before it has to hold that is not told.
    `outer` says that it has to hold in a function around the one a sentence speaks of.
    """

    sort: Sort
    text: str
    names: frozenset[str] = frozenset()
    topic: str = ""
    settles: bool = False
    origin: str = ""
    stale: frozenset[str] = frozenset()
    condition: Condition = ANYTHING
    denied: Condition = ANYTHING
    more: bool = False
    outer: bool = False


def holds(module: PythonModule, test: ast.expr) -> list[Clause]:
    """The clauses that make a test true; none for a constant."""
    match test:
        case ast.Constant() | ast.Name(id="__debug__"):
            return []
        case ast.BoolOp(op=ast.And(), values=values) if len(values) <= PARTS:
            return [clause for value in values for clause in holds(module, value)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return fails(module, operand)
        case _:
            return [_clause(module, test, wanted=True)]


def fails(module: PythonModule, test: ast.expr) -> list[Clause]:
    """The clauses that make a test false; none for a constant."""
    match test:
        case ast.Constant() | ast.Name(id="__debug__"):
            return []
        case ast.BoolOp(op=ast.Or(), values=values) if len(values) <= PARTS:
            return [clause for value in values for clause in fails(module, value)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return holds(module, operand)
        case _:
            return [_clause(module, test, wanted=False)]


def _clause(module: PythonModule, test: ast.expr, *, wanted: bool) -> Clause:
    topic, settles = _topic(module, test)
    asked = condition(module, test, wanted=wanted)
    denied = condition(module, test, wanted=not wanted)
    if counted := quantified(module, test, wanted=wanted):
        return Clause("condition", counted, names_of(test), condition=asked, denied=denied)
    text = f"`{excerpt(module, test)}`"
    if not wanted:
        inverse = _inverse(module, test)
        text = f"`{inverse}`" if inverse else f"{text} false"
    elif not isinstance(test, ast.Compare):
        text += " true"
    names, settled = names_of(test), settles and wanted
    return Clause("condition", text, names, topic, settled, condition=asked, denied=denied)


def quantified(module: PythonModule, test: ast.expr, *, wanted: bool) -> str:
    """What `any` or `all` asks of the items; empty for another test, or where it is too long."""
    match test:
        case ast.Call(
            func=ast.Name(id="any" | "all" as name),
            args=[
                ast.GeneratorExp(elt=asked, generators=[each])
                | ast.ListComp(elt=asked, generators=[each])
            ],
        ):
            pass
        case _:
            return ""
    item, iterable = excerpt(module, each.target), excerpt(module, each.iter)
    # That not all do is that one does not, and that all do is that none does not.
    parts = [part for if_ in each.ifs for part in holds(module, if_)]
    parts += (holds if name == "any" else fails)(module, asked)
    if not parts or any("…" in part.text for part in parts):
        whole = excerpt(module, test)
        return f"`{whole}` on line {test.lineno} {str(wanted).lower()}" if "…" in whole else ""
    number = "an" if (name == "any") is wanted else "no"
    told = " and ".join(told_of(part.text) for part in parts)
    return f"{number} item `{item}` of `{iterable}` for which {told}"


def told_of(text: str) -> str:
    """A clause as part of a sentence: `` `x` true `` is `` `x` is true ``."""
    for state in ("true", "false", "empty"):
        if text.endswith(f"` {state}"):
            return f"{text.removesuffix(f' {state}')} is {state}"
    return text


def _inverse(module: PythonModule, test: ast.expr) -> str:
    """A comparison with its opposite operator; `a and b` with both; else empty."""
    match test:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            inverse = with_operator(module, test, (left, right), _INVERSE[type(operator)])
        case ast.BoolOp(op=ast.And(), values=[ast.Compare() as one, ast.Compare() as two]):
            parts = [_inverse(module, one), _inverse(module, two)]
            inverse = " or ".join(parts) if all(parts) else ""
        case _:
            inverse = ""
    return inverse if len(inverse) <= LIMIT else ""


def _topic(module: PythonModule, test: ast.expr) -> tuple[str, bool]:
    """What a test of a value or type is about, and whether it holds for one case only."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is() | ast.In()]):
            return excerpt(module, left), True
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, _]):
            return f"type of {excerpt(module, subject)}", True
        case _:
            return "", False


def names_of(node: ast.AST) -> frozenset[str]:
    """The variables an expression reads, as far as a bounded search finds them."""
    names: set[str] = set()
    stack = [node]
    for _ in range(_NAMES):
        if not stack:
            break
        each = stack.pop()
        if isinstance(each, ast.Name):
            names.add(each.id)
            continue
        for value in vars(each).values():
            children = value if isinstance(value, list) else (value,)
            stack += [child for child in children if isinstance(child, _PARTS_OF_EXPRESSIONS)]
    return frozenset(names)


def case_clauses(module: PythonModule, match: ast.Match, case: ast.match_case) -> list[Clause]:
    """That a value matches a pattern, and its guard."""
    subject = excerpt(module, match.subject)
    guard = holds(module, case.guard) if case.guard else []
    if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None:
        others = [each for each in match.cases if each is not case]
        text = f"`{subject}` matching no other pattern"
        return [Clause("condition", text, names_of(match.subject)), *guard] if others else guard
    text = f"`{subject}` matching `{excerpt(module, case.pattern)}`"
    return [Clause("condition", text, names_of(match.subject)), *guard]


def unmatched(module: PythonModule, match: ast.Match, case: ast.match_case) -> Clause:
    """That a value does not match a pattern."""
    text = f"`{excerpt(module, match.subject)}` not matching `{excerpt(module, case.pattern)}`"
    return Clause("condition", text, names_of(match.subject))


def raises_clauses(
    module: PythonModule, tried: ast.Try | ast.TryStar, handler: ast.ExceptHandler
) -> list[Clause]:
    """That something in a `try` raises what a handler catches."""
    found = raised(module, tried, handler)
    return [Clause("raises", found.text, names_of(found.source) if found.source else frozenset())]
