"""The findings as people read them and as programs do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from qe_action.diagnosis.check_table import works
from qe_action.diagnosis.facts import Facts, Finding, Report, measured
from qe_action.diagnosis.snippets import merged
from qe_action.text import clip, plural, visible

TEXT_LIMIT = 600
"""Characters of one finding that are shown."""
_WIDTH = 15
_LEFT_OUT = ("check-run", "comment", "review-comments")
"""What may be left out for a fork's or a closed pull request, and nothing is wrong."""
_HEADINGS = {"found": "Found", "outlook": "What will work"}


class Line(NamedTuple):
    """A line to show: `mark` is the finding's level or the kind of line, which colours it."""

    mark: str
    text: str


def lines(findings: tuple[Finding, ...]) -> list[Line]:
    """All of it: what was found, what will work, what to add."""
    shown: list[Line] = []
    for part, heading in _HEADINGS.items():
        of_part = [finding for finding in findings if finding.part == part]
        if of_part:
            shown += [Line("heading", heading), *map(_line, of_part), Line("", "")]
    if added := pastes(findings):
        shown.append(Line("heading", "Add to the workflow"))
        shown += [Line("paste", f"  {row}") for each in added for row in each.splitlines()]
        shown.append(Line("", ""))
    return [*shown, Line("ok" if works(findings) else "fail", summary(findings))]


def _line(finding: Finding) -> Line:
    text = clip(visible(finding.text), TEXT_LIMIT)
    return Line(finding.level, f"  {finding.level:<8} {finding.topic:<{_WIDTH}} {text}")


def pastes(findings: Iterable[Finding]) -> list[str]:
    """What to add, each once, in the order of the findings."""
    return merged(finding.paste for finding in findings if finding.paste)


def summary(findings: tuple[Finding, ...]) -> str:
    """The verdict in a line."""
    hopeless = [f.topic for f in findings if f.level == "fail" and f.part == "outlook"]
    unknown = [f.topic for f in findings if f.level == "unknown" and f.part == "outlook"]
    if hopeless:
        return f"Won't work: {', '.join(dict.fromkeys(hopeless))}."
    if not works(findings):
        topics = dict.fromkeys(f.topic for f in findings if f.level == "fail")
        return f"To be mended: {', '.join(topics)}."
    withheld = [f.topic for f in findings if f.level == "info" and f.topic in _LEFT_OUT]
    if withheld and not unknown:
        return f"All is in order; not made: {', '.join(withheld)}."
    if unknown:
        return f"Nothing is known to fail; unknown: {', '.join(dict.fromkeys(unknown))}."
    return "All that is asked for will work."


def title(facts: Facts, findings: tuple[Finding, ...]) -> str:
    """The heading of the short form."""
    run = facts.run
    number = f" #{run.pull}" if run.pull else ""
    tree = measured(run, facts.history).kind
    readable = sum(not report.problem for report in facts.reports)
    return (
        f"Set-up: {run.event or 'no event'}{number}, tree: {tree}, token: {facts.bearer}, "
        f"{plural(readable, 'report')}. {summary(findings)}"
    )


def wire(facts: Facts, findings: tuple[Finding, ...]) -> Mapping[str, Any]:
    """The same for programs. The keys are a promise: more may come, none is renamed."""
    tree = measured(facts.run, facts.history)
    return {
        "version": 1,
        "works": works(findings),
        "summary": summary(findings),
        "event": facts.run.event or None,
        "pull_request": facts.run.pull,
        "tree": tree.kind,
        "token": facts.bearer,
        "shallow": facts.history.shallow,
        "requests": facts.access.requests if facts.access else 0,
        "reports": [_report(report) for report in facts.reports],
        "paths": None
        if facts.paths is None
        else {"matched": facts.paths.matched, "total": facts.paths.total},
        "findings": [
            {
                "level": finding.level,
                "part": finding.part,
                "topic": finding.topic,
                "text": clip(visible(finding.text), TEXT_LIMIT),
                "paste": finding.paste or None,
            }
            for finding in findings
        ],
        "add": pastes(findings),
    }


def _report(report: Report) -> Mapping[str, Any]:
    return {
        "path": visible(report.path),
        "format": report.format or None,
        "files": report.files,
        "statements": report.statements,
        "problem": visible(report.problem) or None,
    }
