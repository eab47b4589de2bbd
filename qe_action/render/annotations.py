"""A gap as the words an annotation shows. Annotations are plain text, not Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from qe_action.events import Gap, Level
from qe_action.text import clip, lines, plural, visible

MESSAGE_LIMIT = 60_000
"""Below the 64 KB that the checks API allows for a message, in UTF-8."""
TITLE_LIMIT = 255

AnnotationLevel = Literal["notice", "warning", "failure"]
_LEVELS: dict[Level, AnnotationLevel] = {
    "low": "notice",
    "medium": "warning",
    "high": "warning",
    "critical": "failure",
}

TESTS = 3
"""How many tests that run a function an annotation names."""


class Words(NamedTuple):
    """An annotation's level, title and message."""

    level: AnnotationLevel
    title: str
    message: str


def annotation(gap: Gap) -> Words:
    """The annotation of a gap."""
    where = f" in {visible(gap.function)}" if gap.function else ""
    return Words(
        _LEVELS[gap.severity],
        clip(f"{headline(gap)}{where}", TITLE_LIMIT),
        clip(_message(gap), MESSAGE_LIMIT // 4),
    )


def where(gap: Gap) -> str:
    """`src/app.py:12-14`, as the reader finds it: at the head where it stands there."""
    path = gap.anchor.path if gap.anchor else gap.file_path
    return f"{visible(path)}:{span(gap)}"


def span(gap: Gap) -> str:
    """`12` or `12-14`, at the head where the lines stand there."""
    place = gap.anchor or gap
    start, end = place.line_start, place.line_end
    return str(start) if start == end else f"{start}-{end}"


def headline(gap: Gap) -> str:
    """`Not covered: 3 statements`, with `1 branch` that leads to them, or `Branch not taken`.

    Of a file that the report does not know it is `Not measured: 3 statements`.
    """
    if gap.gap_type == "partial":
        return "Branch not taken" if len(gap.missing_branches) < 2 else "Branches not taken"
    said = "covered" if gap.measured else "measured"
    led = len(gap.missing_branches)
    branches = f", {plural(led, 'branch', 'branches')}" if led else ""
    return f"Not {said}: {plural(gap.statements, 'statement')}{branches}"


def missing_ways(gap: Gap) -> str:
    """Which ways out of a line were never taken, as far as source and report say."""
    words = gap.anchor.branch_words if gap.anchor else gap.branch_words
    return "; ".join(map(visible, words[:5]))


def _message(gap: Gap) -> str:
    place = gap.anchor or gap
    where = lines(place.line_start, place.line_end).capitalize()
    if gap.gap_type == "partial":
        ways = missing_ways(gap)
        first = f"{where} ran, but not every way out of it was taken"
        first += f": {ways}." if ways else "."
    else:
        what = "this statement" if gap.statements == 1 else f"these {gap.statements:,} statements"
        verb = "counts" if gap.statements == 1 else "count"
        ways = missing_ways(gap)
        first = f"{where}: no test runs {what}{f', as {ways}' if ways else ''}."
        if not gap.measured:
            first = f"{where}: the report does not list this file, so {what} {verb} as not covered."
    reasons = "; ".join(gap.reasons)
    why = f"Severity {gap.severity}: {reasons}." if reasons else f"Severity {gap.severity}."
    tests = [f"Test to add: {text}" for text in gap.suggested_tests]
    return "\n".join(visible(line) for line in (first, why, *tests, *_runs(gap)))


def _runs(gap: Gap) -> Iterator[str]:
    """The tests that run the function: where a further one belongs."""
    if gap.covered_by:
        rest = " and others" if len(gap.covered_by) > TESTS else ""
        yield f"Tests that run the function: {', '.join(gap.covered_by[:TESTS])}{rest}."
