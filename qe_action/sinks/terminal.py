"""The live view in a terminal: a progress bar, gaps as they are found, the table at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack

from rich.box import HEAVY_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qe_action.events import (
    LEVELS,
    AnalysisComplete,
    CriticalPath,
    Event,
    ExecutionComplete,
    ExecutorProgress,
    Gap,
    GapFound,
    Level,
)
from qe_action.figures import signed
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.executed_lists import last_hint
from qe_action.render.marks import Mark
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude, gate_lines, mark, running_title
from qe_action.sinks.console import hanging, say
from qe_action.sinks.executed_view import TEST_WORDS, closing
from qe_action.sinks.generation_view import GenerationSink
from qe_action.sinks.stream_parts import up_to_result
from qe_action.sinks.workflow_commands import log_line
from qe_action.text import duration, percent, plural
from qe_action.verbosity import Words

SHOWN = 12
"""Gaps in the live view and in the closing list."""
FILES = 20
"""Rows of the closing table."""
PATHS = 5
"""Critical paths in the closing list."""

_STYLES: dict[Level, str] = {
    "low": "dim",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
}
_GATES = {True: "green", False: "red", None: "yellow"}
_VERDICTS: dict[Mark, str] = {
    "success": "green",
    "failure": "bold red",
    "neutral": "yellow",
    "cancelled": "yellow",
    "ungated": "bold",
}


NARROW = 60
"""Columns below which a table has no lines."""
COLUMN = len("critical ")
"""Where the words behind a severity begin, and the lines that hang below them."""


class TerminalSink:
    """Draws the stream on a console while it comes, and says at its end what was found.

    The end is the same where nothing can be drawn. With `few` words it leaves gaps and tables to
    another output and only says how it ended; with `all` nothing is left out.
    """

    name = "terminal"

    def __init__(self, console: Console, *, words: Words = "some") -> None:
        self._console = console
        self._words = words
        self._state = RunState()
        self._told = ""
        self._latest: deque[Gap] = deque(maxlen=SHOWN)

    async def consume(self, events: AsyncIterator[Event]) -> None:
        drawn = self._console.is_terminal and self._words != "few"
        with ExitStack() as shown:
            live: Live | None = None
            async for event in up_to_result(events, "coverage-analyzer"):
                self._state.fold(event)
                if isinstance(event, ExecutorProgress) and event.attempt > 1:
                    if self._words != "few":
                        self._print([Text(log_line(event.message), style="dim")])
                elif isinstance(event, ExecutionComplete):
                    self._print(closing(self._state.tests, self._console, self._words))
                if event.agent == "test-executor" or not drawn:
                    continue  # while tests run, the terminal is theirs
                if live is None:
                    live = Live(console=self._console, refresh_per_second=12, transient=True)
                    shown.enter_context(live)
                if isinstance(event, GapFound):
                    self._latest.append(event.gap)
                live.update(self._running())
        self._print(self._closing())
        await GenerationSink(self._console, words=self._words).consume(events)

    def _print(self, parts: Iterable[RenderableType]) -> None:
        for part in parts:
            if isinstance(part, Text) and part.no_wrap:
                self._console.print(part, soft_wrap=True)  # copied as it stands
            elif isinstance(part, Text):
                start = part.plain[:COLUMN].rstrip()
                say(self._console, part, COLUMN if start in {*LEVELS, *TEST_WORDS} else 2)
            else:
                self._console.print(part)

    def _advised(self, gap: Gap) -> Text:
        """A gap with the first test that is suggested for it, unless the last gap had it too."""
        text = gap_text(gap)
        first = next(iter(gap.suggested_tests), "")
        if first and first != self._told:
            text.append(f"\n{log_line(first)}")
        self._told = first
        return text

    def _running(self) -> RenderableType:
        done = self._state.progress.percent if self._state.progress else 0.0
        bar = Table.grid(padding=(0, 1))
        title = Text(log_line(running_title(self._state)))  # as text, since it may hold markup
        bar.add_row(ProgressBar(total=100, completed=done, width=32), title)
        return Group(bar, *(_one_line(gap_text(gap)) for gap in self._latest))

    def _closing(self) -> list[RenderableType]:
        result = self._state.result
        parts: list[RenderableType] = []
        if self._words != "few":
            parts += self._found(result)
        for error in self._state.errors:
            parts.append(Text(log_line(f"{error.message} {error.hint}".strip()), style="red"))
        if result is not None:
            parts += self._remarks(result)
        verdict = conclude(self._state)
        took = f" ({duration(result.analysis_time_ms)})" if result else ""
        failed = result is not None and result.conclusion == "failed"
        title = f"{'No result' if failed else log_line(verdict.title)}{took}"
        parts.append(Text(title, style=_VERDICTS[mark(self._state)]))
        if result is None and (hint := last_hint(self._state.tests)):
            parts.append(Text(log_line(hint)))
        return parts

    def _found(self, result: AnalysisComplete | None) -> Iterator[RenderableType]:
        """The table, the worst gaps and the worst critical paths."""
        if result is not None:
            yield from self._tables(result)
        everything = self._words == "all"
        gaps, paths = self._state.gaps, self._state.paths
        shown = gaps if everything else gaps[:SHOWN]
        for gap in shown:
            yield self._advised(gap) if gap.in_diff else gap_text(gap)
        yield from self._left("gap", self._state.gap_count - len(shown), len(gaps) - len(shown))
        listed = paths if everything else paths[:PATHS]
        yield from map(_path_text, listed)
        left = len(paths) - len(listed)
        yield from self._left("critical path", left, left)

    def _left(self, what: str, left: int, kept: int) -> Iterator[Text]:
        """How many are not listed, and what lists them."""
        if left > 0:
            how = "-v lists them" if kept >= left else "--journal FILE has them all"
            yield Text(f"… and {plural(left, f'more {what}')}: {how}", style="dim")

    def _remarks(self, result: AnalysisComplete) -> Iterator[Text]:
        told = {error.message for error in self._state.errors}
        for note in result.notes:
            if note not in told and self._words != "few":
                yield Text(f"Note: {log_line(note)}", style="dim")
        if result.deltas and result.deltas.overall is not None:
            points = signed(result.deltas.overall)
            yield Text(f"Project coverage: {points} points since the baseline")
        for gate, line in zip(result.gates, gate_lines(result), strict=True):
            yield Text(log_line(line), style=_GATES[gate.passed])

    def _tables(self, result: AnalysisComplete) -> list[RenderableType]:
        changed = [file for file in result.files if file.patch and file.patch.statements]
        files = changed or [file for file in result.files if file.counts.missed]
        if not files:
            return []
        rows = len(files) if self._words == "all" else FILES
        title = "Changed files" if changed else "Files with most missed statements"
        narrow = self._console.width < NARROW
        table = Table(title=title, box=None if narrow else HEAVY_HEAD)
        table.add_column("File", overflow="fold")
        for heading in ("Patch", "File coverage", "Missed"):
            table.add_column(heading, justify="right")
        room = max(10, self._console.width - (28 if narrow else 46))
        for file in files[:rows]:
            patch = percent(file.patch.percent) if file.patch else "–"
            missed = file.patch.missed if file.patch else file.counts.missed
            whole = percent(file.counts.percent) if file.measured else "not measured"
            table.add_row(hanging(Text(log_line(file.path)), 2, room), patch, whole, str(missed))
        if len(files) > rows:
            table.caption = f"… and {plural(len(files) - rows, 'more file')}: -v lists them"
        return [table]


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def gap_text(gap: Gap) -> Text:
    """One gap as one line."""
    text = Text()
    text.append(f"{gap.severity:<8} ", style=_STYLES[gap.severity])
    text.append(log_line(where(gap)), style="bold")
    if gap.function:
        text.append(f" {log_line(gap.function)}")
    ways = log_line(missing_ways(gap))
    text.append(f"  {headline(gap).lower()}{f': {ways}' if ways else ''}", style="dim")
    return text


def _path_text(path: CriticalPath) -> Text:
    text = Text()
    text.append(f"{path.impact:<8} ", style=_STYLES[path.impact])
    text.append(log_line(path.path), style="bold")
    text.append(f"  critical path: {log_line('; '.join(path.reasons[:1]))}", style="dim")
    return text
