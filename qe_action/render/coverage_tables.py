"""The tables of a run's coverage in Markdown: the figures, and the changed files."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.analysis.globs import is_test_or_migration
from qe_action.events import AnalysisComplete, Counts, FileSummary, Gap
from qe_action.render.annotations import span
from qe_action.render.comparison import change
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.text import UNKNOWN, cell, percent, plural

_LINKS_A_ROW = 6
"""Gaps of one file that its row links to; the others are counted."""


def figures(result: AnalysisComplete) -> Iterator[str]:
    """The coverage of the change and of the project."""
    assert result.totals is not None
    yield "| | Coverage | Statements | Branches |"
    yield "| :-- | --: | --: | --: |"
    if result.patch is None:
        yield f"| **Patch** (changed lines) | {UNKNOWN} | | |"
    else:
        yield f"| **Patch** (changed lines) | {_counts(result.patch)} |"
    gained = change(result.deltas.overall) if result.deltas else ""
    yield f"| **Project** | {_counts(result.totals, gained)} |"
    yield ""


def _counts(counts: Counts, gained: str = "", *, short: bool = False) -> str:
    """Three cells: coverage, statements, branches; not `short` with each one's percentage.

    `gained` stands behind the coverage.
    """

    def share(part: int, whole: int, value: float | None) -> str:
        if not whole:
            return "–"
        return f"{part:,} of {whole:,}" + ("" if short else f" ({percent(value)})")

    statements = share(counts.covered, counts.statements, counts.line_percent)
    branches = share(counts.covered_branches, counts.branches, counts.branch_percent)
    overall = percent(counts.percent) if counts.statements else "–"
    return f"{overall}{gained} | {statements} | {branches}"


def changed_files(
    result: AnalysisComplete, state: RunState, links: Links, rows: int
) -> Iterator[str]:
    """The changed files that have statements, the first `rows` of them, with what they lack."""
    telling = [file for file in result.files if file.patch and file.patch.statements]
    if not telling:
        return
    gaps: dict[str, list[Gap]] = {}
    for gap in state.in_diff:
        gaps.setdefault(gap.file_path, []).append(gap)
    yield "| Changed file | Patch | Statements | Branches | Not covered | Whole file |"
    yield "| :-- | --: | --: | --: | :-- | --: |"
    for file in telling[:rows]:
        yield _file_row(file, gaps.get(file.path, []), links)
    yield ""
    if (left := len(telling) - rows) > 0:
        yield f"_{plural(left, 'more changed file')} left out here._"
        yield ""


def _file_row(file: FileSummary, gaps: list[Gap], links: Links) -> str:
    assert file.patch is not None
    worst = sorted(gaps[:_LINKS_A_ROW], key=lambda gap: gap.line_start)
    spans = [_missed(gap, links) for gap in worst]
    if len(gaps) > _LINKS_A_ROW:
        spans.append(f"and {len(gaps) - _LINKS_A_ROW} more")
    if not spans and file.patch.missed and is_test_or_migration(file.path):
        spans.append("test or migration")
    whole = percent(file.counts.percent) + change(file.delta) if file.measured else "not measured"
    figures = _counts(file.patch, short=True)
    return f"| {links.file(file.path)} | {figures} | {', '.join(spans) or '–'} | {whole} |"


def _missed(gap: Gap, links: Links) -> str:
    """A gap's lines, linked, in a table's cell."""
    shown = cell(links.gap(gap, span(gap)))
    return f"{shown} (branch)" if gap.gap_type == "partial" else shown
