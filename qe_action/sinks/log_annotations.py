"""The annotations of a step by workflow commands, for tokens that may not write check runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qe_action.events import Anchor, Gap, TestFinished
from qe_action.render.annotations import Words, annotation
from qe_action.render.executed import failure_annotation
from qe_action.sinks import workflow_commands
from qe_action.sinks.annotation_steps import failure_anchor
from qe_action.text import plural

LOG_ANNOTATIONS = 10
"""Annotations a step may leave by workflow commands, of each level (GitHub's own cap)."""

Placed = tuple[Anchor, Words]


@dataclass(frozen=True, slots=True)
class LogAnnotations:
    """What the step may annotate: failures of tests before gaps."""

    failures: tuple[Placed, ...]
    gaps: tuple[Placed, ...]

    @property
    def any(self) -> bool:
        return bool(self.failures or self.gaps)

    def write(self) -> str:
        """Annotate as many as a step may leave; a sentence on the others, empty without any."""
        for place, words in (*self.failures, *self.gaps)[:LOG_ANNOTATIONS]:
            workflow_commands.annotate(place.path, place.line_start, place.line_end, words)
        failures = len(self.failures) - LOG_ANNOTATIONS
        gaps = len(self.gaps) - max(0, -failures)
        left = [plural(failures, "more failure")] if failures > 0 else []
        left += [plural(gaps, "more gap")] if gaps > 0 else []
        if not left:
            return ""
        told = " and ".join(left)
        return f"{told} not annotated: a step may leave {LOG_ANNOTATIONS} annotations."


def log_annotations(failures: Iterable[TestFinished], gaps: Iterable[Gap]) -> LogAnnotations:
    """Those that stand in lines of the head."""
    places = ((failure_anchor(failure), failure) for failure in failures)
    return LogAnnotations(
        tuple((place, failure_annotation(failure)) for place, failure in places if place),
        tuple((gap.anchor, annotation(gap)) for gap in gaps if gap.anchor),
    )
