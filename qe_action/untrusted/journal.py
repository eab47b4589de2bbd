"""A journal from a stranger: read within bounds, and believed in nothing that matters.

A fork's workflow runs the fork's code, so whoever opened the pull request may have written
every byte. What is read is bounded before anything is built of it; what is kept is only what
people are shown. Commit, pull request and baseline are never taken from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qe_action.errors import ReportError
from qe_action.events import (
    AGENTS,
    AgentName,
    Conclusion,
    Event,
    GenerationComplete,
    TestCase,
)
from qe_action.journal import check_header
from qe_action.untrusted.claims import Claims, Refusal
from qe_action.untrusted.coverage import StrangersCoverage
from qe_action.untrusted.event_lines import event_of
from qe_action.untrusted.executed import StrangersRun
from qe_action.untrusted.generated import StrangersTests

MAX_BYTES = 64 * 1024 * 1024
"""Of a whole journal; one of 100,000 gaps has about 50 MB."""
MAX_LINE = 4 * 1024 * 1024
"""Bytes of the longest line, the result, which lists every changed file of up to 3,000."""
MAX_EVENTS = 200_000

_AGAIN = "Run the first workflow again."
_CUT_OFF = f"Its run was cancelled or killed; what it found until then is shown. {_AGAIN}"

CLAIMS: Mapping[AgentName, Callable[[], Claims[Any]]] = {
    "test-executor": StrangersRun,
    "coverage-analyzer": StrangersCoverage,
    "test-generator": StrangersTests,
}
"""What is believed of whom, in the order of a journal's stages: one line an agent."""

ReadLine = Callable[[int], bytes]


def events_of(readline: ReadLine, *, ending: Conclusion = "failed") -> Iterator[Event]:
    """The events of an untrusted journal; each of its stages ends in a result.

    `readline` gives the next line, at most as many bytes of it as asked for. Where the journal
    can't be read on or ends early an error event says so, and a result without figures follows,
    which concludes as `ending` says where the journal just stops. That is the analysis' result
    where no stage had begun; a run of tests that ended may be all that there is. A stage never
    costs the result of an earlier one. Raises nothing.
    """
    stages = _Stages()
    conclusion, message, hint = ending, "", _CUT_OFF
    try:
        for event in _taken(readline, stages.take):
            yield event
            if stages.are_over:
                return
    except ReportError as error:
        conclusion, message, hint = "failed", error.message, error.hint
    yield from stages.ending(conclusion, message, hint)


def tests_of(readline: ReadLine) -> tuple[TestCase, ...]:
    """The tests that an untrusted journal proposes, of a generation alone or behind an analysis.

    Raises `ReportError` where it can't be read that far.
    """
    tests = StrangersTests()

    def take(event: Event) -> Event | None:
        return tests.take(event) if isinstance(event, GenerationComplete) else None

    result = next(_taken(readline, take), None)
    if isinstance(result, GenerationComplete):
        return result.tests
    raise ReportError(
        "The journal ends before tests were proposed.",
        hint="Its run was cut off, or made no tests: run `qe-action generate` again.",
    )


class _Stages:
    """What was read of each agent so far."""

    def __init__(self) -> None:
        self._claims = {agent: claims() for agent, claims in CLAIMS.items()}

    @property
    def are_over(self) -> bool:
        """Whether the last one has ended."""
        return list(self._claims.values())[-1].ended

    def take(self, event: Event) -> Event | None:
        """The event with what can be believed of it; None where it is left out."""
        if not self._is_due(event.agent):
            return None
        taken: Event | None = self._claims[event.agent].take(event)
        return taken

    def ending(self, conclusion: Conclusion, message: str, hint: str) -> Iterator[Event]:
        """The last events of a stage that has none. `message` is empty where nothing is wrong."""
        for agent, claims in self._claims.items():
            if claims.unfinished or self._is_missing(claims, broken=bool(message)):
                why = message or f"The journal ends before the {AGENTS[agent].noun} did."
                yield AGENTS[agent].error(message=why, hint=hint)
                yield claims.without_result(conclusion)
                return

    def _is_missing(self, claims: Claims[Any], *, broken: bool) -> bool:
        """Whether a stage that has not begun should have: a suite may have written no report."""
        others = any(each.ended for each in self._claims.values())
        return claims.needed and not claims.begun and (broken or not others)

    def _is_due(self, agent: AgentName) -> bool:
        """Stages come in their order, whole, and nothing of one after its result."""
        stages = list(self._claims.values())
        at = list(self._claims).index(agent)
        earlier, later = stages[:at], stages[at + 1 :]
        in_order = all(each.ended if each.needed else not each.unfinished for each in earlier)
        return in_order and not stages[at].ended and not any(each.begun for each in later)


def _taken(readline: ReadLine, take: Callable[[Event], Event | None]) -> Iterator[Event]:
    """What `take` leaves of each event. Raises `ReportError` where the journal can't be used."""
    lines = whole_lines(readline)
    check_header(next(lines, b""))
    for number, line in enumerate(lines, 2):
        if number > MAX_EVENTS:
            raise ReportError(f"The journal has more than {MAX_EVENTS:,} events.")
        try:
            event = event_of(line)
            taken = take(event) if event else None
        except Refusal as refusal:
            raise ReportError(
                f"Line {number} of the journal can't be used: {refusal}.", hint=_AGAIN
            ) from None
        if taken is not None:
            yield taken


def whole_lines(readline: ReadLine) -> Iterator[bytes]:
    """The whole lines; one without an end is where the writer was cut off.

    Raises `ReportError` where there is more than is read.
    """
    left = MAX_BYTES
    while (line := readline(min(MAX_LINE, left) + 1)).endswith(b"\n"):
        left -= len(line)
        yield line
    if len(line) > left:
        raise ReportError(f"The journal has more than {MAX_BYTES // 2**20} MB.")
    if len(line) > MAX_LINE:
        raise ReportError(f"The journal has a line of more than {MAX_LINE // 2**20} MB.")
