"""The state of a run as Markdown: the comment, the check run's summary, the job summary.

What GitHub shows is capped (a comment at 65,536 characters, a check run's summary at 65,535,
a job summary at 1 MiB); above a cap the least important rows are left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from qe_action.analysis.globs import is_test_or_migration
from qe_action.analysis.risk import IN_CHANGED_LINES
from qe_action.events import AnalysisComplete, Counts, FileSummary, Gap
from qe_action.quoting import quoted
from qe_action.render.annotations import headline, missing_ways, span, where
from qe_action.render.comparison import age, change, indirect
from qe_action.render.fit import fitted
from qe_action.render.generated import generated
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.render.suggestion import markdown
from qe_action.render.verdict import CheckConclusion, Mark, conclude, mark, running_title
from qe_action.text import (
    UNKNOWN,
    cell,
    clip,
    code,
    duration,
    percent,
    plain,
    plural,
    prose,
    size,
)

COMMENT_LIMIT = 65_536
SUMMARY_LIMIT = 65_535
JOB_SUMMARY_LIMIT = 1024 * 1024
"""In bytes, for a whole step."""

ICONS: dict[Mark, str] = {
    "success": "✅",
    "ungated": "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}",
    "failure": "❌",
    "neutral": "⚪",
    "cancelled": "⏹️",
}
_LINKS_A_ROW = 6
_PASSED = "- ✅ **"
"""How the line of a passed gate begins, and nothing else does."""


class Heading(NamedTuple):
    """`marker` is an invisible first line by which the comment is found again."""

    name: str
    marker: str = ""


def comment(state: RunState, links: Links, heading: Heading) -> str:
    """The pull request's comment."""
    return _fit(state, links, heading, COMMENT_LIMIT)


def retold(heading: Heading, conclusion: CheckConclusion, title: str, summary: str) -> str:
    """The comment of another run, out of the title and summary that its check run has."""
    summary = of_the_run(summary)
    icon = ICONS[retold_mark(conclusion, summary)]
    first = f"{heading.marker}\n### {icon} {plain(heading.name)}: "
    text = f"{first}{plain(clip(title, 400))}\n\n"
    if size(text) + size(summary) > COMMENT_LIMIT:
        summary = "The check run has the details.\n"
    return text + summary


def retold_mark(conclusion: CheckConclusion, summary: str) -> Mark:
    """The mark of another run's headline, out of its check run: see `verdict.mark`."""
    judged = any(line.startswith(_PASSED) for line in summary.splitlines())
    return "ungated" if conclusion == "success" and not judged else conclusion


def check_summary(state: RunState, links: Links) -> str:
    """The check run's summary, without a heading, since GitHub shows its title above it.

    Its last line is of the check run alone: how many annotations stand.
    """
    count = _annotated(state)
    return _fit(state, links, Heading(""), SUMMARY_LIMIT - size(count)) + count


def of_the_run(summary: str) -> str:
    """A check run's summary without what is of the check run alone, for a comment."""
    return _COUNT.sub("\n", summary)


def job_summary(state: RunState, links: Links, heading: Heading) -> str:
    """The job's summary."""
    return _fit(state, links, heading, JOB_SUMMARY_LIMIT // 4)


def _fit(state: RunState, links: Links, heading: Heading, limit: int) -> str:
    """The document with as many rows as `limit` allows."""
    ending = list(_footer(state, links))
    return fitted(lambda rows: _document(state, links, heading, rows), ending, limit)


def _document(state: RunState, links: Links, heading: Heading, rows: int) -> str:
    body = _running(state, links, rows) if state.result is None else _ended(state, links, rows)
    marker = [heading.marker] if heading.marker else []
    title = [*_title(state, heading), ""] if heading.name else []
    return "\n".join([*marker, *title, *body]) + "\n"


def _title(state: RunState, heading: Heading) -> list[str]:
    if state.result is None:
        return [f"### ⏳ {plain(heading.name)}: {plain(running_title(state))}"]
    title = plain(clip(conclude(state).title, 400))
    return [f"### {ICONS[mark(state)]} {plain(heading.name)}: {title}"]


def _running(state: RunState, links: Links, rows: int) -> Iterator[str]:
    yield "The analysis is still running; this text is edited as results come in."
    yield ""
    yield from _gap_lists(state, links, rows)
    yield from _footer(state, links)


def _ended(state: RunState, links: Links, rows: int) -> Iterator[str]:
    result = state.result
    assert result is not None
    if result.totals is not None:
        yield from _figures(result)
    yield from _gates(result)
    yield from _files(result, state, links, rows)
    yield from generated(state, links, rows)
    yield from _gap_lists(state, links, rows)
    yield from indirect(result, rows)
    yield from _notes(state, result)
    yield from _footer(state, links)


def _figures(result: AnalysisComplete) -> Iterator[str]:
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

    `gained` is said behind the coverage.
    """

    def share(part: int, whole: int, value: float | None) -> str:
        if not whole:
            return "–"
        return f"{part:,} of {whole:,}" + ("" if short else f" ({percent(value)})")

    statements = share(counts.covered, counts.statements, counts.line_percent)
    branches = share(counts.covered_branches, counts.branches, counts.branch_percent)
    overall = percent(counts.percent) if counts.statements else "–"
    return f"{overall}{gained} | {statements} | {branches}"


_CLAIMS = {True: "passed", False: "failed", None: "was not judged"}


def _gates(result: AnalysisComplete) -> Iterator[str]:
    icons = {True: "✅", False: "❌", None: "⚪"}
    for gate in result.gates:
        if gate.claimed:
            # What a stranger calls passed is no pass of ours.
            icon = icons[False] if gate.passed is False else icons[None]
            word = prose(f"{quoted(gate.name)}: {quoted(gate.detail)}")
            yield f"- {icon} By the first run's word a gate {_CLAIMS[gate.passed]}: {word}"
            continue
        name = plain(gate.name[0].upper() + gate.name[1:])
        yield f"- {icons[gate.passed]} **{name}:** {prose(gate.detail)}"
    if result.gates:
        yield ""


def _files(result: AnalysisComplete, state: RunState, links: Links, rows: int) -> Iterator[str]:
    changed = [file for file in result.files if file.patch is not None]
    telling = [file for file in changed if file.patch and file.patch.statements]
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


def _gap_lists(state: RunState, links: Links, rows: int) -> Iterator[str]:
    yield from _gap_list("in changed lines", state.in_diff, state.in_diff_count, links, rows)
    yield from _critical_paths(state, min(rows, 20))
    elsewhere = state.gap_count - state.in_diff_count
    yield from _gap_list("elsewhere", state.elsewhere, elsewhere, links, min(rows, 50))


def _gap_list(place: str, gaps: list[Gap], total: int, links: Links, rows: int) -> Iterator[str]:
    if not total:
        return
    shown = gaps[:rows]
    common = _common_reasons(shown)
    yield f"<details><summary>{plural(total, 'gap')} {place}</summary>"
    yield ""
    if common:
        yield f"For each: {plain('; '.join(common))}."
        yield ""
    told: set[str] = set()
    for gap in shown:
        yield _gap_line(gap, links, common)
        # Gaps next to each other sometimes lack the same test.
        yield from (f"  - {markdown(test)}" for test in gap.suggested_tests if test not in told)
        told.update(gap.suggested_tests)
    if total > rows:
        yield f"- {total - min(rows, len(gaps)):,} more left out here"
    yield ""
    yield "</details>"
    yield ""


def _critical_paths(state: RunState, rows: int) -> Iterator[str]:
    if not state.paths:
        return
    yield f"<details><summary>{plural(len(state.paths), 'critical path')} with gaps</summary>"
    yield ""
    for path in state.paths[:rows]:
        yield f"- {code(path.path)}: **{path.impact}**, {plain('; '.join(path.reasons))}"
    if (left := len(state.paths) - rows) > 0:
        yield f"- {left:,} more left out here"
    yield ""
    yield "</details>"
    yield ""


def _common_reasons(gaps: list[Gap]) -> tuple[str, ...]:
    """What holds for every one of several gaps is said once."""
    if len(gaps) < 2:
        return ()
    shared = set.intersection(*(set(gap.reasons) for gap in gaps)) - {IN_CHANGED_LINES}
    return tuple(reason for reason in gaps[0].reasons if reason in shared)


def _gap_line(gap: Gap, links: Links, common: tuple[str, ...]) -> str:
    inside = f" in {code(gap.function)}" if gap.function else ""
    ways = missing_ways(gap)
    never = f": {markdown(ways)}" if ways else ""
    said = (*common, IN_CHANGED_LINES)  # the list's heading says the latter
    own = "; ".join(reason for reason in gap.reasons if reason not in said)
    why = f" ({plain(own)})" if own else ""
    label = links.gap(gap, where(gap))
    return f"- {label}{inside}: **{gap.severity}**, {headline(gap).lower()}{never}{why}"


def _notes(state: RunState, result: AnalysisComplete) -> Iterator[str]:
    hints = [f"{error.message} {error.hint}".strip() for error in state.errors]
    if result.conclusion == "failed" and state.errors:
        hints[0] = state.errors[0].hint  # its message is the title
    told = {error.message for error in state.errors}
    notes = [hint for hint in hints if hint] + [note for note in result.notes if note not in told]
    if notes:
        yield "**Good to know**"
        yield ""
        yield from (f"- {prose(clip(note, 1000))}" for note in dict.fromkeys(notes))
        yield ""


_TREES = {
    "merge": "the test merge",
    "head": "the head",
    "worktree": "the working tree",
    "commit": "the commit",
    "unknown": "a tree that can't be told",
}


_COUNT = re.compile(r"\r?\n\r?\n<sub>\**[\d,]+ of [\d,]+ annotations?\**</sub>\s*\Z")


def _annotated(state: RunState) -> str:
    """How many annotations stand; one sees at once where some are missing."""
    if state.result is None or state.annotated is None or not state.annotated[1]:
        return ""
    standing, total = state.annotated
    shown = f"{standing:,} of {plural(total, 'annotation')}"
    return f"\n<sub>{shown if standing == total else f'**{shown}**'}</sub>\n"


def _footer(state: RunState, links: Links) -> Iterator[str]:
    parts = []
    result = state.result
    if result and result.measured:
        sha = f" {code(result.measured.sha[:12])}" if result.measured.sha else ""
        base = result.measured.base_sha
        against = f" against {code(base[:12])}" if base else ""
        parts.append(f"Measured on {_TREES[result.measured.tree]}{sha}{against}")
    if result and result.baseline:
        parts.append(age(result.baseline))
    if result:
        parts.append(f"took {duration(result.analysis_time_ms)}")
    if links.run_url:
        parts.append(f"[run]({links.run_url})")
    if parts:
        yield f"<sub>{' · '.join(parts)}</sub>"
