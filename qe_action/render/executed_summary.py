"""The run of the tests as parts of a document, and as the summary of its own check run."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.events import ExecutionComplete
from qe_action.render.executed import conclusion, title
from qe_action.render.executed_lists import (
    again,
    cut_off,
    failures,
    flaky,
    notes,
    skipped,
    slow,
    slowest,
)
from qe_action.render.executed_words import seconds
from qe_action.render.fitting import fit
from qe_action.render.good_to_know import good_to_know
from qe_action.render.links import Links
from qe_action.render.marks import ICONS, RUNNING
from qe_action.render.state import Executed, RunState
from qe_action.text import clip, code, plain

SUMMARY_LIMIT = 65_535
"""Characters of a check run's summary."""
_STILL = "The tests are still running; this text is edited as results come in."


def tests_summary(state: RunState, links: Links) -> str:
    """The summary of the tests' own check run, without a heading: GitHub shows its title above."""
    footer = list(_footer(state.tests.result, links))
    return fit(lambda rows: _document(state.tests, links, rows), footer, SUMMARY_LIMIT)


def _document(executed: Executed, links: Links, rows: int) -> str:
    opening = [] if executed.result else [_STILL, ""]
    body = [*tests_first(executed, links, rows), *tests_last(executed, rows)]
    body += good_to_know(notes(executed))
    return "\n".join([*opening, *body, *_footer(executed.result, links)]) + "\n"


def tests_first(executed: Executed, links: Links, rows: int) -> Iterator[str]:
    """What stands above the coverage: how the tests ended, and all that has to be mended."""
    if not executed.begun:
        return
    result = executed.result
    if result is not None:
        yield _line(executed, result)
        yield ""
        yield from cut_off(result, rows)
    yield from failures(executed, links, rows)
    if result is not None and executed.failed:
        yield from again(result, rows)
    yield from flaky(executed.flaky, rows)
    yield from slow(executed.slow, rows)


def tests_last(executed: Executed, rows: int) -> Iterator[str]:
    """What stands below all else: what was skipped, and the slowest tests."""
    result = executed.result
    if result is not None:
        yield from skipped(executed, result, rows)
        yield from slowest(result, rows)


def tests_running(executed: Executed) -> Iterator[str]:
    """The line of tests that still run, where the headline has something else."""
    if executed.running:
        yield f"- {RUNNING} **Tests:** {plain(title(executed))}"
        yield ""


def _line(executed: Executed, result: ExecutionComplete) -> str:
    """How the tests ended, as the line of a gate is written."""
    counts = result.counts
    passed = counts.passed + counts.xpassed
    parts = [f"{passed:,} passed"] if executed.failed and passed and not _cut_short(result) else []
    parts += [f"{counts.skipped:,} skipped"] if executed.failed and counts.skipped else []
    took = "after" if _cut_short(result) else "in"
    parts += [f"{took} {seconds(result.seconds)}"] if result.seconds is not None else []
    alone = len(parts) == 1 and took == "in"
    more = f"{' ' if alone else '; '}{', '.join(parts)}" if parts else ""
    return f"- {ICONS[conclusion(executed)]} **Tests:** {plain(clip(title(executed), 400))}{more}"


def _cut_short(result: ExecutionComplete) -> bool:
    """The suite did not end by itself."""
    return bool(result.hung or result.running) or result.conclusion != "finished"


def _footer(result: ExecutionComplete | None, links: Links) -> Iterator[str]:
    parts = [f"Compared with {code(result.base_sha[:12])}"] if result and result.base_sha else []
    parts += [f"[run]({links.run_url})"] if links.run_url else []
    if parts:
        yield f"<sub>{' · '.join(parts)}</sub>"
