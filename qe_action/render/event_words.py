"""Events and results as plain sentences, for the people and the models that an editor shows them.

All that comes from a project is made visible: no control character, no turned direction of writing,
no second line. It is data all the same, and not to be taken for what we say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerEvent,
    AnalyzerProgress,
    BugSuspected,
    CriticalPath,
    Event,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    FileLinesTold,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorError,
    GeneratorEvent,
    GeneratorProgress,
    TestFinished,
    TestFlaky,
    TestProposed,
    TestRejected,
    TestsCollected,
    TestSlow,
)
from qe_action.render.annotations import headline, missing_ways, where
from qe_action.render.executed_words import how, place_name, said, short_name
from qe_action.render.verdict import coverage_title
from qe_action.text import clip, percent, plural, visible

LONGEST = 240
"""Characters of a sentence."""
LISTED = 20
"""How many gaps, failures or tests a result's text lists."""


def sentence(event: Event) -> str:
    """One visible line that says what happened."""
    if event.agent == "test-executor":
        text = _of_tests(event)
    elif event.agent == "coverage-analyzer":
        text = _of_analysis(event)
    elif event.agent == "test-generator":
        text = _of_generation(event)
    else:
        assert_never(event)
    return clip(visible(text), LONGEST)


def gap_line(gap: Gap) -> str:
    """`high: src/shop.py:12-14 in price, not run`."""
    inside = f" in {gap.function}" if gap.function else ""
    ways = missing_ways(gap)
    never = f": {ways}" if ways else ""
    return clip(
        visible(f"{gap.severity}: {where(gap)}{inside}, {headline(gap).lower()}{never}"), LONGEST
    )


def path_line(path: CriticalPath) -> str:
    """One critical path: how bad, which function, why."""
    return clip(visible(f"{path.impact}: {path.path}, {'; '.join(path.reasons)}"), LONGEST)


def _of_analysis(event: AnalyzerEvent) -> str:
    match event:
        case AnalyzerProgress():
            return event.message
        case GapFound(gap=gap):
            return f"Gap, {gap_line(gap)}"
        case CriticalPath():
            return f"Critical path, {path_line(event)}"
        case FileLinesTold(path=path, counts=counts):
            return f"{path}: {counts.covered} of {plural(counts.statements, 'statement')} covered"
        case AnalyzerError():
            return _error(event.message, event.hint)
        case AnalysisComplete():
            return _analysed(event)
        case _:
            assert_never(event)


def _of_tests(event: ExecutorEvent) -> str:
    match event:
        case ExecutorProgress():
            return event.message
        case TestsCollected(total=total):
            return f"{plural(total, 'test')} collected"
        case TestFinished():
            return _ended(event)
        case TestFlaky() | TestSlow():
            return _unsteady(event)
        case ExecutorError():
            return _error(event.message, event.hint)
        case ExecutionComplete():
            return _executed(event)
        case _:
            assert_never(event)


def _of_generation(event: GeneratorEvent) -> str:
    match event:
        case GeneratorProgress():
            return event.message
        case TestProposed(test_case=case):
            return f"Test for {event.target}: {case.test_name}, {event.verdict}"
        case TestRejected(test_case=case):
            return f"Refused {case.test_name}: {event.reason}"
        case BugSuspected(bug=bug):
            return f"{bug.file_path}: the documentation says {bug.expected}, the code {bug.got}"
        case GeneratorError():
            return _error(event.message, event.hint)
        case GenerationComplete():
            return _generated(event)
        case _:
            assert_never(event)


def _error(message: str, hint: str) -> str:
    return f"{message} {hint}".strip()


def _ended(event: TestFinished) -> str:
    if not event.bad:
        return f"{short_name(event.id)} {event.outcome}"
    place, why = place_name(event), said(event, LONGEST)
    at = f" at {place}" if place else ""
    return f"{short_name(event.id)} {how(event)}{at}{f': {why}' if why else ''}"


def _unsteady(event: TestFlaky | TestSlow) -> str:
    name = short_name(event.id)
    if isinstance(event, TestFlaky):
        return f"{name} is flaky: it passed in run {event.passed_in}"
    before = f"{event.seconds:.1f} s, {event.base_seconds:.1f} s before"
    return f"{name} is slower than at the base: {before}"


def _analysed(result: AnalysisComplete) -> str:
    if result.conclusion != "finished":
        return f"The analysis {_cut(result.conclusion)}."
    gaps = f"{plural(result.total_gaps, 'gap')}, {result.gaps_in_diff:,} in changed lines"
    return f"{coverage_title(result)}; {gaps}."


def _executed(result: ExecutionComplete) -> str:
    counts = result.counts
    ran = f"{counts.passed:,} passed, {counts.bad:,} failed, {counts.skipped:,} skipped"
    if result.conclusion != "finished":
        return f"The run of the tests {_cut(result.conclusion)}: {ran}."
    verdict = {True: "The suite passes", False: "The suite fails", None: "No verdict"}
    return f"{verdict[result.passed]}: {ran}."


def _generated(result: GenerationComplete) -> str:
    if result.conclusion != "finished":
        return f"The generation of tests {_cut(result.conclusion)}."
    holds = f"{plural(result.total, 'test holds', 'tests hold')}"
    if result.coverage_before is None or result.coverage_estimate is None:
        return f"{holds}."
    before, after = percent(result.coverage_before), percent(result.coverage_estimate)
    return f"{holds}; coverage of their files {before} before, {after} with them."


def _cut(conclusion: str) -> str:
    return "was cancelled" if conclusion == "cancelled" else "failed"


def result_lines(result: Event) -> Iterator[str]:
    """A result for whoever reads only text: what it comes to, its worst items, its notes."""
    yield sentence(result)
    match result:
        case AnalysisComplete(gaps=gaps):
            yield from (f"- {gap_line(gap)}" for gap in gaps[:LISTED])
        case ExecutionComplete(failures=failures):
            yield from (f"- failed: {clip(visible(name), LONGEST)}" for name in failures[:LISTED])
        case GenerationComplete(tests=tests):
            for test in tests[:LISTED]:
                yield f"- {clip(visible(f'{test.test_name} in {test.path}'), LONGEST)}"
        case _:
            return
    yield from (clip(visible(f"Note: {note}"), LONGEST) for note in result.notes)
