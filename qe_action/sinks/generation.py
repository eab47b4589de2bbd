"""The test generation in a terminal: how far it is, each test as it holds, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
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
    GeneratorProgress,
    TestProposed,
    TestRejected,
)
from qe_action.render.generated import summed_up, suspicion
from qe_action.render.text import visible


class GenerationSink:
    """Draws the stream on a console; where that is no terminal, it prints lines.

    A `brief` one only says how it ended.
    """

    name = "terminal"

    def __init__(self, console: Console, *, brief: bool = False) -> None:
        self._console = console
        self._brief = brief
        self._shown: set[str] = set()
        self._told: set[str] = set()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        if self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=12, transient=True) as live:
                async for event in events:
                    if isinstance(event, GeneratorProgress):
                        live.update(_bar(event))
                    self._line(event)
        else:
            async for event in events:
                self._line(event)

    def _line(self, event: Event) -> None:
        if event.agent != "test-generator":
            return
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
        if not self._brief:
            self._say(text, style)

    def _say(self, text: str, style: str) -> None:
        say(self._console, text, style)


def say(console: Console, text: str, style: str = "") -> None:
    """A line of text from anywhere."""
    console.print(Text(visible(text), style=style), soft_wrap=not console.is_terminal)


def _bar(event: GeneratorProgress) -> Table:
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=100, completed=event.percent, width=32), Text(visible(event.message))
    )
    return bar
