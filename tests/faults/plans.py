"""Which request a fault strikes: one, or any in a storm."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from faulty_github import Act, Position
from kinds import Kind

CHANCE = 0.2
IN_A_ROW = 4
"""Tries in a row that fail in a storm. The program's patience with one request is five repeats,
those included where looking up whether it took effect fails."""
PART_OF = {
    "list checks": "create check",
    "list annotations": "update check",
    "list comments": "create comment",
    "read comment": "update comment",
    "list review comments": "create review",
    "list pulls": "open pull",
    "read ref": "move branch",
}
"""Look-ups that are part of another request's tries."""


class Nothing:
    """All goes well."""

    def strike(self, position: Position) -> Act | None:
        return None


@dataclass
class Single:
    """One fault at one position, and at those after it where it lasts."""

    position: Position
    kind: Kind
    _begun: bool = False
    _struck: int = 0

    def strike(self, position: Position) -> Act | None:
        here = position == self.position
        self._begun = self._begun or here
        alike = self._begun and position.endpoint == self.position.endpoint
        struck = {
            "once": alike and self._struck < self.kind.times,
            "endpoint": alike,
            "all": self._begun,
        }[self.kind.lasting]
        self._struck += struck
        return self.kind.act if struck else None


@dataclass
class Once:
    """One act at one position."""

    position: Position
    act: Act

    def strike(self, position: Position) -> Act | None:
        return self.act if position == self.position else None


@dataclass
class Storm:
    """Each request has a chance of a fault.

    What strikes a position depends on the seed and the position alone, so that a storm can be
    repeated although requests come in another order. `kill` strikes once, after so many requests.
    """

    seed: str
    kinds: Sequence[Kind]
    kill: Act | None = None
    told: list[str] = field(default_factory=list)
    _in_a_row: Counter[str] = field(default_factory=Counter)

    def strike(self, position: Position) -> Act | None:
        dice = random.Random(f"{self.seed} {position}")
        if self.kill is not None and dice.random() < CHANCE / 2:
            act, self.kill = self.kill, None
            self.told.append(f"{position}: kill")
            return act
        kind = dice.choice(self.kinds)
        asked = PART_OF.get(position.endpoint, position.endpoint)
        if dice.random() >= CHANCE or self._in_a_row[asked] + kind.tries > IN_A_ROW:
            self._in_a_row[asked] = 0
            return None
        self._in_a_row[asked] += kind.tries
        self.told.append(f"{position}: {kind.name}")
        return kind.act
