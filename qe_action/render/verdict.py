"""What the result means: the check's conclusion and its one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qe_action.events import AnalysisComplete, GateResult
from qe_action.figures import shortest
from qe_action.quoting import quoted
from qe_action.render import executed
from qe_action.render.marks import CheckConclusion, Mark, worst
from qe_action.render.state import Executed, RunState
from qe_action.text import clip, percent, plural, title

_MESSAGE = 150
"""Characters of a message beside the figures of a title."""


class Verdict(NamedTuple):
    """`title` is one visible line; of texts from outside it has a gate's glob and our errors'."""

    conclusion: CheckConclusion
    title: str


def conclude(state: RunState) -> Verdict:
    """`failure` only for a failed gate or test; `neutral` for nothing to judge or our own error."""
    analysis = _conclude(state)
    if not state.tests.begun:
        return Verdict(analysis.conclusion, title(analysis.title))
    if state.running:
        return Verdict("neutral", running_title(state))
    tests = conclude_tests(state.tests)
    if state.result is None:
        return tests
    return _together(tests, analysis, state.result)


def conclude_tests(tests: Executed) -> Verdict:
    """What the tests' own check run says."""
    return Verdict(executed.conclusion(tests), executed.title(tests))


def _together(tests: Verdict, analysis: Verdict, result: AnalysisComplete) -> Verdict:
    """The verdict on tests and coverage: the title begins with what failed."""
    conclusion = worst(tests.conclusion, analysis.conclusion)
    figures = analysis.title
    if result.tests_failed and result.conclusion == "finished":
        figures = coverage_title(result)  # why no gate is judged stands before it
    said = [tests.title, figures]
    if tests.conclusion not in ("failure", "cancelled"):
        said.reverse()
    return Verdict(conclusion, title(f"{said[0]}; {_inside(said[1])}"))


def _inside(text: str) -> str:
    """A title within a sentence; the name of a test begins as it does."""
    starts = ("Patch", "Project", "Changed", "No ", "Nothing", "The ", "Cancelled")
    return f"{text[0].lower()}{text[1:]}" if text.startswith(starts) else text


def _conclude(state: RunState) -> Verdict:
    result = state.result
    if result is None:
        return Verdict("neutral", running_title(state))
    if result.conclusion == "cancelled":
        return Verdict("cancelled", f"Cancelled: {plural(state.gap_count, 'gap')} found until then")
    if result.conclusion == "failed":
        reason = state.errors[0].message if state.errors else "the analysis failed"
        return Verdict("neutral", f"No result: {reason.removesuffix('.')}")
    return _finished(result)


def mark(state: RunState) -> Mark:
    """The conclusion, but for a run that no test and no gate judged: it ended, and that is all."""
    verdict = conclude(state).conclusion
    judged = state.result is not None and any(gate.passed for gate in state.result.gates)
    judged |= executed.conclusion(state.tests) == "success"
    return "ungated" if verdict == "success" and not judged else verdict


def _finished(result: AnalysisComplete) -> Verdict:
    figures = coverage_title(result)
    failed = next((gate for gate in result.gates if gate.passed is False), None)
    if failed is not None:
        return Verdict("failure", f"{_asked(failed)}: {figures[0].lower()}{figures[1:]}")
    if obstacle := _obstacle(result):
        return Verdict("neutral", obstacle)
    ours = [gate for gate in result.gates if not gate.claimed]
    if ours and all(gate.passed is None for gate in ours):
        return Verdict("neutral", f"{figures} ({ours[0].detail})")
    if result.gates and all(gate.passed is None for gate in result.gates):
        return Verdict("neutral", figures)
    return Verdict("success", figures)


def _obstacle(result: AnalysisComplete) -> str:
    """Why the report gives no verdict; empty where it can."""
    if result.misfit:
        return f"{result.misfit[0].upper()}{result.misfit[1:]}"
    if not result.total_files:
        return "Nothing to measure: no file of the report counts"
    if result.totals is None or not result.totals.statements:
        return "Nothing to measure: the report has no statements"
    return ""


def _asked(failed: GateResult) -> str:
    if failed.claimed:
        return "A gate failed by the first run's word"
    limit = shortest(failed.threshold)
    if failed.kind == "drop":
        return f"Project coverage fell by more than {limit} points"
    return f"{failed.name[0].upper()}{failed.name[1:]} is below {limit}%"


def gate_lines(result: AnalysisComplete) -> Iterator[str]:
    """A line for each gate: `failed: patch coverage: 50% of …`."""
    words = {True: "passed", False: "failed", None: "not judged"}
    for gate in result.gates:
        if gate.claimed:
            said = f"{quoted(gate.name)}: {quoted(gate.detail)}"
            yield f"Gate {words[gate.passed]} by the first run's word: {said}"
            continue
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
    """`45% read, 3 gaps so far`; of the tests as long as they run."""
    if state.tests.begun and (state.tests.running or state.progress is None):
        return executed.title(state.tests)
    if state.progress is None:
        return "Starting"
    found = f", {plural(state.gap_count, 'gap')} so far" if state.gap_count else ""
    percent_read = f"({state.progress.percent:.0f}%)"
    said = f"{clip(state.progress.message, _MESSAGE)} {percent_read}{found}"
    if executed.conclusion(state.tests) in ("failure", "cancelled"):
        said = f"{executed.title(state.tests)}; {said}"
    return title(said)
