"""The gaps and critical paths of a run as Markdown lists that open."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.analysis.risk import IN_CHANGED_LINES
from qe_action.events import Gap
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.render.suggestion import markdown
from qe_action.text import code, plain, plural


def gap_lists(state: RunState, links: Links, rows: int) -> Iterator[str]:
    """The gaps in changed lines, the critical paths, and the gaps elsewhere."""
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
