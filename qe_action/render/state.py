"""Events folded into what can be shown at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    CriticalPath,
    Event,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    TestProposed,
    TestRejected,
)

GAPS_KEPT = 1000
"""How many gaps, the first and so the worst, are kept for showing."""


@dataclass(slots=True, repr=False)  # asyncio would write it out with all its gaps
class RunState:
    """What a reader of the stream knows so far."""

    progress: AnalyzerProgress | None = None
    gaps: list[Gap] = field(default_factory=list)
    gap_count: int = 0
    in_diff_count: int = 0
    errors: list[AnalyzerError] = field(default_factory=list)
    result: AnalysisComplete | None = None

    def fold(self, event: Event) -> None:
        """Take one event in."""
        match event:
            case AnalyzerProgress():
                self.progress = event
            case GapFound(gap=gap):
                self.gap_count += 1
                self.in_diff_count += gap.in_diff
                if len(self.gaps) < GAPS_KEPT:
                    self.gaps.append(gap)
            case AnalyzerError():
                self.errors.append(event)
            case AnalysisComplete():
                self.result = event
            case CriticalPath() | GeneratorProgress() | TestProposed() | TestRejected():
                pass  # shown once the parts that emit them exist
            case GenerationComplete() | GeneratorError():
                pass
            case _:
                assert_never(event)
