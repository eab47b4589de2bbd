"""The state of a run as Markdown: the comment, the check run's summary, the job summary.

What GitHub shows is capped (a comment at 65,536 characters, a check run's summary at 65,535,
a job summary at 1 MiB). Above a cap the lists get fewer rows, and what they lack is counted; if
that is not enough, whole lines go from the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from qe_action.events import AnalysisComplete
from qe_action.quoting import quoted
from qe_action.render.comparison import age, indirect
from qe_action.render.coverage_tables import changed_files, figures
from qe_action.render.executed_lists import notes
from qe_action.render.executed_summary import tests_first, tests_last, tests_running
from qe_action.render.fitting import fit
from qe_action.render.gap_lists import gap_lists
from qe_action.render.generated import generated
from qe_action.render.good_to_know import good_to_know
from qe_action.render.links import Links
from qe_action.render.marks import ICONS, RUNNING, CheckConclusion, Mark
from qe_action.render.sparkline import sparkline
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude, mark, running_title
from qe_action.text import (
    clip,
    code,
    duration,
    plain,
    plural,
    prose,
    size,
)

COMMENT_LIMIT = 65_536
"""Characters of a comment."""
SUMMARY_LIMIT = 65_535
"""Characters of a check run's summary."""
JOB_SUMMARY_LIMIT = 1024 * 1024
"""Bytes of all that a step adds to the job's summary."""

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
    footer = list(_footer(state, links))
    return fit(lambda rows: _document(state, links, heading, rows), footer, limit)


def _document(state: RunState, links: Links, heading: Heading, rows: int) -> str:
    body = _running(state, links, rows) if state.running else _ended(state, links, rows)
    marker = [heading.marker] if heading.marker else []
    title = [*_title(state, heading), ""] if heading.name else []
    return "\n".join([*marker, *title, *body]) + "\n"


def _title(state: RunState, heading: Heading) -> list[str]:
    if state.running:
        return [f"### {RUNNING} {plain(heading.name)}: {plain(running_title(state))}"]
    title = plain(clip(conclude(state).title, 400))
    return [f"### {ICONS[mark(state)]} {plain(heading.name)}: {title}"]


def _running(state: RunState, links: Links, rows: int) -> Iterator[str]:
    what = "tests are" if state.tests.running else "analysis is"
    yield f"The {what} still running; this text is edited as results come in."
    yield ""
    yield from tests_first(state.tests, links, rows)
    yield from gap_lists(state, links, rows)
    yield from _footer(state, links)


def _ended(state: RunState, links: Links, rows: int) -> Iterator[str]:
    yield from tests_running(state.tests)
    yield from tests_first(state.tests, links, rows)
    if (result := state.result) is not None:
        yield from _analysed(state, result, links, rows)
    yield from tests_last(state.tests, rows)
    analysed = _notes(state, result) if result is not None else []
    yield from good_to_know([*notes(state.tests), *analysed])
    yield from _footer(state, links)


def _analysed(state: RunState, result: AnalysisComplete, links: Links, rows: int) -> Iterator[str]:
    if result.totals is not None:
        yield from figures(result)
        yield from sparkline(result.history)
    yield from _gates(result)
    yield from changed_files(result, state, links, rows)
    yield from generated(state, links, rows)
    yield from gap_lists(state, links, rows)
    yield from indirect(result, rows)


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


def _notes(state: RunState, result: AnalysisComplete) -> list[str]:
    hints = [f"{error.message} {error.hint}".strip() for error in state.errors]
    if result.conclusion == "failed" and state.errors:
        hints[0] = state.errors[0].hint  # its message is the title
    told = {error.message for error in state.errors}
    return [hint for hint in hints if hint] + [note for note in result.notes if note not in told]


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
