"""A journal from a stranger: read within bounds, and believed in nothing that matters.

A fork's workflow runs the fork's code, so whoever opened the pull request may have written
every byte. What is read is bounded before anything is built of it; what is kept is only what
people are shown. Commit, pull request and baseline are never taken from it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, assert_never

from pydantic import ValidationError

from qe_action.errors import ReportError
from qe_action.events import (
    EVENT,
    MISFIT,
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    Anchor,
    BugSuspected,
    Conclusion,
    Counts,
    CriticalPath,
    Event,
    Gap,
    GapFound,
    GateResult,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    TestCase,
    TestProposed,
    TestRejected,
    without_figures,
    without_tests,
)
from qe_action.journal import WorstGaps, check_header
from qe_action.untrusted.generated import StrangersTests, claimed_error, claimed_note, is_inside

MAX_BYTES = 64 * 1024 * 1024
"""Of a whole journal; one of 100,000 gaps has about 50 MB."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes of the longest line, the result, which lists every changed file of up to 3,000."""
MAX_SHORT_LINE = 64 * 1024
"""Bytes of any other line."""
MAX_TEXT = 10_000
"""Characters of a text; a line of a comment shows fewer."""
MAX_ITEMS = 10_000
"""Entries of a list."""
MAX_NUMBER = 2**31
MAX_DEPTH = 8
MAX_EVENTS = 200_000
MAX_PROGRESS = 1000
MAX_ERRORS = MAX_NOTES = 20
MAX_GATES = 50

_UNREAD = "digest"
"""A field that is long and never used: a fork must not write what later runs compare with."""
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_GAP_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_AGAIN = "Run the first workflow again."

ReadLine = Callable[[int], bytes]


class _Refusal(Exception):  # noqa: N818 - read as "refuse this line"
    """Why a line can't be believed."""


def events_of(readline: ReadLine, *, ending: Conclusion = "failed") -> Iterator[Event]:
    """The events of an untrusted journal; the analysis always ends in a result.

    `readline` gives the next line, at most as many bytes of it as asked for. Where the journal
    can't be read on or ends early an error event says so, and a result without figures follows,
    which concludes as `ending` says where the journal just stops. The same holds for tests that
    were made after the analysis, if there are any; they never cost its result. Raises nothing.
    """
    reader = _Reader(readline)
    try:
        yield from reader.events()
    except ReportError as error:
        yield from reader.ending("failed", error.message, error.hint)
        return
    yield from reader.ending(
        ending,
        f"The journal ends before the {'generation' if reader.ended else 'analysis'} did.",
        f"Its run was cancelled or killed; what it found until then is shown. {_AGAIN}",
    )


def tests_of(readline: ReadLine) -> tuple[TestCase, ...]:
    """The tests that an untrusted journal proposes, of a generation alone or behind an analysis.

    Raises `ReportError` where it can't be read that far.
    """
    lines = _Reader(readline).lines()
    tests = StrangersTests()
    check_header(next(lines, b""))
    for number, line in enumerate(lines, 2):
        if number > MAX_EVENTS:
            raise ReportError(f"The journal has more than {MAX_EVENTS:,} events.")
        try:
            event = _event(line)
        except _Refusal as refusal:
            raise ReportError(
                f"Line {number} of the journal can't be used: {refusal}.", hint=_AGAIN
            ) from None
        if isinstance(event, GenerationComplete):
            result = tests.take(event)
            assert isinstance(result, GenerationComplete)
            return result.tests
    raise ReportError(
        "The journal ends before tests were proposed.",
        hint="Its run was cut off, or made no tests: run `qe-action generate` again.",
    )


class _Reader:
    """Reads one journal and counts what it has seen."""

    def __init__(self, readline: ReadLine) -> None:
        self._readline = readline
        self._worst = WorstGaps()
        self._gaps = self._in_diff = self._progress = self._errors = 0
        self.ended = False
        self._tests = StrangersTests()

    def events(self) -> Iterator[Event]:
        lines = self.lines()
        check_header(next(lines, b""))
        for number, line in enumerate(lines, 2):
            if number > MAX_EVENTS:
                raise ReportError(f"The journal has more than {MAX_EVENTS:,} events.")
            try:
                event = _event(line)
                event = self._take(event) if event and self._is_due(event) else None
            except _Refusal as refusal:
                raise ReportError(
                    f"Line {number} of the journal can't be used: {refusal}.", hint=_AGAIN
                ) from None
            if event is not None:
                yield event
            if self._tests.ended:
                return

    def ending(self, conclusion: Conclusion, message: str, hint: str) -> Iterator[Event]:
        """The last events of what has none."""
        if not self.ended:
            yield AnalyzerError(message=message, hint=hint)
            yield self.without_figures(conclusion)
        elif self._tests.begun and not self._tests.ended:
            yield GeneratorError(message=message, hint=hint)
            yield without_tests(conclusion)

    def without_figures(self, conclusion: Conclusion) -> AnalysisComplete:
        """A result of what was read so far."""
        counts = {"total_gaps": self._gaps, "gaps_in_diff": self._in_diff}
        return without_figures(conclusion, gaps=self._worst.result()).model_copy(update=counts)

    def lines(self) -> Iterator[bytes]:
        """The whole lines; one without an end is where the writer was cut off."""
        left = MAX_BYTES
        while (line := self._readline(min(MAX_LINE, left) + 1)).endswith(b"\n"):
            left -= len(line)
            yield line
        if len(line) > left:
            raise ReportError(f"The journal has more than {MAX_BYTES // 2**20} MB.")
        if len(line) > MAX_LINE:
            raise ReportError(f"The journal has a line of more than {MAX_LINE // 2**20} MB.")

    def _is_due(self, event: Event) -> bool:
        """Tests come after the analysis, and nothing of the analysis after its result."""
        return (event.agent == "test-generator") == self.ended

    def _take(self, event: Event) -> Event | None:
        """The event with what can be believed of it; None where it is left out."""
        match event:
            case AnalyzerProgress():
                self._progress += 1
                return _without_words(event) if self._progress <= MAX_PROGRESS else None
            case GapFound(gap=gap):
                return self._take_gap(gap)
            case CriticalPath():
                return event
            case AnalyzerError():
                self._errors += 1
                return claimed_error(event) if self._errors <= MAX_ERRORS else None
            case AnalysisComplete():
                result = self._result(event)
                self.ended = True
                return result
            case (
                GeneratorProgress()
                | TestProposed()
                | TestRejected()
                | BugSuspected()
                | GenerationComplete()
                | GeneratorError()
            ):
                return self._tests.take(event)
            case _:
                assert_never(event)

    def _take_gap(self, gap: Gap) -> GapFound:
        if gap.line_end < gap.line_start or not _GAP_ID.fullmatch(gap.id):
            raise _Refusal("its gap can't be")
        anchor = gap.anchor if gap.anchor and _can_be(gap.anchor) else None
        gap = gap.model_copy(update={"anchor": anchor})
        self._gaps += 1
        self._in_diff += gap.in_diff
        self._worst.add(gap)
        return GapFound(gap=gap)

    def _result(self, told: AnalysisComplete) -> AnalysisComplete:
        """The result with its figures counted anew and without what is no stranger's to say."""
        rows = [(row.before, row.now) for row in told.indirect or ()]
        files = [(file.counts, file.patch) for file in told.files]
        base = told.baseline
        for counts in (told.totals, told.patch, base and base.totals, *sum((*rows, *files), ())):
            _check_counts(counts)
        totals, patch, deltas = told.totals, told.patch, told.deltas
        measured = told.measured
        shas = (measured.sha, measured.base_sha) if measured else ()
        points = (deltas.overall, deltas.line, deltas.branch) if deltas else ()
        compared = base is not None and _is_sha(base.sha) and all(map(_is_change, points))
        update = {
            "overall_coverage": totals.percent if totals else None,
            "line_coverage": totals.line_percent if totals else None,
            "branch_coverage": totals.branch_percent if totals else None,
            "function_coverage": _share(told.function_coverage),
            "patch_coverage": patch.percent if patch else None,
            "gaps": self._worst.result(),
            "total_gaps": self._gaps,
            "gaps_in_diff": self._in_diff,
            "files": tuple(
                file if _is_change(file.delta) else file.model_copy(update={"delta": None})
                for file in told.files
            ),
            "gates": tuple(map(_gate, told.gates[:MAX_GATES])),
            "notes": tuple(map(claimed_note, told.notes[:MAX_NOTES])),
            "unmeasured": tuple(
                path[:500] for path in told.unmeasured[:MAX_NOTES] if is_inside(path)
            ),
            "misfit": MISFIT if told.misfit else "",  # it stands in a title, which is ours
            "measured": measured if all(map(_is_sha, shas)) else None,
            "baseline": base if compared else None,
            "deltas": deltas if compared else None,
            _UNREAD: None,
        }
        return told.model_copy(update=update)


def _without_words(progress: AnalyzerProgress) -> AnalyzerProgress:
    """How far it was: its message would be the check run's title for a while."""
    return progress.model_copy(update={"message": "Reading the journal"})


def _event(line: bytes) -> Event | None:
    """One line as an event, bounded before it is built; None where nobody asks for it."""
    try:
        data = json.loads(line, parse_constant=_no_number, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise _Refusal("it is no JSON") from None
    if not isinstance(data, dict):
        raise _Refusal("it is no event")
    if data.get("type") in ("test", "rejected"):
        return None  # long, and never used: what is proposed stands in the result
    if len(line) > MAX_SHORT_LINE and data.get("type") != "complete":
        raise _Refusal(f"it has more than {MAX_SHORT_LINE // 2**10} KB")
    data.pop(_UNREAD, None)
    _check_bounds(data, MAX_DEPTH)
    try:
        return EVENT.validate_json(line, strict=True)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _Refusal(f"it is no event ({reason['type']})") from None


def _check_bounds(value: object, depth: int) -> None:
    """Refuse what is too long, too deep or too large."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise _Refusal(f"it has a text of more than {MAX_TEXT:,} characters")
    elif isinstance(value, float):
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise _Refusal("it has a number that can't be")
    elif isinstance(value, int):
        if abs(value) > MAX_NUMBER:
            raise _Refusal("it has a number that can't be")
    elif isinstance(value, dict | list):
        if depth == 0 or len(value) > MAX_ITEMS:
            raise _Refusal(f"it is too deep or has more than {MAX_ITEMS:,} entries")
        for item in value.values() if isinstance(value, dict) else value:
            _check_bounds(item, depth - 1)


def _check_counts(counts: Counts | None) -> None:
    if counts is None:
        return
    if counts.covered > counts.statements or counts.covered_branches > counts.branches:
        raise _Refusal("it has counts that can't be")


def _gate(gate: GateResult) -> GateResult:
    if not gate.name.strip() or not 0 <= gate.threshold <= 100 or (gate.missing or 0) < 0:
        raise _Refusal("it has a gate that can't be")
    update = {"name": gate.name[:200], "detail": gate.detail[:500], "claimed": True}
    return gate.model_copy(update=update)


def _can_be(anchor: Anchor) -> bool:
    """Whether it names lines of a file inside a repository."""
    return is_inside(anchor.path) and anchor.line_start <= anchor.line_end


def _is_sha(text: str | None) -> bool:
    return text is None or _SHA.fullmatch(text) is not None


def _is_change(points: float | None) -> bool:
    return points is None or -100 <= points <= 100


def _share(value: float | None) -> float | None:
    return value if value is not None and 0 <= value <= 100 else None


def _no_number(name: str) -> float:
    raise ValueError(name)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that comes twice another parser might take the other value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found
