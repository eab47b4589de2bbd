"""The gaps as comma-separated values, for spreadsheets: which take some texts for formulas."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO

from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import AgentName, Event, GapFound
from qe_action.text import visible

ABOUT: tuple[AgentName, ...] = ("coverage-analyzer",)
COLUMNS = ("file", "line_start", "line_end", "type", "severity", "changed", "function", "id")
FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet takes for a formula, in full width too."""
_BEHIND_SEMICOLON = re.compile(rf";[\s\"]*(?=[{re.escape(''.join(FORMULA))}])")


def convert(events: Iterable[Event]) -> Conversion:
    """A row a gap below a row of names."""
    followed, out = Followed(events), StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    rows.writerow(COLUMNS)
    for event in followed:
        if isinstance(event, GapFound):
            gap = event.gap
            span = (gap.line_start, gap.line_end)
            changed = "yes" if gap.in_diff else "no"
            about = (gap.gap_type, gap.severity, changed, cell(gap.function or ""), cell(gap.id))
            rows.writerow((cell(gap.file_path), *span, *about))
    return followed.conversion(out.getvalue(), ABOUT, "CSV")


def cell(text: str) -> str:
    """A text that is one for every spreadsheet: `'` before what would be a formula.

    Where a spreadsheet divides lines at `;`, as many languages have it, one may stand behind that.
    """
    text = _BEHIND_SEMICOLON.sub(r"\g<0>'", visible(text))
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text
