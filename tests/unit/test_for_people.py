"""What the terminal and the step's log say at the end."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence

import pytest
from rich.console import Console

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    Counts,
    CriticalPath,
    Event,
    FileSummary,
    Gap,
    GapFound,
    GateResult,
    GeneratorError,
    Level,
    without_tests,
)
from qe_action.sinks.step_log import StepLogSink
from qe_action.sinks.terminal import TerminalSink
from qe_action.stream import Sink
from qe_action.verbosity import Words

COUNTS = Counts(statements=4, covered=2)
GATES = (
    GateResult(name="patch coverage", threshold=90, passed=False, detail="50%: 2 more to cover"),
    GateResult(name="branch coverage", threshold=90, passed=None, detail="not judged, as x"),
    GateResult(name="project coverage", threshold=80, passed=False, detail="50%: 1 more to cover"),
    GateResult(name="patch coverage of a", threshold=1, passed=True, detail="50%"),
)
LINES = [
    "Gate failed: patch coverage: 50%: 2 more to cover",
    "Gate not judged: branch coverage: x",
    "Gate failed: project coverage: 50%: 1 more to cover",
    "Gate passed: patch coverage of a: 50%",
]


def found(line: int, severity: Level, *, in_diff: bool = False) -> GapFound:
    return GapFound(
        gap=Gap(
            id=str(line),
            file_path="a.py",
            line_start=line,
            line_end=line,
            gap_type="uncovered",
            severity=severity,
            in_diff=in_diff,
            statements=1,
            suggested_tests=("Call `f()`: it should return `1`.", "Call `f(2)`."),
        )
    )


def result() -> AnalysisComplete:
    return AnalysisComplete(
        overall_coverage=50,
        line_coverage=50,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=50,
        totals=COUNTS,
        patch=COUNTS,
        total_files=1,
        gates=GATES,
        analysis_time_ms=1,
    )


def shown(sink: Sink, events: Sequence[Event]) -> None:
    async def stream() -> AsyncIterator[Event]:
        for event in events:
            yield event

    asyncio.run(sink.consume(stream()))


def terminal(*events: Event, words: Words = "some", tty: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=tty, no_color=True)
    shown(TerminalSink(console, words=words), [*events, result()])
    return out.getvalue()


def log(*events: Event) -> str:
    out = io.StringIO()
    shown(StepLogSink(out), [*events, result()])
    return out.getvalue()


@pytest.mark.parametrize("text", [terminal(), terminal(words="few"), log()])
def test_each_gate_is_told_on_a_line(text: str) -> None:
    assert [line for line in text.splitlines() if line.startswith("Gate")] == LINES


def test_the_worst_gaps_are_shown_and_the_rest_is_counted() -> None:
    gaps = [found(line, "low") for line in range(1, 20)]
    text = terminal(*gaps, found(30, "critical"), found(31, "high"))
    assert text.index("a.py:30") < text.index("a.py:31") < text.index("a.py:1 ")
    assert "a.py:11 " not in text
    assert "… and 9 more gaps" in text


@pytest.mark.parametrize("tty", [True, False])
def test_a_gap_in_changed_lines_comes_with_its_first_suggestion(tty: bool) -> None:
    gaps = [found(1, "high", in_diff=True), found(3, "high", in_diff=True), found(2, "low")]
    text = terminal(*gaps, tty=tty)
    assert "a.py:3" in text
    assert text.count("Call `f()`: it should return `1`.") == 1
    assert "Call `f(2)`" not in text


def test_a_few_critical_paths_are_shown() -> None:
    paths = [
        CriticalPath(path=f"a.py::f{n}", impact=impact, reasons=("reached from 9",), callers=9)
        for n, impact in enumerate(("low", "medium", "high", "high", "high", "high", "critical"))
    ]
    text = terminal(*paths)
    assert text.startswith("critical a.py::f6  critical path: reached from 9")
    assert "a.py::f1 " not in text
    assert "… and 2 more critical paths" in text


def test_a_brief_one_leaves_the_rest_to_a_document() -> None:
    text = terminal(found(1, "high", in_diff=True), found(2, "low"), words="few")
    assert "a.py" not in text
    assert "Patch coverage is below 90%" in text


def test_where_there_is_no_terminal_nothing_is_wrapped() -> None:
    gap = found(1, "high", in_diff=True).gap
    long = gap.model_copy(update={"suggested_tests": ("word " * 50 + "end",)})
    assert "word " * 50 + "end" in terminal(GapFound(gap=long))


def test_a_workflow_s_log_leaves_errors_to_the_commands_at_its_end() -> None:
    out = io.StringIO()
    update = {"conclusion": "failed", "analysis_time_ms": 100, "gates": (), "files": ()}
    failed = result().model_copy(update=update)
    shown(StepLogSink(out), [AnalyzerError(message="No x.", hint="Write x."), failed])
    assert out.getvalue() == "No result (0.1 s)\n"


def test_what_was_not_measured_has_no_share_in_the_step_s_log() -> None:
    none, half = Counts(statements=4, covered=0), Counts(statements=2, covered=1)
    files = (
        FileSummary(path="a.py", counts=none, patch=none, measured=False),
        FileSummary(path="b.py", counts=half, patch=None),
    )
    out = io.StringIO()
    shown(StepLogSink(out), [result().model_copy(update={"files": files})])
    assert "      0% of the change,         not measured  a.py\n" in out.getvalue()
    assert "       – of the change,      50% of the file  b.py\n" in out.getvalue()


def test_the_step_log_shows_what_a_failed_set_up_said() -> None:
    out = io.StringIO()
    failed = GeneratorError(message="It failed.", output=("no such package", "::error::x"))
    shown(StepLogSink(out), [result(), failed, without_tests("failed", ("It failed.",))])
    lines = out.getvalue().splitlines()
    at = lines.index("::group::The last lines of what failed")
    assert lines[at + 1] == "no such package"
    assert not lines[at + 2].startswith("::")
    assert lines[at + 3] == "::endgroup::"
