"""The comparison with the baseline as Markdown, and the baseline that a check run keeps."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.analysis.packed_comment import TEXT_LIMIT
from qe_action.analysis.test_baseline import decode, fitted
from qe_action.events import AnalysisComplete, Baseline, IndirectChange
from qe_action.figures import signed
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.text import code, plain, plural, size

_KEPT = (
    "This run's counts are kept here, unseen, as the baseline that later runs compare with. "
    "What a baseline is: "
    "https://github.com/qe-action/qe-action/blob/main/.github/docs/baseline.md\n\n"
)


def change(points: float | None) -> str:
    """A gain or loss behind a percentage, as in ` (+0.3)`; empty where it is unknown."""
    return "" if points is None else f" ({plain(signed(points))})"


def age(baseline: Baseline) -> str:
    """Which commit's result the deltas are against, and how old it is."""
    if not baseline.sha:
        return "baseline: the earlier run that was named"
    sha = code(baseline.sha[:12])
    if not baseline.commits_before:
        return f"baseline: base commit {sha}"
    return f"baseline: {sha}, {plural(baseline.commits_before, 'commit')} before the base"


def indirect(result: AnalysisComplete, rows: int) -> Iterator[str]:
    """The files that lost coverage although the change does not touch them."""
    total = result.indirect_total or 0
    if not total or result.indirect is None:
        return
    lost = plural(result.indirect_lost or 0, "statement")
    files = plural(total, "file")
    yield f"<details><summary>{lost} lost in {files} that this change does not touch</summary>"
    yield ""
    yield from (_indirect_line(row) for row in result.indirect[:rows])
    if (left := total - min(rows, len(result.indirect))) > 0:
        yield f"- {left:,} more left out here"
    yield ""
    yield "</details>"
    yield ""


def _indirect_line(row: IndirectChange) -> str:
    before, now = row.before, row.now
    if now is None:
        return (
            f"- {code(row.path)}: no longer in the report, {before.covered:,} of "
            f"{before.statements:,} statements were covered"
        )
    line = (
        f"- {code(row.path)}: {row.lost:,} fewer, "
        f"{now.covered:,} of {now.statements:,} statements are covered"
    )
    if now.statements != before.statements:
        line += f" (there were {before.covered:,} of {before.statements:,})"
    return line


def kept_baseline(state: RunState, links: Links) -> str | None:
    """The check run's text: the digest of its own commit in a comment, below a line on it."""
    result = state.result
    if result is None or result.digest is None or result.measured is None:
        return None
    return _KEPT + result.digest if result.measured.sha == links.sha else None


def kept_tests(state: RunState, links: Links) -> str | None:
    """The same of the tests, whose digest names the commit itself."""
    result = state.tests.result
    return None if result is None or result.digest is None else _KEPT + result.digest


def kept_digests(state: RunState, links: Links) -> str | None:
    """Both; the tests have the room that the coverage leaves them."""
    coverage, tests = kept_baseline(state, links), state.tests.result
    if coverage is None or tests is None or tests.digest is None:
        return coverage or kept_tests(state, links)
    digest = decode(tests.digest)
    left = TEXT_LIMIT - size(coverage) - 1
    fits = fitted(digest, left)[1] if digest is not None else ""
    return f"{coverage}\n{fits}" if fits and size(fits) <= left else coverage


KEPT_SIZE = len(_KEPT)
"""Characters of the line above a digest."""
