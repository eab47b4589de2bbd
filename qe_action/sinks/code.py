"""Generated tests as code: for people on a terminal, as a file for whatever reads a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from rich.console import Console
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from qe_action.events import TestCase
from qe_action.sinks.workflow_commands import no_command
from qe_action.text import plural, visible
from qe_action.verify.writing import additions

FOLDED = 60
"""Lines of a file that a terminal shows; the others are counted."""


def print_code(tests: Iterable[TestCase], out: IO[str]) -> None:
    """The tests, file by file."""
    if not out.isatty():
        out.write(no_command("\n\n".join(f"# {path}\n{code}" for path, code, _ in _files(tests))))
        return
    console = Console(file=out, highlight=False)
    for path, code, number in _files(tests):
        console.print(Rule(Text(f"{path}: {plural(number, 'test')}"), align="left"))
        rows = code.splitlines()
        console.print(Syntax("\n".join(rows[:FOLDED]), "python", background_color="default"))
        if (left := len(rows) - FOLDED) > 0:
            console.print(Text(f"… and {plural(left, 'more line')}", style="dim"))


def _files(tests: Iterable[TestCase]) -> Iterator[tuple[str, str, int]]:
    cases = list(tests)
    for path, data in additions(cases, {}).items():
        rows = data.decode().split("\n")
        code = "\n".join("\t".join(map(visible, row.split("\t"))) for row in rows)
        yield visible(path), code, sum(case.path == path for case in cases)
