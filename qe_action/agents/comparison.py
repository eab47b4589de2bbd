"""The result held against the baseline, and the digest that it leaves for later ones."""

from __future__ import annotations

from collections.abc import Mapping

from qe_action.analysis.baseline import digest_of, fitted
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.coverage_history import encode, point_of
from qe_action.analysis.deltas import Lookup, deltas, file_delta, indirect_changes, lost_by_folder
from qe_action.analysis.diff import Diff
from qe_action.analysis.packed_comment import TEXT_LIMIT
from qe_action.events import AnalysisComplete
from qe_action.render.comparison import KEPT_SIZE
from qe_action.text import plural

INDIRECT = 50
"""How many files that lost statements indirectly the result lists, the worst."""

Files = Mapping[str, FileCounts]


def compared(
    result: AnalysisComplete, lookup: Lookup, diff: Diff | None, files: Files
) -> AnalysisComplete:
    """The result with what has changed since the baseline, and the notes of the search."""
    digest, notes = lookup.digest, lookup.notes
    if digest is None or result.totals is None:
        return result.model_copy(update={"notes": (*result.notes, *notes)})
    indirect = indirect_changes(lookup, diff, files)
    if folders := lost_by_folder(digest, files):
        notes = (*notes, folders)
    summaries = (
        file.model_copy(update={"delta": file_delta(digest, diff, file.path, file.counts)})
        for file in result.files
    )
    return result.model_copy(
        update={
            "baseline": lookup.wire(),
            "history": lookup.points,
            "deltas": deltas(digest.totals.wire(), result.totals),
            "files": tuple(summaries),
            "indirect": None if indirect is None else indirect[:INDIRECT],
            "indirect_total": None if indirect is None else len(indirect),
            "indirect_lost": None if indirect is None else sum(c.lost for c in indirect),
            "notes": (*result.notes, *notes),
        }
    )


def with_digest(result: AnalysisComplete, key: str, files: Files) -> AnalysisComplete:
    """The result with a digest for later runs, if it is of one commit's own tree."""
    measured = result.measured
    if measured is None or measured.sha is None or measured.tree not in ("commit", "head"):
        return result
    whole = digest_of(measured.sha, key, files)
    gap = result.baseline is not None and result.baseline.commits_before > 0
    history = encode((*result.history, point_of(whole, after_gap=gap)))
    digest, text = fitted(whole, TEXT_LIMIT - KEPT_SIZE - len(history) - 1)
    notes = result.notes
    if digest.detail != "files":
        kept = "by folder" if digest.detail == "folders" else "as totals"
        notes = (
            *notes,
            f"The counts of {plural(len(files), 'file')} do not fit into a check run: later runs "
            f"find them {kept}, and changes in single files are not known to them.",
        )
    return result.model_copy(update={"digest": f"{text}\n{history}", "notes": notes})
