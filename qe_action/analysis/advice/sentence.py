"""One sentence of what to call, what has to hold, and what is then to be seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from qe_action.analysis.advice.conditions import Clause
from qe_action.analysis.advice.excerpt import LIMIT
from qe_action.analysis.advice.satisfiability import ANYTHING, can_hold

LONGEST = 300
"""Characters of a sentence."""
_WEIGHED = 6
"""Clauses, the innermost, that others may imply."""
PAST = ", past its earlier checks,"
"""Stands for conditions that are not told."""
_SHORTER = ((4, 2, True), (3, 2, True), (3, 2, False), (2, 1, False), (1, 1, False))
"""How many clauses (the innermost), how many effects, and whether to say where values come
from: what is left out first in a sentence that is too long."""


class Lead(NamedTuple):
    """The beginning of a sentence: `call`, and what has to become of it ("and have …")."""

    call: str
    inner: str = ""


def sentence(lead: Lead, clauses: Sequence[Clause], effects: Sequence[str]) -> str:
    """`lead` with its conditions and effects; empty without any, or if it can't be short.

    `lead` is the beginning ("Call `load(path)`"), `effects` are verb phrases. Conditions of an
    outer function stand next to its call.
    """
    telling = without_implied(_telling(clauses))
    if not lead.call or not (telling or effects):
        return ""
    for most, shown, origins in _SHORTER:
        told = telling[-most:]
        cut = [*telling[:-most], *(clause for clause in clauses if clause.more)]
        text = lead.call
        if lead.inner:
            text += _with(_of(told, outer=True), _of(cut, outer=True), origins=origins) + lead.inner
            told, cut = _of(told, outer=False), _of(cut, outer=False)
        text += _with(told, cut, origins=origins)
        text += f": it should {' and '.join(effects[:shown])}." if effects else "."
        if len(text) <= LONGEST:
            return text
    return ""


def _of(clauses: Sequence[Clause], *, outer: bool) -> list[Clause]:
    return [clause for clause in clauses if clause.outer == outer]


def _with(told: Sequence[Clause], cut: Sequence[Clause], *, origins: bool) -> str:
    return f"{PAST if cut else ''}{_conditions(told, origins=origins)}"


def without_implied(clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses without those that the others together leave no choice but to hold."""
    left = list(clauses)
    for clause in clauses[-_WEIGHED:]:
        others = [each for each in left if each is not clause]
        if clause.sort == "condition" and clause.denied != ANYTHING and not clause.stale:
            weighed = [each.condition for each in others if not each.stale]
            if not can_hold([clause.denied, *weighed]):
                left = others
    return left


def _telling(clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses without repetition and without what another one implies."""
    unique = list({(clause.sort, clause.text): clause for clause in clauses}.values())
    settled = {clause.topic for clause in unique if clause.settles}
    return _merged([each for each in unique if each.settles or each.topic not in settled])


def _merged(clauses: list[Clause]) -> list[Clause]:
    """With three or more values that one thing must not have told as one clause."""
    values: dict[str, list[Clause]] = defaultdict(list)
    for clause in clauses:
        if clause.topic and clause.text.startswith(f"`{clause.topic} != "):
            values[clause.topic].append(clause)
    for topic, excluded in values.items():
        if len(excluded) < 3:
            continue
        start = len(f"`{topic} != ")
        text = f"{topic} not in ({', '.join(each.text[start:-1] for each in excluded)})"
        if len(text) > LIMIT:
            text = f"{topic} not in ({excluded[0].text[start:-1]}, …)"
        clauses = [each for each in clauses if each not in excluded[1:]]
        clauses[clauses.index(excluded[0])] = excluded[0]._replace(text=f"`{text}`")
    return clauses


def _conditions(clauses: Sequence[Clause], *, origins: bool) -> str:
    text = ""
    start = 0
    while start < len(clauses):
        end = start + 1
        if clauses[start].sort == "condition":
            while end < len(clauses) and clauses[end].sort == "condition":
                end += 1
            text += f" with {_listed([each.text for each in clauses[start:end]])}"
        else:
            comma = "," if text and clauses[start].sort == "loop" else ""
            text += f"{comma} {clauses[start].text}"
        start = end
    known = [clause.origin for clause in clauses if clause.origin]
    return f"{text}, where `{known[-1]}`" if origins and known else text


def _listed(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
