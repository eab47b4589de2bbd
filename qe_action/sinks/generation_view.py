"""The test generation in a terminal: how far it is, each test as it holds, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import assert_never

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qe_action.events import (
    BugSuspected,
    Event,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    TestProposed,
    TestRejected,
)
from qe_action.render.generated import summed_up, suspicion
from qe_action.sinks.console import say
from qe_action.sinks.workflow_commands import log_line
from qe_action.verbosity import Words

COLUMN = len("withdrawn ")
"""Where a test's name begins, and the lines that hang below it."""


class GenerationSink:
    """Draws the stream on a console; where that is no terminal, it prints lines.

    With `few` words it only says how it ended, with `all` also what was refused.
    """

    name = "terminal"

    def __init__(self, console: Console, *, words: Words = "some") -> None:
        self._console = console
        self._words = words
        self._shown: set[str] = set()
        self._told: set[str] = set()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        with ExitStack() as shown:
            live: Live | None = None
            async for event in events:
                if isinstance(event, GeneratorProgress) and self._console.is_terminal:
                    if live is None:  # nothing moves before there is something to show
                        live = Live(console=self._console, refresh_per_second=12, transient=True)
                        shown.enter_context(live)
                    live.update(_bar(event))
                self._line(event)

    def _line(self, event: Event) -> None:
        match event.agent:
            case "test-generator":
                self._generation(event)
            case "coverage-analyzer" | "test-executor":
                pass
            case _:
                assert_never(event.agent)

    def _generation(self, event: GeneratorEvent) -> None:
        match event:
            case GeneratorProgress():
                pass  # the bar has it
            case BugSuspected(bug=bug):
                self._say(suspicion(bug), "magenta")
            case TestProposed(test_case=case):
                self._shown.add(case.id)
                self._print(f"test      {case.test_name}  {event.verdict}", "green")
            case TestRejected(test_case=case):
                withdrawn = case.id in self._shown
                if not withdrawn and self._words != "all":
                    return  # counted at the end
                word = "withdrawn" if withdrawn else "refused  "
                why = f"{event.reason}: {event.detail}" if event.detail else event.reason
                style = "yellow" if withdrawn else "dim"
                self._print(f"{word} {case.test_name}  {' '.join(why.split())}", style)
            case GeneratorError():
                self._told.add(event.message)
                self._say(f"{event.message} {event.hint}".strip(), "red")
            case GenerationComplete():
                self._closing(event)
            case _:
                assert_never(event)

    def _closing(self, result: GenerationComplete) -> None:
        for note in result.notes:
            if result.conclusion == "finished" and note not in self._told:
                self._say(f"Note: {note}", "dim")
        styles = {"finished": "bold green" if result.total else "yellow"}
        self._say(summed_up(result), styles.get(result.conclusion, "bold red"))

    def _print(self, text: str, style: str) -> None:
        if self._words != "few":
            self._say(text, style, COLUMN)

    def _say(self, text: str, style: str, indent: int = 2) -> None:
        say(self._console, Text(log_line(text), style=style), indent)


def _bar(event: GeneratorProgress) -> Table:
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=100, completed=event.percent, width=32), Text(log_line(event.message))
    )
    return bar
