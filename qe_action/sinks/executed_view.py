"""How the tests ended, in a terminal: the suite's own output is above it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import HEAVY_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from qe_action.render.executed_lines import (
    SAID,
    again_lines,
    closing_lines,
    flaky_line,
    stack_lines,
)
from qe_action.render.executed_words import (
    HISTORIES,
    place_name,
    said,
    seconds,
    short_name,
    worth_telling,
)
from qe_action.render.state import Executed
from qe_action.sinks.console import hanging
from qe_action.sinks.workflow_commands import log_line
from qe_action.text import clip, plural
from qe_action.verbosity import Words

SHOWN = 20
"""Failures and flaky tests that a terminal lists."""
SLOWEST = 5
TEST_WORDS = ("flaky", "slower", "slowest")
"""What lines begin with that hang below the name behind it."""
NARROW = 60
"""Columns below which a table has no lines."""


def closing(executed: Executed, console: Console, words: Words) -> Iterator[RenderableType]:
    """The end of the tests on a terminal; with `few` words only what is said in any case."""
    most = None if words == "all" else SHOWN
    if _is_torn(executed):
        yield Text("")  # what the suite printed may have no end of its line
    if executed.failures and words != "few":
        yield _table(executed, console, most)
    for event in executed.flaky[:most]:
        yield Text(log_line(flaky_line(event)), style="yellow")
    if words != "few":
        yield from _timed(executed)
    for line in stack_lines(executed) if words != "few" else ():
        yield Text(log_line(line), style="dim")
    for line in closing_lines(executed):
        yield Text(log_line(line), style="dim" if line.startswith("Note: ") else "")
    for line in again_lines(executed):
        yield Text(log_line(line), no_wrap=True)


def _is_torn(executed: Executed) -> bool:
    """Whether a command was cut off while it ran."""
    result = executed.result
    if result is None or not result.command or executed.errors:
        return False
    return result.conclusion != "finished" or bool(result.running)


def _table(executed: Executed, console: Console, most: int | None) -> Table:
    shown = executed.failures[:most]
    narrow = console.width < NARROW
    table = Table(title="Failed tests", box=None if narrow else HEAVY_HEAD)
    room = max(10, console.width // 2 - 8)
    compared = any(event.history for event in shown)
    for heading in ("Test", "It says", *(("New?",) if compared else ())):
        table.add_column(heading, overflow="fold")
    table.add_column("Took", justify="right", no_wrap=True)
    for event in shown:
        name = log_line(clip(short_name(event.id), SAID))
        place = log_line(place_name(event))
        test = Text.assemble((name, "bold"), ("\n" if place else ""), (place, "dim"))
        cells = [hanging(test, 0, room), Text(log_line(said(event, SAID)))]
        cells += [Text(HISTORIES[event.history] or "–")] if compared else []
        table.add_row(*cells, seconds(event.seconds))
    if (left := executed.failed - len(shown)) > 0:
        table.caption = f"… and {plural(left, 'more failure')}"
    return table


def _timed(executed: Executed) -> Iterator[Text]:
    for event in executed.slow[:SLOWEST]:
        took = f"{seconds(event.seconds)}, {seconds(event.base_seconds)} on the base"
        yield Text(log_line(f"slower    {event.id}: {took}"), style="yellow")
    result = executed.result
    for test in worth_telling(result)[:SLOWEST] if result else ():
        yield Text(log_line(f"slowest   {seconds(test.seconds):<7} {test.id}"), style="dim")
