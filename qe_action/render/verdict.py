"""What the result means: the check's conclusion and its one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from qe_action.events import AnalysisComplete, GateResult
from qe_action.render.figures import shortest
from qe_action.render.state import RunState
from qe_action.render.text import percent, plural

CheckConclusion = Literal["success", "failure", "neutral", "cancelled"]


class Verdict(NamedTuple):
    """`title` has at most a few words, no text from outside but a gate's glob and our errors'."""

    conclusion: CheckConclusion
    title: str


def conclude(state: RunState) -> Verdict:
    """`failure` only for a failed gate; `neutral` for nothing measurable or an error of ours."""
    result = state.result
    if result is None:
        return Verdict("neutral", running_title(state))
    if result.conclusion == "cancelled":
        return Verdict("cancelled", f"Cancelled: {plural(state.gap_count, 'gap')} found until then")
    if result.conclusion == "failed":
        reason = state.errors[0].message if state.errors else "the analysis failed"
        return Verdict("neutral", f"No result: {reason.removesuffix('.')}")
    return _finished(result)


def _finished(result: AnalysisComplete) -> Verdict:
    title = coverage_title(result)
    passed = [gate.passed for gate in result.gates]
    if False in passed:
        failed = next(gate for gate in result.gates if gate.passed is False)
        return Verdict("failure", f"{_asked(failed)}: {title[0].lower()}{title[1:]}")
    if result.misfit:
        return Verdict("neutral", f"{result.misfit[0].upper()}{result.misfit[1:]}")
    if not result.total_files:
        return Verdict("neutral", "Nothing to measure: no file of the report counts")
    if result.totals is None or not result.totals.statements:
        return Verdict("neutral", "Nothing to measure: the report has no statements")
    if passed and all(verdict is None for verdict in passed):
        return Verdict("neutral", f"{title} ({result.gates[0].detail})")
    return Verdict("success", title)


def _asked(failed: GateResult) -> str:
    limit = shortest(failed.threshold)
    if failed.kind == "drop":
        return f"Project coverage fell by more than {limit} points"
    return f"{failed.name[0].upper()}{failed.name[1:]} is below {limit}%"


def gate_lines(result: AnalysisComplete) -> Iterator[str]:
    """A line for each gate: `failed: patch coverage: 50% of …`."""
    words = {True: "passed", False: "failed", None: "not judged"}
    for gate in result.gates:
        detail = gate.detail.removeprefix("not judged, as ")
        yield f"Gate {words[gate.passed]}: {gate.name}: {detail}"


def coverage_title(result: AnalysisComplete) -> str:
    """`Patch 85.7%, project 91.2%`."""
    if result.patch is None:
        patch = "Patch coverage unknown"
    elif not result.patch.statements and result.unmeasured:
        patch = "Changed files are not in the report"
    elif not result.patch.statements:
        patch = "No changed statement"
    else:
        patch = f"Patch {percent(result.patch_coverage)}"
    return f"{patch}, project {percent(result.overall_coverage)}"


def running_title(state: RunState) -> str:
    """`45% read, 3 gaps so far`."""
    if state.progress is None:
        return "Starting"
    found = f", {plural(state.gap_count, 'gap')} so far" if state.gap_count else ""
    return f"{state.progress.message} ({state.progress.percent:.0f}%){found}"
