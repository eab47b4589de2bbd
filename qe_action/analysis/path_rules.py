"""What a path of a report means, and by which rule: another machine's folder as one of ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from qe_action.analysis.paths import Parts, Resolution, Unmatched


class Rule(NamedTuple):
    """A folder of another machine, and what it is in the repository."""

    prefix: Parts
    folder: Parts


def rule_between(parts: Parts, file: str) -> Rule:
    """What is left of both without the end that they have in common."""
    folder = tuple(file.split("/"))
    same = 0
    while same < min(len(parts), len(folder)) and parts[-1 - same] == folder[-1 - same]:
        same += 1
    return Rule(parts[: len(parts) - same], folder[: len(folder) - same])


def agree(one: Rule, other: Rule) -> bool:
    """Whether two rules can both hold: neither makes another folder of what the other is about."""
    outer, inner = sorted((one, other), key=lambda rule: len(rule.prefix))
    end = len(outer.prefix)
    if inner.prefix[:end] != outer.prefix:
        return True
    return outer.folder + inner.prefix[end:] == inner.folder


def outvoted(votes: Mapping[Rule, int], bare: Collection[Rule]) -> set[Rule]:
    """The rules of which one at most can be right, as they make one folder of several.

    That is so of those that rest on file names alone, `bare`; one that most paths follow is right.
    """
    by_folder: dict[Parts, list[Rule]] = {}
    for rule in sorted(bare, key=lambda rule: -votes[rule]):
        by_folder.setdefault(rule.folder, []).append(rule)
    found: set[Rule] = set()
    for first, *others in by_folder.values():
        found.update(others)
        if others and votes[others[0]] == votes[first]:
            found.add(first)
    return found


class Answer(NamedTuple):
    """What a path means. `rule` is what was used where another machine's folder is meant."""

    resolution: Resolution
    rule: Rule | None = None


NOWHERE = Answer(Unmatched())
"""What a path of no file means: one object, as most paths of a report may be such."""
INSTALLED = Answer(Unmatched(library=True))
"""What a path of installed software means, likewise one object."""
