"""What a run of tests is shown as: compared with the text it had last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from io import StringIO

import pytest
from executed_runs import FLAKY, RESULT, RUNS, STOCK, TOTAL, failure
from hostile import NASTY
from rich.console import Console
from test_golden import GATE, GOLDEN, HEADING, LINKS, check, state
from test_golden import RESULT as ANALYSED

from qe_action.events import Event
from qe_action.render import executed_summary
from qe_action.render.executed import failure_annotation
from qe_action.render.executed_summary import SUMMARY_LIMIT
from qe_action.render.html import preview
from qe_action.render.markdown import COMMENT_LIMIT, comment
from qe_action.render.verdict import conclude, conclude_tests
from qe_action.sinks.step_log import StepLogSink
from qe_action.sinks.terminal import TerminalSink
from qe_action.stream import Sink
from qe_action.text import size


@pytest.mark.parametrize("name", RUNS)
def test_the_summary_of_the_tests_is_as_it_was(name: str) -> None:
    check(f"executed_{name}.md", executed_summary.tests_summary(state(RUNS[name]), LINKS))


AFTER = ANALYSED.model_copy(update={"tests_failed": True, "gates": ()})
COMMENTS = {
    "running": RUNS["running"],
    "red": [*RUNS["failed"], AFTER],
    "green": [*RUNS["flaky"], ANALYSED.model_copy(update={"gates": (GATE,)})],
    "alone": RUNS["failed"],
}


@pytest.mark.parametrize("name", COMMENTS)
def test_the_comment_on_tests_and_coverage_is_as_it_was(name: str) -> None:
    check(f"executed_comment_{name}.md", comment(state(COMMENTS[name]), LINKS, HEADING))


def test_the_titles_are_as_they_were() -> None:
    lines = []
    for name, events in {**RUNS, **{f"comment {n}": e for n, e in COMMENTS.items()}}.items():
        found = state(events)
        verdicts = (conclude_tests(found.tests), conclude(found))
        lines += [f"{name}: {' | '.join(f'{v.conclusion}, {v.title}' for v in verdicts)}"]
    check("executed_titles.txt", "\n".join(lines) + "\n")


def test_the_annotations_of_failures_are_as_they_were() -> None:
    words = [failure_annotation(event) for event in (TOTAL, STOCK)]
    text = "\n\n".join(f"[{w.level}] {w.title}\n{w.message}" for w in words)
    check("executed_annotations.txt", text + "\n")


def test_the_preview_of_tests_and_coverage_is_as_it_was() -> None:
    check(
        "executed_preview.html",
        preview(state(COMMENTS["red"]), LINKS, HEADING, tests_name="qe-action tests"),
    )


@pytest.mark.parametrize("name", RUNS)
def test_every_document_is_below_github_s_limits(name: str) -> None:
    found = state([*RUNS[name], ANALYSED])
    assert size(comment(found, LINKS, HEADING)) <= COMMENT_LIMIT
    assert size(executed_summary.tests_summary(found, LINKS)) <= SUMMARY_LIMIT


def test_what_a_table_lacks_is_counted() -> None:
    text = (GOLDEN / "executed_huge.md").read_text(encoding="utf-8")
    listed = text.count("| [`test_case")
    assert f"_{700 - listed} more failures left out here._" in text
    opened = text.count("at <code>tests/test_cart.py:")
    assert f"_The tracebacks of {listed - opened} more are left out here._" in text


def shown_by(make: Callable[[StringIO], Sink], events: list[Event]) -> str:
    """What a sink prints of a run."""

    async def stream() -> AsyncIterator[Event]:
        for event in events:
            yield event

    out = StringIO()
    asyncio.run(make(out).consume(stream()))
    return out.getvalue()


def on_terminal(out: StringIO) -> TerminalSink:
    return TerminalSink(Console(file=out, width=100, markup=False, highlight=False, emoji=False))


SINKS: dict[str, Callable[[StringIO], Sink]] = {"terminal": on_terminal, "log": StepLogSink}


@pytest.mark.parametrize("name", SINKS)
def test_the_end_of_the_tests_in_terminal_and_log_is_as_it_was(name: str) -> None:
    runs = {**COMMENTS, "hung": RUNS["hung"], "junit": RUNS["junit"]}
    texts = [f"## {run}\n{shown_by(SINKS[name], events)}" for run, events in runs.items()]
    lines = "\n".join(texts).split("\n")
    check(f"executed_{name}.txt", "\n".join(line.rstrip() for line in lines))


@pytest.mark.parametrize("text", NASTY)
def test_no_name_of_a_test_is_a_command_in_the_log(text: str) -> None:
    events = [
        failure("test_x", 9, id=f"{text}x", message=text, file_path=text),
        FLAKY.model_copy(update={"id": f"{text}y"}),
        RESULT.model_copy(
            update={"hung": text, "running": (f"{text}z",), "rerun": text, "stack": text}
        ),
    ]
    for line in shown_by(StepLogSink, events).splitlines():
        assert line.startswith(("::group::", "::endgroup::")) or not line.lstrip().startswith("::")
        assert "##[" not in line


def test_the_command_that_runs_failures_again_is_one_line_also_in_a_narrow_terminal() -> None:
    def narrow(out: StringIO) -> TerminalSink:
        return TerminalSink(Console(file=out, width=40, force_terminal=True, color_system=None))

    assert f"\n{RESULT.rerun}\n" in shown_by(narrow, RUNS["failed"])
