"""The live view in a terminal: a progress bar, gaps as they are found, the table at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qe_action.events import AnalysisComplete, CriticalPath, Event, Gap, GapFound, Level
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.state import RunState
from qe_action.render.text import duration, percent, plural
from qe_action.render.verdict import conclude, gate_lines, running_title
from qe_action.sinks.commands import log_line
from qe_action.sinks.generation import GenerationSink
from qe_action.stream import analysis_of

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
_VERDICTS = {"success": "green", "failure": "bold red", "neutral": "yellow", "cancelled": "yellow"}


WIDE = 200
"""Columns where there is no terminal: nothing is wrapped that somebody may search."""


def stderr_console() -> Console:
    """Standard error as a console."""
    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal else Console(stderr=True, highlight=False, width=WIDE)


class TerminalSink:
    """Draws the stream on a console; where that is no terminal, it prints lines instead.

    A `brief` one leaves gaps and tables to another output and only says how it ended.
    """

    name = "terminal"

    def __init__(self, console: Console, *, brief: bool = False) -> None:
        self._console = console
        self._brief = brief
        self._state = RunState()
        self._told = ""
        self._latest: deque[Gap] = deque(maxlen=SHOWN)

    async def consume(self, events: AsyncIterator[Event]) -> None:
        if self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=12, transient=True) as live:
                async for event in analysis_of(events):
                    self._state.fold(event)
                    if isinstance(event, GapFound):
                        self._latest.append(event.gap)
                    live.update(self._running())
        else:
            async for event in analysis_of(events):
                self._state.fold(event)
                self._line(event)
        for part in self._closing():
            self._print(part)
        await GenerationSink(self._console, brief=self._brief).consume(events)

    def _line(self, event: Event) -> None:
        if isinstance(event, GapFound) and event.gap.in_diff and not self._brief:
            self._print(self._advised(event.gap))

    def _print(self, part: RenderableType) -> None:
        self._console.print(part, soft_wrap=not self._console.is_terminal)

    def _advised(self, gap: Gap) -> Text:
        """A gap with the first test that is suggested for it, unless the last gap had it too."""
        text = gap_text(gap)
        first = next(iter(gap.suggested_tests), "")
        if first and first != self._told:
            text.append(f"\n         {log_line(first)}")
        self._told = first
        return text

    def _running(self) -> RenderableType:
        done = self._state.progress.percent if self._state.progress else 0.0
        bar = Table.grid(padding=(0, 1))
        title = Text(log_line(running_title(self._state)))  # as text, since it may hold markup
        bar.add_row(ProgressBar(total=100, completed=done, width=32), title)
        return Group(bar, *(gap_text(gap) for gap in self._latest))

    def _closing(self) -> list[RenderableType]:
        result = self._state.result
        parts: list[RenderableType] = []
        if not self._brief:
            parts += self._found(result)
        for error in self._state.errors:
            parts.append(Text(log_line(f"{error.message} {error.hint}".strip()), style="red"))
        if result is not None:
            parts += self._remarks(result)
        verdict = conclude(self._state)
        took = f" ({duration(result.analysis_time_ms)})" if result else ""
        failed = result is not None and result.conclusion == "failed"
        title = f"{'No result' if failed else log_line(verdict.title)}{took}"
        parts.append(Text(title, style=_VERDICTS[verdict.conclusion]))
        return parts

    def _found(self, result: AnalysisComplete | None) -> Iterator[RenderableType]:
        """The table, the worst gaps and the worst critical paths."""
        if result is not None:
            yield from self._tables(result)
        # Where the console is none, the gaps in changed lines stand above already.
        listed = self._state.gaps if self._console.is_terminal else self._state.elsewhere
        shown = listed[:SHOWN]
        for gap in shown:
            yield self._advised(gap) if gap.in_diff else gap_text(gap)
        above = 0 if self._console.is_terminal else self._state.in_diff_count
        if (left := self._state.gap_count - above - len(shown)) > 0:
            yield Text(f"… and {plural(left, 'more gap')}", style="dim")
        paths = self._state.paths
        for path in paths[:PATHS]:
            yield _path_text(path)
        if (left := len(paths) - PATHS) > 0:
            yield Text(f"… and {plural(left, 'more critical path')}", style="dim")

    def _remarks(self, result: AnalysisComplete) -> Iterator[Text]:
        told = {error.message for error in self._state.errors}
        for note in result.notes:
            if note not in told and not self._brief:
                yield Text(f"Note: {log_line(note)}", style="dim")
        for gate, line in zip(result.gates, gate_lines(result), strict=True):
            yield Text(log_line(line), style=_GATES[gate.passed])

    def _tables(self, result: AnalysisComplete) -> list[RenderableType]:
        changed = [file for file in result.files if file.patch and file.patch.statements]
        files = changed or [file for file in result.files if file.counts.missed]
        if not files:
            return []
        table = Table(title="Changed files" if changed else "Files with most missed statements")
        table.add_column("File", overflow="fold")
        table.add_column("Patch", justify="right")
        table.add_column("File coverage", justify="right")
        table.add_column("Missed", justify="right")
        for file in files[:FILES]:
            patch = percent(file.patch.percent) if file.patch else "–"
            missed = file.patch.missed if file.patch else file.counts.missed
            whole = percent(file.counts.percent)
            table.add_row(Text(log_line(file.path)), patch, whole, str(missed))
        if len(files) > FILES:
            table.caption = f"and {plural(len(files) - FILES, 'more file')}"
        return [table]


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
