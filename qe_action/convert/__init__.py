"""The events of a journal in the formats of other tools: one table, one line a format. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:  # the command line reads the table: it loads no converter
    from qe_action.convert.conversion import Conversion
    from qe_action.events import Event

FORMATS: Mapping[str, str] = {
    "sarif": "sarif_log",
    "junit": "junit_suites",
    "markdown": "comment_document",
    "gaps": "gap_records",
    "codequality": "code_quality",
    "csv": "gap_table",
}
"""The module of this room that writes a format, by the name that people choose it by."""


def converted(name: str, events: Iterable[Event]) -> Conversion:
    """The events in a format. Raises `ReportError` where they have nothing that it is about."""
    module = import_module(f"{__name__}.{FORMATS[name]}")
    convert = cast("Callable[[Iterable[Event]], Conversion]", module.convert)
    return convert(events)
