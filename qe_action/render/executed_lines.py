"""The end of the tests as lines of plain text, for a log or a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.events import TestFinished, TestFlaky
from qe_action.render.executed import title
from qe_action.render.executed_lists import last_hint, notes
from qe_action.render.executed_words import HISTORIES, ending, how, place_name, said, seconds
from qe_action.render.state import Executed
from qe_action.text import plural

SAID = 200
"""Characters of what a failure says."""
STACK = 40
"""Lines of a stack."""
NAMED = 20
"""Tests that were running and that a line names."""


def flaky_line(event: TestFlaky) -> str:
    """A flaky test, by its whole name."""
    return f"flaky     {event.id} failed, and passed in run {event.passed_in:,}"


def stack_lines(executed: Executed) -> list[str]:
    """Where the test that hung was."""
    stack = executed.result.stack if executed.result else ""
    return ending(stack, STACK, STACK * 200).split("\n") if stack.strip() else []


def log_groups(executed: Executed, *, skipped: bool) -> Iterator[tuple[str, list[str]]]:
    """What a step's log folds, with headings: failures, slow tests, why others were skipped."""
    failures = [_failure(event) for event in executed.failures]
    if (left := executed.failed - len(failures)) > 0:
        failures.append(f"… and {plural(left, 'more failure')}")
    if failures:
        yield plural(executed.failed, "failure"), failures
    if stack := stack_lines(executed):
        yield "Where the test that hung was", stack
    if executed.slow:
        slow = [
            f"{seconds(event.seconds):>8}  {event.id} (on the base {seconds(event.base_seconds)})"
            for event in executed.slow
        ]
        yield f"{plural(len(slow), 'test')} slower than on the base", slow
    if skipped and executed.result is not None and executed.result.skipped:
        reasons = executed.result.skipped.items()
        rows = [f"{number:>6,}  {reason or 'no reason given'}" for reason, number in reasons]
        yield "Why tests were skipped", rows


def _failure(event: TestFinished) -> str:
    place = place_name(event)
    text = said(event, SAID)
    about = [how(event), HISTORIES[event.history]]
    parts = [part for part in about if part and part != "failed"]
    more = f" ({', '.join(parts)})" if parts else ""
    return f"{place}{'  ' if place else ''}{event.id}{more}{f': {text}' if text else ''}"


def again_lines(executed: Executed) -> list[str]:
    """The command that runs the failures again, on a line of its own to be copied."""
    result = executed.result
    if result is None or not result.rerun.strip() or not executed.failed:
        return []
    return ["Run the failures again:", result.rerun.strip()]


def closing_lines(executed: Executed) -> Iterator[str]:
    """What is said in any case but for the flaky tests and the title, a line each."""
    result = executed.result
    if result is None:
        return
    if result.hung:
        yield f"Hung: {result.hung} ran longer than one test may, so the suite was ended"
    running = [name for name in result.running if name != result.hung]
    if running:
        yield f"Running when it was cut off: {', '.join(running[:NAMED])}"
    hint = last_hint(executed)
    for note in notes(executed):
        if note != hint:
            yield f"Note: {note}"


def last_lines(executed: Executed) -> Iterator[str]:
    """How the tests ended, and below it what is to be done where there is no result."""
    yield title(executed)
    if hint := last_hint(executed):
        yield hint
