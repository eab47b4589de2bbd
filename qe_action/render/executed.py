"""What is said of a run of tests in plain text: its title, and the annotation of a failure.

Names and messages of tests come from the pull request's code: each is one visible line here, and
whoever shows it as Markdown escapes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.events import Conclusion, ExecutionComplete, TestCounts, TestFinished
from qe_action.render.annotations import MESSAGE_LIMIT, TITLE_LIMIT, Words
from qe_action.render.executed_words import (
    ending,
    first_line,
    how,
    place_name,
    short_name,
    uncoloured,
)
from qe_action.render.marks import CheckConclusion
from qe_action.render.state import Executed
from qe_action.text import clip, plural, visible
from qe_action.text import title as as_title

_NAMED = 5
"""Failures that a line names."""
_NAME = 100
"""Characters of a test's name in a title."""
_SAID = 1000
"""Characters of a failure's message in its annotation."""
_LINES, _TRACEBACK = 30, 4000
"""Lines and characters of a traceback's end in an annotation."""
_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a command."""
_UNHEARD: dict[Conclusion, str] = {
    "finished": "no test was heard of",
    "cancelled": "no test had ended",
    "failed": "no test was heard of",
}


def running_title(executed: Executed) -> str:
    """`412 of 1,083 passed, 2 failed, about 40 s left`."""
    progress = executed.progress
    if progress is None:
        collected = executed.collected
        return f"{plural(collected.total, 'test')} to run" if collected else "Starting the tests"
    counts = progress.counts
    total = progress.total if progress.total is not None else _collected(executed)
    of = f" of {total:,}" if total else ""
    bad = executed.failed
    parts = [f"{counts.passed + counts.xpassed:,}{of} passed"]
    parts += [f"{bad:,} failed"] if bad else []
    parts += [f"{len(executed.flaky):,} flaky"] if executed.flaky else []
    parts += [f"{counts.skipped:,} skipped"] if counts.skipped else []
    parts += [_left(progress.seconds_left)] if progress.seconds_left is not None else []
    return as_title(", ".join(parts))


def _collected(executed: Executed) -> int | None:
    return executed.collected.total if executed.collected else None


def _left(seconds: float) -> str:
    """An estimate, told no better than it is."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 100:
        return f"about {round(seconds / 10) * 10} s left"
    return f"about {round(min(seconds, 1e6) / 60)} min left"


def title(executed: Executed) -> str:
    """How the tests ended, or how far they are."""
    result = executed.result
    return running_title(executed) if result is None else as_title(_title(executed, result))


def conclusion(executed: Executed) -> CheckConclusion:
    """`failure` where tests failed for good or could not be run, `neutral` where nobody knows."""
    result = executed.result
    if result is None:
        return "neutral"
    if result.conclusion == "cancelled":
        return "cancelled"
    if result.hung or result.passed is False or (result.passed is None and executed.failed):
        return "failure"
    if result.conclusion == "failed" and result.command:
        return "failure"  # a check that is required must not let through what was never run
    return "success" if result.conclusion == "finished" and result.passed else "neutral"


def _title(executed: Executed, result: ExecutionComplete) -> str:
    if result.hung:
        rest = f"; {_tally(executed, result)}" if result.counts.total else ""
        return f"{clip(short_name(result.hung), _NAME)} hung{rest}"
    if result.conclusion == "cancelled":
        return f"Cancelled: {_tally(executed, result)}{_during(result)}"
    if result.conclusion == "failed":
        killed = (result.exit_code or 0) > _BY_SIGNAL
        if executed.errors and not killed:
            return f"No result: {executed.errors[-1].message.removesuffix('.')}"
        if result.exit_code is None:
            return "No result: the tests could not be run"
        return f"{_ended(result.exit_code)}; {_tally(executed, result)}{_during(result)}"
    return _finished(executed, result)


def _finished(executed: Executed, result: ExecutionComplete) -> str:
    counts, total, failed = result.counts, _total(result), executed.failed
    if failed == sum(event.phase == "collect" for event in executed.failures) > 0:
        passed = f"; {_passed(result)}" if counts.total > failed else ""
        return f"{plural(failed, 'file')} could not be collected{passed}"
    if failed:
        return f"{failed:,} of {plural(max(total, failed), 'test')} failed{_rest(result, total)}"
    if result.passed is False and result.flaky and result.exit_code in (None, 0, 1):
        verb = "was" if len(result.flaky) == 1 else "were"
        return f"{len(result.flaky):,} of {plural(total, 'test')} {verb} flaky"
    if result.passed is False:
        return f"{_ended(result.exit_code)}; {_tally(executed, result)}{_during(result)}"
    if result.total is None and not counts.total:
        return "The command passed, and no test was heard of" if result.command else "No test"
    return _passed(result)


def _passed(result: ExecutionComplete) -> str:
    counts = result.counts
    if not counts.total:
        return "No test was run"
    parts = [f"{plural(counts.passed + counts.xpassed, 'test')} passed", *_others(result)]
    return ", ".join(parts)


def _others(result: ExecutionComplete) -> Iterator[str]:
    counts = result.counts
    if result.flaky:
        yield f"{len(result.flaky):,} flaky"
    if counts.skipped:
        yield f"{counts.skipped:,} skipped"
    if counts.xfailed:
        yield f"{counts.xfailed:,} failed as expected"


def _rest(result: ExecutionComplete, total: int) -> str:
    """What else a title with failures says."""
    left = total - result.counts.total
    parts = [f"{len(result.flaky):,} flaky"] if result.flaky else []
    parts += [f"{left:,} not run"] if left > 0 else []
    return "".join(f", {part}" for part in parts)


def _total(result: ExecutionComplete) -> int:
    return max(result.total or 0, result.counts.total)


def _tally(executed: Executed, result: ExecutionComplete) -> str:
    """`412 of 1,083 tests passed, 2 failed`, of a suite that did not end by itself."""
    counts: TestCounts = result.counts
    if not counts.total:
        return _UNHEARD[result.conclusion]
    total = _total(result)
    passed = counts.passed + counts.xpassed
    of = f"{passed:,} of {plural(total, 'test')}" if passed < total else plural(total, "test")
    return f"{of} passed{f', {executed.failed:,} failed' if executed.failed else ''}"


def _ended(code: int | None) -> str:
    if code is None:
        return "The tests failed"
    if code > _BY_SIGNAL:
        number = code - _BY_SIGNAL
        return f"The command was ended by {_SIGNALS.get(number, f'signal {number}')}"
    return f"The command ended with code {code}"


def _during(result: ExecutionComplete) -> str:
    """What was running where the suite was cut off."""
    if not result.running:
        return ""
    more = f" and {len(result.running) - 1:,} more" if len(result.running) > 1 else ""
    verb = "were" if more else "was"
    return f"; {clip(short_name(result.running[0]), _NAME)}{more} {verb} running"


def failures_line(executed: Executed) -> str:
    """The title with the names of the first failures, as one line."""
    names = [clip(short_name(event.id), _NAME) for event in executed.failures[:_NAMED]]
    left = executed.failed - len(names)
    names += [f"{left:,} more"] if names and left > 0 else []
    return f"{title(executed)}{': ' if names else ''}{', '.join(names)}"


def failure_annotation(event: TestFinished) -> Words:
    """The annotation of a failure, in plain text: what failed, whether it is new, and where."""
    name = clip(short_name(event.id), TITLE_LIMIT - 40)
    parts = "\n".join(part for part in _annotated(event) if part)
    named = name if event.outcome == "failed" else f"{name}: {how(event)}"
    return Words("failure", named, clip(parts, MESSAGE_LIMIT // 4))


def _annotated(event: TestFinished) -> Iterator[str]:
    yield clip(_lines(event.message).strip(), _SAID) or first_line(event.reason, _SAID)
    if event.history == "new":
        yield "New: it does not fail on the base."
    elif event.history == "known":
        yield "It also fails on the base."
    if place := place_name(event):
        yield f"{visible(event.id)}, at {place}"
    if event.traceback.strip():
        yield _lines(ending(event.traceback, _LINES, _TRACEBACK))


def _lines(text: str) -> str:
    """The lines of a text that say something, each made visible."""
    lines = (visible(line.expandtabs(4).rstrip()) for line in uncoloured(text).split("\n"))
    return "\n".join(line for line in lines if line)
