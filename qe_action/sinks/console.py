"""Consoles for people: their colours, and lines that hang where they are broken."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import IO, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from qe_action.sinks.workflow_commands import log_line
from qe_action.verbosity import Color

WIDE = 200
"""Columns where there is no terminal: nothing is wrapped that somebody may search."""
_WORD = re.compile(r"\s+|\S+")
_PART = re.compile(r"[^/]*/+|[^/]+")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Nobody reads on: that ends the command, and not with the exit code of a failed gate."""
        raise BrokenPipeError


def stderr_console(color: Color = "auto") -> Console:
    """Standard error as a console."""
    return console_on(sys.stderr, color)


def console_on(out: IO[str] | None, color: Color = "auto") -> Console:
    """A stream as a console; where it is no terminal, nothing on it moves or is wrapped."""
    terminal = out is not None and out.isatty()
    systems: dict[Color, Literal["auto", "standard"] | None] = {
        "auto": "auto" if terminal else None,
        "always": "standard",
        "never": None,
    }
    return _Console(
        file=out,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=terminal,
        color_system=systems[color],
        no_color=color == "never",
        width=None if terminal else WIDE,
    )


def say(console: Console, text: Text, indent: int = 2) -> None:
    """A line on a console; in a terminal what does not fit hangs below, `indent` columns in."""
    width = console.width if console.is_terminal else None
    console.print(hanging(text, indent, width), soft_wrap=True)


def tell(console: Console, text: str, style: str = "") -> None:
    """A line of text from anywhere."""
    say(console, Text(log_line(text), style=style))


def hanging(text: Text, indent: int, width: int | None) -> Text:
    """`text` in lines of at most `width` columns, all but the first `indent` columns in.

    Lines break between words; a word that is longer than a line, behind its slashes. Without a
    width they break where the text does.
    """
    indent = indent if width is None else min(indent, width // 3)
    lines: list[Text] = []
    for whole in text.split("\n"):
        room = width and (width - indent if lines else width)
        cuts = list(_cuts(whole.plain, room, width - indent)) if width and room else []
        for piece in whole.divide(cuts) if cuts else [whole]:
            piece.rstrip()
            lines.append(Text.assemble(" " * indent if lines else "", piece))
    return Text("\n").join(lines)


def _cuts(line: str, room: int, later: int) -> Iterator[int]:
    """Where a line is cut into a piece of `room` columns and others of `later` ones."""
    used = 0
    for word in _WORD.finditer(line):
        size = cell_len(word[0])
        if word[0].isspace() or used + size <= room:
            used += size
        elif size <= later:
            yield word.start()
            room, used = later, size
        else:
            for at, part in _parts(word, later):
                size = cell_len(part)
                if used and used + size > room:
                    yield at
                    room, used = later, 0
                used += size


def _parts(word: re.Match[str], most: int) -> Iterator[tuple[int, str]]:
    """The pieces of a long word with their places: up to a slash, none wider than `most`."""
    for part in _PART.finditer(word[0]):
        start, piece = word.start() + part.start(), ""
        for character in part[0]:
            if piece and cell_len(piece + character) > most:
                yield start, piece
                start, piece = start + len(piece), ""
            piece += character
        yield start, piece
