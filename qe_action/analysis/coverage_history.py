"""The coverage of the last baselines, as each new one carries it in its check run's text.

It is a comment of its own beside the digest: what reads digests alone goes on reading them.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from qe_action.analysis.baseline import Digest
from qe_action.analysis.packed_comment import packed, unpacked
from qe_action.events import HISTORY_LIMIT, CoveragePoint

SCHEMA = 1
_NAME = "qe-action-history"
_POINTS = TypeAdapter(tuple[CoveragePoint, ...])


def point_of(digest: Digest, *, after_gap: bool = False) -> CoveragePoint:
    """A digest's own point: lines and branches together, as the project's coverage counts them."""
    totals = digest.totals
    return CoveragePoint(
        sha=digest.sha,
        covered=totals.covered + totals.covered_branches,
        whole=totals.statements + totals.branches,
        after_gap=after_gap,
    )


def latest(points: Sequence[CoveragePoint]) -> tuple[CoveragePoint, ...]:
    """The last points, as many as are kept."""
    return tuple(points[-HISTORY_LIMIT:])


def encode(points: Sequence[CoveragePoint]) -> str:
    """The last points as an HTML comment."""
    return packed(_NAME, SCHEMA, _POINTS.dump_json(latest(points)))


def decode(text: str, digest: Digest) -> tuple[CoveragePoint, ...] | None:
    """The points in a check run's text, the oldest first; None where none can be believed.

    The last of them has to be that of the digest beside them.
    """
    raw = unpacked(_NAME, SCHEMA, text)
    if raw is None:
        return None
    try:
        points = _POINTS.validate_json(raw)
    except ValueError:  # pydantic's errors are ValueErrors
        return None
    if not 0 < len(points) <= HISTORY_LIMIT or len({p.sha for p in points}) < len(points):
        return None
    own = point_of(digest, after_gap=points[-1].after_gap)
    return points if points[-1] == own else None
