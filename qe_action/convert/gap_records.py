"""A list of gaps in the manner of LCOV: a record a file, a line a gap.

    SF:shop/cart.py
    GAP:12-15,not-covered,high,changed,Cart.total
    BRDA:20,partial,medium,unchanged,Cart.add
    end_of_record

`GAP` are runs of missed statements, `BRDA` lines of which not every branch was taken. The fields
are lines, kind, severity, whether the lines are changed ones, and the function, which may be empty
and comes last since it may have commas.
"""

from __future__ import annotations

from collections.abc import Iterable

from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import AgentName, Event, Gap, GapFound
from qe_action.text import visible

ABOUT: tuple[AgentName, ...] = ("coverage-analyzer",)


def convert(events: Iterable[Event]) -> Conversion:
    """The records, files in the order of their first gap."""
    followed, files = Followed(events), dict[str, list[str]]()
    for event in followed:
        if isinstance(event, GapFound):
            path = visible(event.gap.file_path)
            files.setdefault(path, []).append(_line(event.gap))
    rows = (row for path, gaps in files.items() for row in (f"SF:{path}", *gaps, "end_of_record"))
    text = "".join(f"{row}\n" for row in ("TN:qe-action", *rows))
    return followed.conversion(text, ABOUT, "a list of gaps")


def _line(gap: Gap) -> str:
    partial = gap.gap_type == "partial"
    one = gap.line_start == gap.line_end
    span = str(gap.line_start) if one else f"{gap.line_start}-{gap.line_end}"
    kind = "partial" if partial else "not-covered"
    changed = "changed" if gap.in_diff else "unchanged"
    fields = (span, kind, gap.severity, changed, visible(gap.function or ""))
    return f"{'BRDA' if partial else 'GAP'}:{','.join(fields)}"
