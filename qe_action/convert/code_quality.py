"""GitLab's code quality report: gaps and failures of tests, shown in a merge request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import AgentName, Event, Gap, GapFound, Level, TestFinished, TestFlaky
from qe_action.render.annotations import annotation
from qe_action.text import clip, visible
from qe_action.untrusted.claims import is_inside

ABOUT: tuple[AgentName, ...] = ("coverage-analyzer", "test-executor")
LONGEST = 500
"""Characters of a description."""
_SEVERITIES: dict[Level, str] = {
    "low": "info",
    "medium": "minor",
    "high": "major",
    "critical": "critical",
}


def convert(events: Iterable[Event]) -> Conversion:
    """One list. GitLab takes no entry without a place, so those that have none are left out."""
    followed, entries = Followed(events), dict[str, str]()
    for event in followed:
        if isinstance(event, GapFound):
            _add(followed, entries, _gap(event.gap))
        elif isinstance(event, TestFinished) and event.bad:
            _add(followed, entries, _failure(event))
        elif isinstance(event, TestFlaky):
            entries.pop(_fingerprint("test", event.id), None)
    text = "".join(("[\n", ",\n".join(entries.values()), "\n]\n"))
    return followed.conversion(text, ABOUT, "GitLab's code quality report")


def _add(followed: Followed, entries: dict[str, str], entry: dict[str, Any]) -> None:
    if is_inside(entry["location"]["path"]):
        entries.setdefault(entry["fingerprint"], json.dumps(entry))
    else:
        followed.left_out += 1


def _gap(gap: Gap) -> dict[str, Any]:
    rule = "branch-not-taken" if gap.gap_type == "partial" else "not-covered"
    fingerprint = _fingerprint("gap", gap.id, gap.file_path, str(gap.line_start))
    words = annotation(gap)
    tests = f" {gap.suggested_tests[0]}" if gap.suggested_tests else ""
    text, severity = f"{words.title}.{tests}", _SEVERITIES[gap.severity]
    return _entry(rule, severity, text, fingerprint, gap.file_path, gap.line_start)


def _failure(test: TestFinished) -> dict[str, Any]:
    place = test.failed_at
    path, line = (place.path, place.line_start) if place else (test.file_path, test.line)
    text = f"{test.id}: {test.message or test.outcome}"
    return _entry("test-failed", "critical", text, _fingerprint("test", test.id), path, line or 1)


def _entry(
    rule: str, severity: str, text: str, fingerprint: str, path: str, line: int
) -> dict[str, Any]:
    return {
        "description": clip(visible(" ".join(text.split())), LONGEST),
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
