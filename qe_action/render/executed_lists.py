"""The run of the tests as Markdown: what failed and what it said, flaky and slow tests, the rest.

Names, messages, tracebacks and output come from the pull request's code: outside of blocks of code
everything is escaped, and nothing can leave its block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from qe_action.events import Anchor, ExecutionComplete, TestFinished, TestFlaky, TestSlow
from qe_action.render.executed_words import (
    HISTORIES,
    ending,
    how,
    place_name,
    said,
    seconds,
    short_name,
    uncoloured,
    where_failed,
    worth_telling,
)
from qe_action.render.links import Links
from qe_action.render.state import Executed
from qe_action.text import cell, clip, code, fenced, in_html, plain, plural

NAME, SAID, TEXT = 80, 160, 600
"""Characters of a test's name, of what it says in a table, and of a note."""
LINES, TRACEBACK, OUTPUT, COMMAND = 60, 4000, 2000, 8000
"""Lines of a block, and characters of a traceback, of captured output and of a command."""
DETAILS = 8
"""For so many rows of the table of failures there is one traceback, and at least one."""
RUNNING = 10
NO_BREAK = "\N{NO-BREAK SPACE}"
SHORTEST = 10
"""Rows of lists that are ordered by how much they matter."""


def failures(executed: Executed, links: Links, rows: int) -> Iterator[str]:
    """The table of failures, and below it what each has left behind."""
    total = executed.failed
    if not total:
        return
    shown = executed.failures[:rows]
    if shown:
        yield from _table(shown, links)
    if (left := total - len(shown)) > 0:
        yield f"_{plural(left, 'more failure')} left out here._"
        yield ""
    told = shown[: -(-rows // DETAILS)]
    for event in told:
        yield from _details(event, links)
    if (left := len(shown) - len(told)) > 0:
        yield f"_The tracebacks of {left:,} more are left out here._"
        yield ""


def _table(shown: Sequence[TestFinished], links: Links) -> Iterator[str]:
    compared = any(event.history for event in shown)
    yield f"| Failed | It says |{' New? |' if compared else ''} Took |"
    yield f"| :-- | :-- |{' :-- |' if compared else ''} --: |"
    for event in shown:
        where = f" ({how(event)})" if event.outcome == "error" else ""
        cells = [f"{_name(event.id, event.anchor, links)}{where}", _text(said(event, SAID))]
        cells += [HISTORIES[event.history] or "–"] if compared else []
        cells.append(seconds(event.seconds).replace(" ", NO_BREAK))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _name(name: str, place: Anchor | None, links: Links) -> str:
    """A test's name in a table's cell, linked to where it failed."""
    shown = cell(code(clip(short_name(name), NAME)))
    url = links.place(place)
    return f"[{shown}]({cell(url)})" if url else shown


def _text(text: str) -> str:
    return cell(plain(text)) or "–"


def _details(event: TestFinished, links: Links) -> Iterator[str]:
    """What a failure has left behind, behind its name."""
    if not (event.message or event.traceback or event.output):
        return
    place = place_name(event)
    at = f" at <code>{in_html(clip(place, NAME * 2))}</code>" if place else ""
    name = in_html(clip(short_name(event.id), NAME))
    yield f"<details><summary><code>{name}</code>{at}</summary>"
    yield ""
    url = links.place(where_failed(event)) if event.anchor else ""
    whole = code(clip(event.id, NAME * 3))
    yield f"{whole}: [the line that failed]({url})" if url else whole
    yield ""
    yield from _block(event.traceback or event.message, TRACEBACK)
    if event.output.strip():
        yield "What it has printed:"
        yield ""
        yield from _block(event.output, OUTPUT)
    yield "</details>"
    yield ""


def _block(text: str, most: int, language: str = "") -> Iterator[str]:
    if text.strip():
        yield from fenced(ending(text, LINES, most), language)
        yield ""


def flaky(tests: Sequence[TestFlaky], rows: int) -> Iterator[str]:
    """The tests that failed first and passed later: all of them named, as far as there is room."""
    if not tests:
        return
    yield f"**Flaky:** {plural(len(tests), 'test')} failed and passed when run again"
    yield ""
    for event in tests[:rows]:
        why = _first(event.message)
        yield (
            f"- {code(clip(event.id, NAME * 2))} passed in run {event.passed_in:,}"
            f"{f'; the failure said: {why}' if why else ''}"
        )
    yield from _left(len(tests) - rows)


def _first(text: str) -> str:
    lines = [line for line in uncoloured(text).splitlines() if line.strip()]
    return plain(clip(lines[0].strip(), SAID)) if lines else ""


def slow(tests: Sequence[TestSlow], rows: int) -> Iterator[str]:
    """The tests that take at least twice as long as at the base."""
    if not tests:
        return
    yield f"**Slower than on the base:** {plural(len(tests), 'test')}"
    yield ""
    ranked = sorted(tests, key=lambda event: event.base_seconds - event.seconds)
    most = min(rows, SHORTEST)
    for event in ranked[:most]:
        name, before = code(clip(event.id, NAME * 2)), seconds(event.base_seconds)
        yield f"- {name} takes {seconds(event.seconds)}, {before} on the base"
    yield from _left(len(ranked) - most)


def _left(left: int) -> Iterator[str]:
    if left > 0:
        yield f"- {left:,} more left out here"
    yield ""


def again(result: ExecutionComplete, rows: int) -> Iterator[str]:
    """The command that runs exactly the failures again."""
    if not result.rerun.strip() or not rows:
        return
    if len(result.rerun) > COMMAND:
        yield "_The command that runs the failures again is longer than fits here._"
    else:
        yield "Run the failures again:"
        yield ""
        yield from fenced(result.rerun.strip(), "sh")
    yield ""


def cut_off(result: ExecutionComplete, rows: int) -> Iterator[str]:
    """What hung, and where it was; what was running when the suite was cut off."""
    if result.hung:
        hung = code(clip(result.hung, NAME * 3))
        yield f"**Hung:** {hung} ran longer than one test may, so the suite was ended"
        yield ""
        if result.stack.strip() and rows:
            yield "<details><summary>Where it was</summary>"
            yield ""
            yield from _block(result.stack, TRACEBACK)
            yield "</details>"
            yield ""
    running = [name for name in result.running if name != result.hung]
    if running:
        names = [code(clip(name, NAME * 2)) for name in running[: min(rows, RUNNING)]]
        left = len(running) - len(names)
        names += [f"{left:,} more" if names else plural(left, "test")] if left else []
        yield f"**Running when it was cut off:** {', '.join(names)}"
        yield ""


def skipped(executed: Executed, result: ExecutionComplete, rows: int) -> Iterator[str]:
    """Why tests were skipped, with how many for each reason; what comes most first."""
    reasons = Counter(result.skipped) or Counter(
        event.reason for event in executed.skipped if event.outcome == "skipped"
    )
    total = max(result.counts.skipped, sum(reasons.values()))
    if not total:
        return
    yield f"<details><summary>{plural(total, 'test')} skipped</summary>"
    yield ""
    shown = reasons.most_common(rows)
    for reason, number in shown:
        yield f"- {number:,}: {plain(clip(reason, TEXT)) if reason.strip() else 'no reason given'}"
    yield from _left(total - sum(number for _, number in shown))
    yield "</details>"
    yield ""


def slowest(result: ExecutionComplete, rows: int) -> Iterator[str]:
    """The ten slowest tests."""
    shown = worth_telling(result)[: min(rows, SHORTEST)]
    if not shown:
        return
    which = f"{len(shown)} slowest tests" if len(shown) > 1 else "slowest test"
    yield f"<details><summary>The {which}</summary>"
    yield ""
    yield from (f"- {seconds(t.seconds)}: {code(clip(t.id, NAME * 2))}" for t in shown)
    yield ""
    yield "</details>"
    yield ""


def notes(executed: Executed) -> list[str]:
    """Errors around the suite with what to do, then notes: each once."""
    errors, result = executed.errors, executed.result
    hints = [f"{error.message} {error.hint}".strip() for error in errors]
    if errors and _is_title(executed):
        hints[-1] = errors[-1].hint
    told = {error.message for error in errors}
    more = [note for note in result.notes if note not in told] if result else []
    return [hint for hint in hints if hint] + more


def last_hint(executed: Executed) -> str:
    """What is to be done about the error that is the title."""
    return executed.errors[-1].hint if executed.errors and _is_title(executed) else ""


def _is_title(executed: Executed) -> bool:
    """Whether the message of the last error is the title."""
    return executed.result is not None and executed.result.conclusion == "failed"
