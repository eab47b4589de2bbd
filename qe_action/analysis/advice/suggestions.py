"""Tests that would close a gap, each in one sentence that the source gives word for word.

A sentence says what to call, what has to hold, and what is then to be seen. Where the
source shows neither a condition nor an effect there is no sentence.
"""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from qe_action.analysis.advice.assignments import origin
from qe_action.analysis.advice.branch_words import Way, ways
from qe_action.analysis.advice.conditions import (
    Clause,
    case_clauses,
    fails,
    holds,
    raises_clauses,
    unmatched,
)
from qe_action.analysis.advice.effects import LEAVE_LOOP, NEXT_ROUND, Outcome
from qe_action.analysis.advice.enclosing_blocks import LOOPS, SCOPES, Statement, Step, path_to
from qe_action.analysis.advice.loops import loop_clause, loop_ends
from qe_action.analysis.advice.observations import lasting, shown
from qe_action.analysis.advice.omitted_effects import denied, names_a_local
from qe_action.analysis.advice.outcomes import LONGEST, outcomes, straight
from qe_action.analysis.advice.path_conditions import around_clauses, may_be_caught, path_clauses
from qe_action.analysis.advice.satisfiability import can_hold
from qe_action.analysis.advice.sentence import sentence, without_implied
from qe_action.analysis.advice.stale_conditions import joined, names_in
from qe_action.analysis.advice.subject import is_generator, subject
from qe_action.analysis.declarations import declared
from qe_action.analysis.python_module import FUNCTIONS, Definition, PythonModule, first_line
from qe_action.events import Gap

MOST = 3
"""Suggestions for one gap."""
_WAYS = 24
"""Ways through a function that are weighed."""


def suggest(module: PythonModule, gap: Gap) -> tuple[str, ...]:
    """Up to three sentences for a gap, code in backticks, each of at most 300 characters.

    Nothing where none can be derived. Costs about the size of the code around the gap's
    first line, up to fixed bounds.
    """
    try:
        if gap.gap_type == "partial":
            found = _partial(module, gap.line_start, gap.missing_branches)
        else:
            found = chain(_uncovered(module, gap), _leading(module, gap))
        return tuple(islice(dict.fromkeys(filter(None, found)), MOST))
    except RecursionError:
        return ()  # an expression nested too deeply to be told


def _partial(module: PythonModule, line: int, missing: Sequence[str]) -> Iterator[str]:
    path = path_to(module, line)
    for way in ways(module, line, missing):
        if way is not None and way.kind != "uncaught":
            yield _for_way(module, path, way)


def _leading(module: PythonModule, gap: Gap) -> Iterator[str]:
    """For the branches that lead further into missed statements than to the first."""
    for line, target in zip(gap.branch_lines, gap.missing_branches, strict=False):
        if target != str(gap.line_start):
            yield from _partial(module, line, (target,))


def _for_way(module: PythonModule, path: list[Step], way: Way) -> str:
    side = _explained(module, path, _side(module, path, way))
    clauses = path_clauses(module, path, side)
    step = path[-1]
    block: Sequence[ast.stmt] = getattr(step.node, "body", [])
    if way.kind in ("true", "started", "matched", "caught"):
        return _told(module, [*path, Step(step.node, "body", block, 0)], clauses)
    if way.kind == "unmatched" and step.at + 1 < len(step.block):
        return _sentence(module, path, clauses, ())  # what then happens is the next case's say
    if otherwise := getattr(step.node, "orelse", []):
        return _told(module, [*path, Step(step.node, "orelse", otherwise, 0)], clauses)
    if isinstance(step.node, ast.If) and (skipped := _skipped(module, path, step.node)):
        return _sentence(module, path, clauses, denied((skipped,), module, path))
    after = _following(module, path, clauses)
    if isinstance(step.node, ast.If) and not after.effects:
        instead = straight(module, step.node.body, in_function=_in_function(path)).effects[-1:]
        instead = tuple(effect for effect in instead if effect != "return `None`")
        return _sentence(module, path, clauses, denied(instead, module, path))
    return _sentence(module, path, after.clauses, after.effects)


def _skipped(module: PythonModule, path: list[Step], node: ast.If) -> str:
    """The effect that an `if` without `else` adds; empty where it leads away."""
    inner = straight(module, node.body, in_function=_in_function(path))
    if inner.end != "open":
        return ""
    if inner.effects:
        return "" if inner.effects[0].startswith("return") else inner.effects[0]
    effect, *last = shown(module, path, inner).effects or ("",)
    return effect if last and last[0].startswith("return") else ""


def _following(module: PythonModule, path: list[Step], clauses: Sequence[Clause]) -> Outcome:
    """What is to be seen after the last step's statement, in the blocks around it."""
    for step in reversed(path):
        if step.field not in ("handlers", "cases"):
            rest = step.block[step.at + 1 : step.at + 1 + LONGEST]
            found = straight(module, rest, clauses, in_function=_in_function(path))
            if found.effects:
                return found
        if isinstance(step.parent, (*SCOPES, *LOOPS)) and step.field == "body":
            break
    return Outcome(tuple(clauses), (), "open")


def _side(module: PythonModule, path: list[Step], way: Way) -> list[Clause]:
    """What has to hold for a way to be taken out of the last step's statement."""
    outer = path[-1].parent
    match path[-1].node:
        case ast.If(test=test) | ast.While(test=test):
            return (holds if way.kind == "true" else fails)(module, test)
        case ast.For() | ast.AsyncFor() as loop:
            return [(loop_clause if way.kind == "started" else loop_ends)(module, loop)]
        case ast.match_case() as case if isinstance(outer, ast.Match):
            matched = way.kind == "matched"
            return (
                case_clauses(module, outer, case) if matched else [unmatched(module, outer, case)]
            )
        case ast.ExceptHandler() as handler if isinstance(outer, ast.Try | ast.TryStar):
            return raises_clauses(module, outer, handler) if way.kind == "caught" else []
        case _:
            return []


def _uncovered(module: PythonModule, gap: Gap) -> Iterator[str]:
    path = path_to(module, gap.line_start)
    if not path:
        return
    whole = _definitions_in(module, gap)
    if whole:
        for definition in whole:
            yield from islice(_for_function(module, definition), 1 if len(whole) > 1 else MOST)
        return
    if isinstance(node := path[-1].node, ast.ExceptHandler | ast.match_case):
        path.append(Step(node, "body", node.body, 0))
    others = _further_handlers(path, gap.line_end)
    if others:
        yield from islice(_for_block(module, path), 1)
        for other in others:
            yield from islice(_for_block(module, other), 1)
        return
    yield from islice(_for_block(module, path), MOST - 1)


def _further_handlers(path: list[Step], end: int) -> list[list[Step]]:
    """The paths into the handlers that follow those around a line, up to the line `end`."""
    found: list[list[Step]] = []
    for depth, step in enumerate(path):
        if step.field != "handlers":
            continue
        for at in range(step.at + 1, len(step.block)):
            node = step.block[at]
            if isinstance(node, ast.ExceptHandler) and node.lineno <= end:
                into = Step(node, "body", node.body, 0)
                found.append([*path[:depth], step._replace(at=at), into])
    return found


def _definitions_in(module: PythonModule, gap: Gap) -> list[Definition]:
    """The functions of which a gap holds all statements, the public ones first."""
    inside = module.definition_at(gap.line_start)
    if inside and inside.is_function:
        first = first_line(inside.node.body[_documented(inside)])
        last = first_line(inside.node.body[-1])
        return [inside] if gap.line_start <= first and gap.line_end >= last else []
    at = bisect_left(module.definitions, gap.line_start, key=lambda each: each.line)
    end = bisect_right(module.definitions, gap.line_end, key=lambda each: each.line)
    held = [
        each
        for each in module.definitions[at:end]
        if each.is_function and each.start <= gap.line_end and not declared(module, each)
    ]
    return sorted(held, key=lambda each: (each.node.name.startswith("_"), each.line))[:MOST]


def _documented(definition: Definition) -> int:
    """1 where a docstring is the first of several statements, else 0."""
    body = definition.node.body
    first = body[0]
    string = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return int(string and len(body) > 1)


def _for_function(module: PythonModule, definition: Definition) -> Iterator[str]:
    """The straight way through a function, then the exceptions it raises, then other ways."""
    body = definition.node.body
    path = [*path_to(module, definition.line), Step(definition.node, "body", body, 0)]
    found = list(islice(outcomes(module, body, in_function=True), _WAYS))
    ends = ("raise", "return", "jump", "open")
    found.sort(key=lambda each: (not each.straight, ends.index(each.end)))
    for outcome in found:
        told = (lasting if outcome.effects else shown)(module, path, outcome)
        if told.effects and (told.clauses or not names_a_local(definition.node, told.effects)):
            yield _sentence(module, path, told.clauses, told.effects)


def _for_block(module: PythonModule, path: list[Step]) -> Iterator[str]:
    """The straight way through what is left of a block, then one that ends in between."""
    clauses = _explained(module, path, path_clauses(module, path))
    yield _told(module, path, clauses)
    rest = _rest(path[-1])
    found = outcomes(
        module, rest, clauses, in_function=_in_function(path), caught=may_be_caught(path)
    )
    for outcome in islice(found, _WAYS):
        if not outcome.straight and outcome.end in ("raise", "return") and outcome.effects:
            yield _sentence(module, path, outcome.clauses, outcome.effects)


def _told(module: PythonModule, path: list[Step], clauses: Sequence[Clause]) -> str:
    """The sentence for the straight way through what is left of a block."""
    rest = _rest(path[-1])
    outcome = straight(
        module, rest, clauses, in_function=_in_function(path), caught=may_be_caught(path)
    )
    outcome = lasting(module, path, outcome)
    if outcome.end == "open" and not outcome.effects:
        outcome = shown(module, path, outcome)
        handler = path[-1].parent
        if (
            not outcome.effects
            and isinstance(handler, ast.ExceptHandler)
            and not _raises_below(path, handler)
        ):
            outcome = outcome._replace(effects=("go on without an exception",))
    return _sentence(module, path, outcome.clauses, outcome.effects)


def _raises_below(path: Sequence[Step], handler: ast.ExceptHandler) -> bool:
    """Whether an exception is raised further down in the function around a handler."""
    around = [step.parent for step in path if isinstance(step.parent, FUNCTIONS)]
    return any(
        isinstance(node, ast.Raise | ast.Assert) and node.lineno > (handler.end_lineno or 0)
        for node in (ast.walk(around[-1]) if around else ())
    )


def _explained(module: PythonModule, path: list[Step], clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses, the last one with where one of their variables comes from."""
    if not clauses:
        return []
    *others, last = clauses
    return [*others, last._replace(origin=origin(module, path, names_in(clauses)))]


def _sentence(
    module: PythonModule, path: list[Step], clauses: Sequence[Clause], effects: Sequence[str]
) -> str:
    if any("TYPE_CHECKING" in clause.text for clause in clauses):
        return ""  # no test makes that true
    if not clauses and {LEAVE_LOOP, NEXT_ROUND}.issuperset(effects):
        return ""  # nobody outside sees that
    if clauses or effects:
        clauses = joined(around_clauses(module, path), clauses)
    if not can_hold([clause.condition for clause in clauses if not clause.stale]):
        return ""
    lead = subject(module, path, names_in(without_implied(clauses)))
    if lead.call.startswith("Import") and names_in(clauses) & _constants(module):
        return ""  # the module itself says what holds
    if lead.call.startswith(("Run", "Import")):
        clauses = [clause for clause in clauses if "__name__" not in clause.names]
    inside = [step.parent for step in path if isinstance(step.parent, FUNCTIONS)]
    if inside and is_generator(module, inside[-1]):
        effects = ["end" if effect.startswith("return ") else effect for effect in effects]
    return sentence(lead, clauses, effects)


def _constants(module: PythonModule) -> set[str]:
    """The variables that a module's first statements set to constants."""
    found: set[str] = set()
    for node in module.tree.body[:LONGEST]:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()):
                found.add(name)
    return found


def _rest(step: Step) -> Sequence[Statement]:
    """A step's statement and those after it, as many as are looked at."""
    return step.block[step.at : step.at + LONGEST]


def _in_function(path: Sequence[Step]) -> bool:
    scope = next((s.parent for s in reversed(path) if isinstance(s.parent, SCOPES)), None)
    return isinstance(scope, FUNCTIONS)
