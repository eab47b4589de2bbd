"""What a rule of the system-call filter is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = 0xFFFFFFFF
MADE_OUTSIDE = -1
"""The answer of a call that the supervisor makes in the caller's place."""


@dataclass(frozen=True)
class Condition:
    """Whether the low half of an argument, masked, is one of the values (or none of them).

    Or, with `span`, whether it is at least the first number and below the second.

    Every argument looked at is an int or takes flags from its low half alone.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = WHOLE
    negated: bool = False
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Rule:
    """What becomes of a call where all conditions hold; of a call's rules the first one decides.

    `answer` is the error number that it gets, 0 for a call that is told it is done and is not;
    None lets it through, and with `MADE_OUTSIDE` the supervisor answers.
    """

    call: str
    conditions: tuple[Condition, ...] = ()
    answer: int | None = None
