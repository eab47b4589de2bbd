"""The ways out of a line as LCOV counts them: each by its block and branch, taken or not.

Sections of several tests list the same line again, not always with all its ways, so that they
are united way by way. Names are for people only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from qe_action.reports.bounds import MAX_NAMED
from qe_action.reports.model import Branch

MAX_ID = 200
"""Characters of a way's id that are kept; a longer one is told by its digest and has no name."""

_NAMEABLE = re.compile(r"[\w.:>+!=&|(), '-]{1,80}", re.ASCII)
"""Names of branches are words and conditions; no markup or mention can be made of these."""

_TO_LINE = re.compile(r"jump to line (\d{1,8})")
"""A branch to a line, as coverage.py describes it; its other reports name the line alone."""
_EXIT = re.compile(r"jump to the function exit|exit the module|(return|except) from function .*")
"""A branch that leaves the function or module, as coverage.py describes it."""


def way_id(block: str, branch: str) -> str:
    """What tells a way of a line from the others: block and branch, as the report writes them."""
    found = f"{block},{branch}"
    if len(found) <= MAX_ID:
        return found
    return "," + hashlib.sha256(found.encode("utf-8", "replace")).hexdigest()


def as_ways(taken: Mapping[str, bool]) -> tuple[tuple[str, bool], ...]:
    """The ways in an order that doesn't depend on the report's."""
    return tuple(sorted(taken.items(), key=lambda way: (len(way[0]), way[0])))


def branch_of(ways: tuple[tuple[str, bool], ...]) -> Branch:
    """The ways as a line's branches, with the names of those that can be named."""
    names = _names(way for way, taken in ways if not taken)
    return Branch(sum(taken for _, taken in ways), len(ways), names)


def _names(ways: Iterable[str]) -> tuple[str, ...]:
    names: list[str] = []
    for way in ways:
        if len(names) == MAX_NAMED:
            break
        if name := _name(way):
            names.append(name)
    return tuple(names)


def _name(way: str) -> str:
    """What a way is called: by the report's words if it has some, else by its numbers.

    A number alone would be read as a line. Empty where the words are no name.
    """
    block, _, branch = way.partition(",")
    block, text = block.strip(), branch.strip()
    if to_line := _TO_LINE.fullmatch(text):
        return to_line[1]
    if _EXIT.fullmatch(text):
        return "exit"
    if text.isdecimal():
        name = f"branch {text} of block {block}"
    else:
        name = text if block == "0" else f"{text} of block {block}"
    return name if block and _NAMEABLE.fullmatch(name) else ""
