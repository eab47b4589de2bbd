"""What has changed since the baseline: percentage points, and statements lost elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from qe_action.analysis.baseline import Digest, row_name
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.diff import Diff
from qe_action.events import Baseline, Counts, CoveragePoint, Deltas, IndirectChange
from qe_action.text import plural

NAMED_FOLDERS = 5


@dataclass(frozen=True, slots=True)
class Lookup:
    """What came of looking for a baseline: a digest or, in `notes`, why there is none.

    `commits_before` is how many commits before the measured base the digest was made. `points` are
    the last baselines up to it, the oldest first.
    """

    digest: Digest | None = None
    commits_before: int = 0
    notes: tuple[str, ...] = ()
    points: tuple[CoveragePoint, ...] = ()

    def wire(self) -> Baseline | None:
        """The baseline as the events have it."""
        if self.digest is None:
            return None
        return Baseline(
            sha=self.digest.sha,
            commits_before=self.commits_before,
            detail=self.digest.detail,
            totals=self.digest.totals.wire(),
        )


def points(before: tuple[int, int], now: tuple[int, int]) -> float | None:
    """Percentage points between two pairs of covered and all; None where one has nothing.

    Subtracted as fractions, so that it is 0.0 for equal shares only.
    """
    if not (before[1] and now[1]):
        return None
    return float((Fraction(*now) - Fraction(*before)) * 100)


def deltas(before: Counts, now: Counts) -> Deltas:
    """What was gained since, overall, of lines and of branches."""
    return Deltas(
        overall=points(_overall(before), _overall(now)),
        line=points((before.covered, before.statements), (now.covered, now.statements)),
        branch=points(
            (before.covered_branches, before.branches), (now.covered_branches, now.branches)
        ),
    )


def file_delta(digest: Digest, diff: Diff | None, path: str, now: Counts) -> float | None:
    """What a file has gained; a renamed one since it had its old name."""
    if digest.level is not None:
        return None
    change = diff.files.get(path) if diff else None
    name = change.old_path if change and change.old_path else path
    before = digest.rows.get(row_name(name, None))
    return points(_overall(before.wire()), _overall(now)) if before else None


def indirect_changes(
    lookup: Lookup, diff: Diff | None, files: Mapping[str, FileCounts]
) -> tuple[IndirectChange, ...] | None:
    """Files outside the change of which fewer statements are covered, the worst first.

    None where that can't be told: the change is not known, or the baseline is not the measured
    base itself, file by file. Both names of a renamed file are part of the change.
    """
    digest = lookup.digest
    if digest is None or digest.level is not None or lookup.commits_before or diff is None:
        return None
    touched = {row_name(path, None) for path in _touched(diff)}
    now = {row_name(path, None): counts for path, counts in files.items()}
    found = [
        IndirectChange(
            path=path,
            before=before.wire(),
            now=now[path].wire() if path in now else None,
            lost=before.covered - covered,
        )
        for path, before in digest.rows.items()
        if path not in touched
        and (covered := now[path].covered if path in now else 0) < before.covered
    ]
    return tuple(sorted(found, key=lambda change: (-change.lost, change.path)))


def lost_by_folder(digest: Digest, files: Mapping[str, FileCounts]) -> str:
    """A note on the folders that lost most, where the baseline counts folders; else empty."""
    if digest.detail != "folders":
        return ""
    now: dict[str, int] = {}
    for path, counts in files.items():
        row = digest.row_of(path)
        now[row] = now.get(row, 0) + counts.covered
    lost = sorted(
        (now.get(row, 0) - before.covered, row)
        for row, before in digest.rows.items()
        if now.get(row, 0) < before.covered
    )
    if not lost:
        return ""
    worst = ", ".join(f"{row} ({-by:,})" for by, row in lost[:NAMED_FOLDERS])
    more = f" and {len(lost) - NAMED_FOLDERS} more" if len(lost) > NAMED_FOLDERS else ""
    folders = plural(len(lost), "folder has", "folders have")
    return f"{folders} fewer covered statements than at the baseline: {worst}{more}."


def _overall(counts: Counts) -> tuple[int, int]:
    return counts.covered + counts.covered_branches, counts.statements + counts.branches


def _touched(diff: Diff) -> Iterator[str]:
    for path, change in diff.files.items():
        yield path
        if change.old_path:
            yield change.old_path
