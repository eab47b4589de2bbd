"""What the doctor says: whole, on standard output, or short, in the step's log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import IO

from rich.text import Text

from qe_action.diagnosis.check_table import diagnose
from qe_action.diagnosis.facts import Facts
from qe_action.diagnosis.wording import Line, lines, title, wire
from qe_action.doctor.examination import Doctor
from qe_action.errors import QEError
from qe_action.events import Event
from qe_action.execution.stopped_commands import are_stopped
from qe_action.sinks.console import console_on, say
from qe_action.sinks.workflow_commands import group, log_line
from qe_action.verbosity import Color

PATIENCE = 10.0
"""Seconds that the short form may take beside the analysis; then it is left out."""
INDENT = 27
"""Where a finding's text begins."""
_STYLES = {
    "ok": "green",
    "info": "blue",
    "warn": "yellow",
    "fail": "bold red",
    "unknown": "cyan",
    "heading": "bold",
    "paste": "dim",
}


class DoctorSink:
    """Says once what the set-up is, beside the analysis. It asks nobody and fails nothing."""

    name = "doctor"

    def __init__(self, doctor: Doctor, out: IO[str]) -> None:
        self._doctor = doctor
        self._out = out

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Only looks around; the events are other sinks' business.

        What it has to say never gets between the lines of a suite that prints its own.
        """
        with suppress(QEError, OSError, TimeoutError, ValueError):
            async with asyncio.timeout(PATIENCE):
                facts = await self._doctor.short()
            while are_stopped() and await anext(events, None) is not None:
                pass
            findings = diagnose(facts)
            # The last line is the verdict, which the title says already.
            rows = [line.text for line in lines(findings)[:-1] if line.text]
            group(title(facts, findings), rows, self._out)


def write_text(shown: list[Line], out: IO[str], color: Color) -> None:
    """For people: in a terminal coloured, and hanging where a line is too long for it."""
    console = console_on(out, color)
    for line in shown:
        text = log_line(line.text)
        indent = len(text) if line.mark == "paste" else INDENT
        say(console, _styled(line.mark, text), indent)
    out.flush()


def _styled(mark: str, text: str) -> Text:
    """A finding's level in its colour, other lines as a whole."""
    if mark in ("heading", "paste") or not text.startswith("  "):
        return Text(text, style=_STYLES.get(mark, ""))
    styled = Text(text)
    styled.stylize(_STYLES.get(mark, ""), 2, 10)
    return styled


def write_json(facts: Facts, out: IO[str]) -> None:
    """For programs; escaped so that no line of a step's log can be read as a command."""
    text = json.dumps(wire(facts, diagnose(facts)), indent=1)
    print(text.replace("##[", "#\\u0023["), file=out, flush=True)
