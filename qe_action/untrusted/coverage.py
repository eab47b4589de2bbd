"""An analysis out of a stranger's journal: its figures counted anew, its words called its own."""

from __future__ import annotations

import re
from typing import assert_never

from qe_action.events import (
    MISFIT,
    AnalysisComplete,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    Anchor,
    Conclusion,
    Counts,
    CriticalPath,
    FileLinesTold,
    Gap,
    GapFound,
    GateResult,
    without_figures,
)
from qe_action.journal import WorstGaps
from qe_action.untrusted.claims import Claims, Refusal, claimed_error, claimed_note, is_inside
from qe_action.untrusted.event_lines import UNREAD

MAX_PROGRESS = 1000
MAX_ERRORS = 20
MAX_NOTES = 20
MAX_GATES = 50

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GAP_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class StrangersCoverage(Claims[AnalyzerEvent]):
    """The events of an analysis. Every journal has to have one, but that of a run of tests."""

    needed = True

    def __init__(self) -> None:
        self._worst = WorstGaps()
        self._gaps = self._in_diff = self._progress = self._errors = 0

    def take(self, event: AnalyzerEvent) -> AnalyzerEvent | None:
        self.begun = True
        match event:
            case AnalyzerProgress():
                self._progress += 1
                return _without_words(event) if self._progress <= MAX_PROGRESS else None
            case GapFound(gap=gap):
                return self._take_gap(gap)
            case CriticalPath():
                return event
            case FileLinesTold():
                return None
            case AnalyzerError():
                self._errors += 1
                return claimed_error(event) if self._errors <= MAX_ERRORS else None
            case AnalysisComplete():
                result = self._result(event)
                self.ended = True
                return result
            case _:
                assert_never(event)

    def without_result(self, conclusion: Conclusion) -> AnalysisComplete:
        counts = {"total_gaps": self._gaps, "gaps_in_diff": self._in_diff}
        return without_figures(conclusion, gaps=self._worst.result()).model_copy(update=counts)

    def _take_gap(self, gap: Gap) -> GapFound:
        if gap.line_end < gap.line_start or not _GAP_ID.fullmatch(gap.id):
            raise Refusal("its gap can't be")
        anchor = gap.anchor if gap.anchor and _can_be(gap.anchor) else None
        gap = gap.model_copy(update={"anchor": anchor})
        self._gaps += 1
        self._in_diff += gap.in_diff
        self._worst.add(gap)
        return GapFound(gap=gap)

    def _result(self, told: AnalysisComplete) -> AnalysisComplete:
        """The result with its figures counted anew and without what is no stranger's to say."""
        rows = [(row.before, row.now) for row in told.indirect or ()]
        files = [(file.counts, file.patch) for file in told.files]
        base = told.baseline
        for counts in (told.totals, told.patch, base and base.totals, *sum((*rows, *files), ())):
            _check_counts(counts)
        totals, patch, deltas = told.totals, told.patch, told.deltas
        measured = told.measured
        shas = (measured.sha, measured.base_sha) if measured else ()
        points = (deltas.overall, deltas.line, deltas.branch) if deltas else ()
        compared = base is not None and _is_sha(base.sha) and all(map(_is_change, points))
        update = {
            "overall_coverage": totals.percent if totals else None,
            "line_coverage": totals.line_percent if totals else None,
            "branch_coverage": totals.branch_percent if totals else None,
            "function_coverage": _share(told.function_coverage),
            "patch_coverage": patch.percent if patch else None,
            "gaps": self._worst.result(),
            "total_gaps": self._gaps,
            "gaps_in_diff": self._in_diff,
            "files": tuple(
                file if _is_change(file.delta) else file.model_copy(update={"delta": None})
                for file in told.files
            ),
            "gates": tuple(map(_gate, told.gates[:MAX_GATES])),
            "notes": tuple(map(claimed_note, told.notes[:MAX_NOTES])),
            "unmeasured": tuple(
                path[:500] for path in told.unmeasured[:MAX_NOTES] if is_inside(path)
            ),
            "misfit": MISFIT if told.misfit else "",  # it stands in a title, which is ours
            "measured": measured if all(map(_is_sha, shas)) else None,
            "baseline": base if compared else None,
            "deltas": deltas if compared else None,
            "history": told.history if compared else (),
            UNREAD: None,
        }
        return told.model_copy(update=update)


def _without_words(progress: AnalyzerProgress) -> AnalyzerProgress:
    """How far it was: its message would be the check run's title for a while."""
    return progress.model_copy(update={"message": "Reading the journal"})


def _check_counts(counts: Counts | None) -> None:
    if counts is None:
        return
    if counts.covered > counts.statements or counts.covered_branches > counts.branches:
        raise Refusal("it has counts that can't be")


def _gate(gate: GateResult) -> GateResult:
    if not gate.name.strip() or not 0 <= gate.threshold <= 100 or (gate.missing or 0) < 0:
        raise Refusal("it has a gate that can't be")
    update = {"name": gate.name[:200], "detail": gate.detail[:500], "claimed": True}
    return gate.model_copy(update=update)


def _can_be(anchor: Anchor) -> bool:
    """Whether it names lines of a file inside a repository."""
    return is_inside(anchor.path) and anchor.line_start <= anchor.line_end


def _is_sha(text: str | None) -> bool:
    return text is None or _SHA.fullmatch(text) is not None


def _is_change(points: float | None) -> bool:
    return points is None or -100 <= points <= 100


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 100 else None
