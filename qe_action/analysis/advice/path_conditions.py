"""What has to hold for control to come to a statement, from the function's entry on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from qe_action.analysis.advice.conditions import (
    MOST,
    PARTS,
    Clause,
    case_clauses,
    fails,
    holds,
    raises_clauses,
)
from qe_action.analysis.advice.enclosing_blocks import Statement, Step, inside_function
from qe_action.analysis.advice.fallthrough import in_line, passed, quiets
from qe_action.analysis.advice.loops import loop_clause, loop_ends
from qe_action.analysis.advice.stale_conditions import (
    aged,
    joined,
    marked,
    names_in,
    outdated,
    set_in,
    set_past,
    set_within,
)
from qe_action.analysis.python_module import FUNCTIONS, FunctionNode, PythonModule

_NEAR = 50
"""Statements before a line that are looked at for guards."""


def may_be_caught(path: Sequence[Step]) -> bool:
    """Whether an exception at the last step's statement may be caught in its function."""
    return any(step.field == "body" and quiets(step.parent) for step in inside_function(path)[1:])


def path_clauses(
    module: PythonModule, path: Sequence[Step], own: Sequence[Clause] = ()
) -> list[Clause]:
    """What has to hold from the function's entry to the last step's statement, outermost first.

    The tests around the statement, as many guards before it as a sentence has room for (first
    those that share a variable with them or with `own`, then the nearest), and last `own`, the
    statement's own conditions. They say so where something is left out.
    """
    lead = _Lead()
    steps = inside_function(path)
    for depth, step in enumerate(steps):
        if depth:
            lead.enter(step, steps[depth - 1], _entering(module, step, steps[depth - 1]))
        for node in _before(step):
            lead.pass_by(node, passed(module, node))
    if own:
        lead.age(set_within(path[-1].node))
    lead.join(own)
    told = [(guard, clause) for guard, part in lead.parts for clause in part]
    around = [clause for guard, clause in told if not guard]
    spoken = names_in([*own, *around])
    room = max(1, MOST - len(around) - len(own)) if around or own else PARTS
    guards = [n for n, (guard, _) in enumerate(told) if guard]
    related = [n for n in guards if told[n][1].names & spoken][-room:]
    others = [n for n in guards if not told[n][1].names & spoken]
    left = len(others) - (room - len(related))
    kept = {*related, *others[max(0, left) :]}
    found = [clause for n, (guard, clause) in enumerate(told) if not guard or n in kept]
    cut = lead.cut or len(found) < len(told)
    return marked([*found, *own]) if cut else [*found, *own]


def around_clauses(module: PythonModule, path: Sequence[Step]) -> list[Clause]:
    """What has to hold in the functions around the innermost one for its `def` to run."""
    found: list[Clause] = []
    for at, step in enumerate(path[:-1]):
        node, into = step.node, path[: at + 1]
        if isinstance(node, FUNCTIONS) and isinstance(inside_function(into)[0].parent, FUNCTIONS):
            found = aged(joined(found, path_clauses(module, into)), _own_names(node))
    return [clause._replace(outer=True) for clause in found]


def _own_names(node: FunctionNode) -> set[str] | None:
    """The variables that are another function's own, whatever is called so around it."""
    inside = set_in(node.body)
    parameters = {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    return None if inside is None else inside | parameters


class _Lead:
    """The clauses on the way to a statement in order, each part with whether it is a guard's.

    `cut` says that some were put out.
    """

    def __init__(self) -> None:
        self.parts: list[tuple[bool, list[Clause]]] = []
        self.cut = False

    def enter(self, step: Step, outer: Step, clauses: list[Clause]) -> None:
        """Come into a block; what that sets counts as `standing.within` says."""
        handling = outer.field == "handlers"
        tried = isinstance(step.parent, ast.Try | ast.TryStar)
        if not handling and not tried:
            self.age(set_within(step.parent))
        self._add(clauses, guard=False)
        if handling:
            self.age(set_within(outer.parent))

    def pass_by(self, node: Statement, clauses: list[Clause]) -> None:
        """Come past a statement of the block."""
        if clauses or self.parts:
            before, then = set_past(node)
            self.age(before)
            self._add(clauses, guard=True)
            self.age(then)

    def _add(self, clauses: list[Clause], *, guard: bool) -> None:
        if clauses:
            self.join(clauses)
            self.parts.append((guard, clauses))

    def join(self, clauses: Sequence[Clause]) -> None:
        """Put the conditions on older values of what clauses speak of out."""
        gone = outdated((clause for _, part in self.parts for clause in part), clauses)
        if gone:
            self.cut = True
            for _, part in self.parts:
                part[:] = [clause for clause in part if clause not in gone]

    def age(self, again: set[str] | None) -> None:
        """Take some variables, or with None any, as set again."""
        for _, part in self.parts:
            part[:] = aged(part, again)


def _entering(module: PythonModule, step: Step, outer: Step) -> list[Clause]:
    """What has to hold to come into a block from the statement it belongs to."""
    inward = step.field == "body"
    match step.parent:
        case ast.If(test=test) | ast.While(test=test):
            return (holds if inward else fails)(module, test)
        case ast.For() | ast.AsyncFor() as loop:
            return [(loop_clause if inward else loop_ends)(module, loop)]
        case ast.ExceptHandler() as handler:
            assert isinstance(outer.parent, ast.Try | ast.TryStar)
            return raises_clauses(module, outer.parent, handler)
        case ast.match_case() as case:
            assert isinstance(outer.parent, ast.Match)
            return case_clauses(module, outer.parent, case)
        case _:
            return []


def _before(step: Step) -> Iterator[Statement]:
    """The statements before a step's in its block; early exits among them were not taken."""
    if step.field not in ("handlers", "cases"):
        block = step.block[max(0, step.at - _NEAR) : step.at]
        yield from (node for node, _ in in_line(block))
