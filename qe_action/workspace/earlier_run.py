"""The result of an earlier run, out of its journal: a baseline that was named."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from qe_action.analysis.baseline import TOP, Digest, decode
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.deltas import Lookup
from qe_action.errors import UsageError
from qe_action.events import EVENT, AnalysisComplete
from qe_action.input_file import opened

LINE = 64 * 1024 * 1024
"""Bytes of the longest line that is read."""
_HOW = "Take the FILE of an earlier `qe-action analyze --journal FILE`, or its `--output jsonl`."


class EarlierRun:
    """Where an analysis finds its baseline when a file is named. Reads it at once.

    Raises `UsageError` where the file has no finished result.
    """

    def __init__(self, path: Path) -> None:
        self._result = _result(path)

    async def find(self, base_sha: str | None, key: str) -> Lookup:
        """What the earlier run counted, as the baseline of whatever base there is."""
        return Lookup(_digest(self._result, key))


def _digest(result: AnalysisComplete, key: str) -> Digest:
    """File by file where the run kept that, else the totals."""
    kept = decode(result.digest) if result.digest else None
    if kept is not None:
        return kept
    totals = result.totals
    assert totals is not None
    counts = FileCounts(totals.statements, totals.covered, totals.branches, totals.covered_branches)
    measured = result.measured
    # Edits in progress are of no commit, so their counts bear no commit's name.
    of_commit = measured is not None and measured.tree != "worktree"
    sha = (measured.sha or "") if measured is not None and of_commit else ""
    return Digest(sha, key, {TOP: counts}, level=0)


def _result(path: Path) -> AnalysisComplete:
    found = None
    try:
        with opened(path) as file:
            while line := file.readline(LINE):
                if b'"complete"' in line and b'"coverage-analyzer"' in line:
                    found = _event(line) or found
    except OSError as error:
        raise _unfit(path, f"can't be read: {error.strerror}") from None
    if found is None:
        raise _unfit(path, "has no result of an analysis")
    if found.conclusion != "finished" or found.totals is None:
        raise _unfit(path, "is of a run that came to no result")
    if found.tests_failed:
        raise _unfit(path, "is of a run whose tests failed, so that its report may be partial")
    return found


def _event(line: bytes) -> AnalysisComplete | None:
    try:
        event = EVENT.validate_json(line)
    except ValidationError:
        return None
    return event if isinstance(event, AnalysisComplete) else None


def _unfit(path: Path, why: str) -> UsageError:
    return UsageError(f"The baseline {path} {why}.", hint=_HOW, anchor="command-line")
