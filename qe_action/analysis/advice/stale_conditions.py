"""Which conditions a sentence still tells where a variable of theirs was set again."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from qe_action.analysis.advice.assignments import set_by, set_inside
from qe_action.analysis.advice.conditions import Clause
from qe_action.analysis.advice.enclosing_blocks import LOOPS, Statement
from qe_action.analysis.advice.fallthrough import TRIES, way_past


def aged(clauses: Iterable[Clause], again: set[str] | None) -> list[Clause]:
    """The clauses after some variables, or with None any, were set: they are stale in them."""
    if again is None:
        return [clause._replace(stale=clause.names) for clause in clauses]
    return [
        clause
        if clause.names.isdisjoint(again)
        else clause._replace(stale=clause.stale | (clause.names & again))
        for clause in clauses
    ]


def outdated(clauses: Iterable[Clause], by: Sequence[Clause]) -> list[Clause]:
    """The conditions that are on an older value of a variable than one of later ones is."""
    names = names_in(each for each in by if each.sort == "condition")
    return [
        clause
        for clause in clauses
        if clause.sort == "condition" and not clause.stale.isdisjoint(names)
    ]


def names_in(clauses: Iterable[Clause]) -> frozenset[str]:
    """All variables that some clauses speak of."""
    return frozenset[str]().union(*(clause.names for clause in clauses))


def joined(clauses: Iterable[Clause], more: Sequence[Clause]) -> list[Clause]:
    """The clauses with those that hold later, which put conditions on older values out."""
    before = list(clauses)
    left = outdated(before, more)
    kept = [clause for clause in before if clause not in left] if left else before
    return [*kept, *(marked(more) if left else more)]


def marked(clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses, which say that something before them has to hold that is not told."""
    return [clause._replace(more=True) for clause in clauses]


def within(clauses: Sequence[Clause], node: ast.AST, entering: Sequence[Clause]) -> list[Clause]:
    """The clauses inside a statement, where those in `entering` lead to a block of it."""
    if isinstance(node, ast.Try | ast.TryStar):
        return aged(joined(clauses, entering), set_within(node))  # the error tells of before
    return joined(aged(clauses, set_within(node)), entering)


def after(clauses: Sequence[Clause], node: Statement, passing: Sequence[Clause]) -> list[Clause]:
    """The clauses after a statement that `in_line` gives, where those in `passing` lead past it."""
    if not clauses and not passing:
        return []
    before, then = set_past(node)
    return aged(joined(aged(clauses, before), passing), then)


def set_within(node: ast.AST) -> set[str] | None:
    """What may have been set where a block of a statement is entered, handlers of a `try`."""
    if isinstance(node, LOOPS):
        return set_inside(node)  # by a round before
    if isinstance(node, ast.Try | ast.TryStar):
        return set_in(node.body)
    return set_by(node) if isinstance(node, ast.stmt | ast.match_case) else set()


def set_past(node: Statement) -> tuple[set[str] | None, set[str] | None]:
    """What a statement that `in_line` gives may set before its last test, and then, if passed."""
    if isinstance(node, LOOPS):
        return set_inside(node), set()
    if isinstance(node, ast.If):
        way = way_past(node)
        body = node.body if way != "orelse" else []
        orelse = node.orelse if way != "body" else []
        return set_by(node), set_in([*body, *orelse])
    if isinstance(node, (*TRIES, ast.With, ast.AsyncWith)):
        return set_by(node), set()  # what stands inside comes by itself
    return set(), set_inside(node)


def set_in(block: Sequence[Statement]) -> set[str] | None:
    """What the statements of a block may set; None for anything."""
    found: set[str] = set()
    for node in block:
        inside = set_inside(node)
        if inside is None:
            return None
        found |= inside
    return found
