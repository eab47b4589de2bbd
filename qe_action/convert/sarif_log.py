"""SARIF 2.1.0: gaps, failures of tests and suspected bugs as results of one run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, get_args
from urllib.parse import quote

from qe_action import __version__
from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import (
    AgentName,
    BugSuspected,
    Event,
    Gap,
    GapFound,
    Level,
    Phase,
    SuspectedBug,
    TestFinished,
    TestFlaky,
)
from qe_action.render.annotations import annotation
from qe_action.text import clip, visible
from qe_action.untrusted.claims import is_inside

ABOUT: tuple[AgentName, ...] = ("coverage-analyzer", "test-executor", "test-generator")
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LONGEST = 1000
"""Characters of a message."""
_LEVELS: dict[Level, str] = {
    "low": "note",
    "medium": "warning",
    "high": "warning",
    "critical": "error",
}
_RULES = {
    "not-covered": "No test runs these statements.",
    "branch-not-taken": "A line ran, and not every way out of it was taken.",
    "test-failed": "A test failed, or something around it.",
    "documentation-contradicted": "An example of the documentation gives something else.",
}
_NUMBERS = {name: number for number, name in enumerate(_RULES)}


def convert(events: Iterable[Event]) -> Conversion:
    """One log with one run. Code scanning takes no result without a place: those are left out."""
    followed, results = Followed(events), dict[tuple[str, ...], str]()

    def add(key: tuple[str, ...], result: dict[str, Any]) -> None:
        if "locations" in result:
            results[key] = json.dumps(result)  # as objects a hundred thousand take much memory
        else:
            followed.left_out += 1

    for event in followed:
        if isinstance(event, GapFound):
            add(("gap", event.gap.id, str(event.gap.line_start)), _gap(event.gap))
        elif isinstance(event, TestFinished) and event.bad:
            add(("test", event.id, event.phase), _failure(event))
        elif isinstance(event, TestFlaky):
            for phase in get_args(Phase):
                results.pop(("test", event.id, phase), None)
        elif isinstance(event, BugSuspected):
            add(("bug", event.bug.file_path, event.bug.example), _bug(event.bug))
    text = _log(results.values(), successful=followed.whole(ABOUT))
    return followed.conversion(text, ABOUT, "SARIF")


def _log(results: Iterable[str], *, successful: bool) -> str:
    """The whole log, a result a line."""
    log = {"$schema": SCHEMA, "version": "2.1.0"}
    run = {
        "tool": {"driver": _driver()},
        "invocations": [{"executionSuccessful": successful}],
        "columnKind": "utf16CodeUnits",
    }
    opened = f'{json.dumps(log)[:-1]}, "runs": [\n{json.dumps(run)[:-1]}, "results": [\n'
    return "".join((opened, ",\n".join(results), "\n]}]}\n"))


def _driver() -> dict[str, Any]:
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()]
    return {"name": "qe-action", "semanticVersion": __version__, "rules": rules}


def _gap(gap: Gap) -> dict[str, Any]:
    rule = "branch-not-taken" if gap.gap_type == "partial" else "not-covered"
    words = annotation(gap)
    text = f"{words.title}. {words.message}"
    found = _result(rule, _LEVELS[gap.severity], text, gap.id)
    found |= _located(gap.file_path, gap.line_start, gap.line_end)
    return found | {"properties": {"severity": gap.severity, "inDiff": gap.in_diff}}


def _failure(test: TestFinished) -> dict[str, Any]:
    place = test.failed_at
    path, line = (place.path, place.line_start) if place else (test.file_path, test.line)
    text = f"{test.id} {'failed' if test.outcome == 'failed' else 'had an error'}: {test.message}"
    found = _result("test-failed", "error", text, _digest(test.id, test.phase))
    return found | _located(path, line, line)


def _bug(bug: SuspectedBug) -> dict[str, Any]:
    text = f"{bug.example} gives {bug.got}, and the documentation says {bug.expected}"
    rule = "documentation-contradicted"
    found = _result(rule, "warning", text, _digest(bug.file_path, bug.example))
    return found | _located(bug.file_path, bug.line, bug.line)


def _result(rule: str, level: str, text: str, fingerprint: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleIndex": _NUMBERS[rule],
        "level": level,
        "message": {"text": _message(text)},
        "partialFingerprints": {"qeAction/v1": visible(fingerprint)},
    }


def _message(text: str) -> str:
    """A plain message: brackets would make links of it, and braces places for arguments."""
    text = clip(visible(" ".join(text.split())), LONGEST)
    text = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return text.replace("{", "{{").replace("}", "}}")


def _located(path: str, start: int | None, end: int | None) -> dict[str, Any]:
    """The place; nothing where it is no file inside the repository."""
    if not is_inside(path):
        return {}
    uri = quote(path.encode("utf-8", "replace"), safe="/")
    where: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    if start is not None:
        where["region"] = {"startLine": start, "endLine": max(start, end or start)}
    return {"locations": [{"physicalLocation": where}]}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
