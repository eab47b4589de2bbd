"""What may be spent on each ask, out of what is left for all of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qe_action.generators.llm.asks import Ask

LEAST = 800
MOST = 6_000
"""Tokens of the context of one ask."""


@dataclass
class Spending:
    """What a model may still be asked in a run: requests, and tokens in and out, about."""

    requests: int
    tokens: int

    def spend(self, tokens: int) -> None:
        """One more request was answered."""
        self.requests -= 1
        self.tokens -= tokens


@dataclass(frozen=True)
class AskShare:
    """What one ask may cost: its first answer always comes, further ones as far as it reaches."""

    requests: int
    tokens: int
    seconds: float
    most: int = MOST

    @property
    def context(self) -> int:
        """Tokens of its context, `most` at most: the answers and the repairs need the rest."""
        return max(LEAST, min(self.most, self.tokens // 4))


def share_of(
    spending: Spending, seconds: float, waiting: Sequence[Ask], most: int = MOST
) -> AskShare:
    """The share of the first of the asks that wait, the worst first, by its weight among them."""
    part = waiting[0].weight / sum(ask.weight for ask in waiting)
    return AskShare(
        requests=max(1, round(spending.requests * part)),
        tokens=int(spending.tokens * part),
        seconds=seconds * part,
        most=most,
    )
