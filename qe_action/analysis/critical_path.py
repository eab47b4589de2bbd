"""Critical paths: functions that much else reaches and that the tests miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qe_action.analysis.call_graph import Reach
from qe_action.analysis.functions import FunctionFacts
from qe_action.events import CriticalPath, Level, percentage
from qe_action.text import percent, plural


class Threshold(NamedTuple):
    """What an impact asks for: at least so much width, and at least so much weight."""

    impact: Level
    width: int
    weight: float


IMPACTS = (
    Threshold("critical", 15, 60.0),
    Threshold("high", 6, 20.0),
    Threshold("medium", 3, 6.0),
)
"""The impacts, the highest first. A function that meets none is not on a critical path."""


def width(reach: Reach) -> int:
    """How many functions reach a function, its entry points counted twice, also itself as one.

    Through an entry point whatever is outside comes in, so it stands for more than itself.
    """
    return reach.callers + reach.entry_points + (reach.kind is not None)


def weight(function: FunctionFacts, reach: Reach) -> float:
    """Width times the share of statements that were missed times the cyclomatic complexity."""
    if not function.statements:
        return 0.0
    missed = (function.statements - function.covered) / function.statements
    return width(reach) * missed * (function.complexity or 1)


def critical_path(path: str, function: FunctionFacts, reach: Reach) -> CriticalPath | None:
    """The critical path of a function of the file `path`; None where its impact is low.

    A function that is fully covered, or that little else reaches, is on none. Of the reasons
    the first says what reaches it.
    """
    wide, heavy = width(reach), weight(function, reach)
    for impact, least_width, least_weight in IMPACTS:
        if wide >= least_width and heavy >= least_weight:
            return CriticalPath(
                path=f"{path}::{function.name}",
                impact=impact,
                reasons=tuple(_reasons(function, reach)),
                callers=reach.callers,
                at_least=reach.at_least,
                weight=round(heavy, 1),
            )
    return None


def _reasons(function: FunctionFacts, reach: Reach) -> Iterator[str]:
    bound = "at least " if reach.at_least else ""
    reached = f"reached from {bound}{plural(reach.callers, 'function')}"
    if reach.callers == reach.entry_points == 1:
        reached += ", an entry point"
    elif reach.callers == reach.entry_points > 1:
        reached += ", all of them entry points"
    elif reach.entry_points:
        those = "entry points" if reach.entry_points > 1 else "an entry point"
        reached += f", {reach.entry_points:,} of them {those}"
    yield reached
    if reach.kind is not None:
        yield f"an entry point itself: {reach.kind}"
    yield f"{percent(percentage(function.covered, function.statements))} covered"
    if function.complexity is not None:
        yield f"complexity {function.complexity}"
    if function.in_diff:
        yield "changed by this diff"
