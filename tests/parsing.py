"""Feeding a report parser as its callers do: in chunks, to its end or to its failure."""

from __future__ import annotations

from qe_action.errors import ReportError
from qe_action.reports.model import FileLines, ReportParser


def feed(
    parser: ReportParser, data: bytes, size: int = 1 << 20
) -> tuple[list[FileLines], ReportError | None]:
    """The files of a report in chunks of `size` bytes, and how it failed if it did."""
    files: list[FileLines] = []
    try:
        for at in range(0, len(data), size):
            files += parser.feed(data[at : at + size])
        files += parser.close()
    except ReportError as error:
        return files, error
    return files, None
