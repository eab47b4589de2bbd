"""`qe-action journal show`, `replay` and `convert`: a journal read, and nothing of it run."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from qe_action.convert import converted
from qe_action.errors import QEError, UsageError
from qe_action.events import Event
from qe_action.input_file import opened
from qe_action.render.event_words import sentence
from qe_action.render.recorded_words import Recorded
from qe_action.sinks.console import stderr_console, tell
from qe_action.sinks.jsonl import EventsSink
from qe_action.sinks.stream_parts import following
from qe_action.sinks.workflow_commands import log_line, no_command
from qe_action.stream import Sink
from qe_action.text import visible
from qe_action.untrusted.recorded_events import Recording

CUT_OFF = "Its last line is cut off: whoever wrote it was killed."


@contextmanager
def recording(name: str) -> Iterator[Recording]:
    """The journal of that name. Raises `QEError` where it can't be read."""
    try:
        with opened(Path(name)) as file:
            yield Recording(file.readline)
    except OSError as error:
        raise UsageError(
            f"The journal {name} can't be read: {error.strerror}.", anchor="command-line"
        ) from None


def show(arguments: Namespace) -> None:
    """What the journal has, or its events of some types, to standard output."""
    out, wanted = sys.stdout, frozenset(arguments.type)
    with recording(arguments.journal) as journal:
        recorded = Recorded()
        for event in journal.events():
            if event.type in wanted:
                out.write(f"{log_line(f'{event.type:<13} {sentence(event)}')}\n")
            recorded.take(event)
    if wanted:
        return
    by = journal.header.get("run")
    if isinstance(by, str):
        out.write(f"{log_line(f'Written by qe-action {visible(by)}.')}\n")
    for text in recorded.lines():
        out.write(f"{log_line(text)}\n")
    if journal.cut_off:
        out.write(f"{CUT_OFF}\n")


async def replay(arguments: Namespace) -> None:
    """The events again, to a sink, at most so many a second. Raises `QEError`."""
    with recording(arguments.journal) as journal:
        events = _paced(journal.events(), arguments.speed)
        first = await anext(events, None)
        if first is None:
            tell(stderr_console(arguments.color), "The journal has no events.")
            return
        await SINKS[arguments.to](arguments, first).consume(following(first, events))
    if journal.cut_off:
        tell(stderr_console(arguments.color), f"The journal ends here. {CUT_OFF}")


async def _paced(events: Iterator[Event], speed: float | None) -> AsyncGenerator[Event, None]:
    for event in events:
        yield event
        await asyncio.sleep(1 / speed if speed else 0)


def _terminal(arguments: Namespace, first: Event) -> Sink:
    """What the run itself showed: a generation has a view of its own."""
    from qe_action.sinks.generation_view import GenerationSink
    from qe_action.sinks.terminal import TerminalSink

    console = stderr_console(arguments.color)
    view = GenerationSink if first.agent == "test-generator" else TerminalSink
    return view(console, words=arguments.words)


def _log(arguments: Namespace, _: Event) -> Sink:
    from qe_action.sinks.step_log import StepLogSink

    return StepLogSink(sys.stdout, words=arguments.words)


SINKS: Mapping[str, Callable[[Namespace, Event], Sink]] = {
    "terminal": _terminal,
    "jsonl": lambda _arguments, _first: EventsSink(sys.stdout),
    "log": _log,
}
"""What shows a replay, by the name that `--to` has for it."""


def convert(arguments: Namespace) -> None:
    """The journal in another format, to standard output or a file. Raises `QEError`."""
    with recording(arguments.journal) as journal:
        conversion = converted(arguments.to, journal.events())
    if arguments.out:
        _write(arguments.out, conversion.text, arguments.journal)
    else:
        sys.stdout.write(no_command(conversion.text))
    console = stderr_console(arguments.color)
    for note in (*conversion.notes, *([CUT_OFF] if journal.cut_off else ())):
        tell(console, f"Note: {note}", "dim")


def _write(name: str, text: str, journal: str) -> None:
    """Raises `UsageError` where the file is the journal itself or can't be written."""
    place = Path(name)
    try:
        if place.exists() and place.samefile(journal):
            raise _refused(name, "it is the journal itself")
        check_link(place)
        file: IO[str]
        with place.open("w", encoding="utf-8", newline="\n", errors="replace") as file:
            file.write(text)
    except OSError as error:
        raise _refused(name, error.strerror or "unknown") from None


def _refused(name: str, why: str) -> QEError:
    return UsageError(f"{name} can't be written: {why}.", anchor="command-line")


def check_link(path: Path) -> None:
    """Raises `UsageError` where a pull request could have made it lead to a file of the user's."""
    if path.is_symlink() and not path.absolute().is_relative_to("/dev"):  # as /dev/stdout
        raise UsageError(
            f"{path} is a link, and may lead anywhere: nothing is written there.",
            hint="Remove it, or name the file itself.",
            anchor="command-line",
        )
