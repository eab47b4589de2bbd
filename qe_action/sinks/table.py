"""The sinks of a run of the action: one line each.

What only some runs need is imported where it is made: a run on a terminal starts without GitHub.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from qe_action.events import Event
from qe_action.render.marker import place_of
from qe_action.render.state import RunState
from qe_action.sinks.jsonl import JournalSink
from qe_action.sinks.wiring import Wiring
from qe_action.stream import Sink

if TYPE_CHECKING:
    from qe_action.sinks.annotation_steps import Selection
    from qe_action.sinks.live_pace import Pace


class FoldSink:
    """Folds the stream into `state`, for what is written once at the run's end."""

    name = "result"

    def __init__(self, state: RunState) -> None:
        self._state = state

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self._state.fold(event)


def _result(wiring: Wiring) -> Sink:
    return FoldSink(wiring.state)


def _log(wiring: Wiring) -> Sink:
    voice = wiring.settings.voice
    if wiring.settings.in_workflow:
        from qe_action.sinks.step_log import StepLogSink

        return StepLogSink(sys.stdout, words=voice.words)
    from qe_action.sinks.console import stderr_console
    from qe_action.sinks.terminal import TerminalSink

    return TerminalSink(stderr_console(voice.color), words=voice.words)


def _doctor(wiring: Wiring) -> Sink | None:
    if not wiring.settings.in_workflow:
        return None
    from qe_action.doctor.examination import Doctor
    from qe_action.sinks.doctor import DoctorSink

    return DoctorSink(Doctor(wiring.settings, wiring.environment), sys.stdout)


def _journal(wiring: Wiring) -> Sink | None:
    journal = wiring.files.get("journal")
    return JournalSink(journal, wiring.journal_head) if journal else None


def _check_run(wiring: Wiring) -> Sink | None:
    """That of coverage, which has the tests as well where they have none of their own."""
    if wiring.github is None or wiring.target_sha is None:
        wiring.delivery.end_check()
        return None
    from qe_action.sinks.check_run import CheckRunSink
    from qe_action.sinks.check_subjects import BOTH, COVERAGE

    both = wiring.settings.inputs.checks == "one" and wiring.suite != "absent"
    return CheckRunSink(
        wiring.github,
        wiring.links,
        wiring.delivery,
        identify=wiring.identify,
        selection=_selection(wiring),
        subject=BOTH if both else COVERAGE,
        pace=_check_pace(wiring, tests=both),
        waits=wiring.suite != "absent" and not both,
    )


def _tests_check(wiring: Wiring) -> Sink | None:
    """The tests' own."""
    if wiring.github is None or wiring.target_sha is None:
        return None
    if wiring.suite == "absent" or wiring.settings.inputs.checks == "one":
        return None
    from qe_action.sinks.check_run import CheckRunSink
    from qe_action.sinks.check_subjects import TESTS

    return CheckRunSink(
        wiring.github,
        wiring.links,
        wiring.delivery,
        identify=wiring.identify_tests,
        selection=_selection(wiring),
        subject=TESTS,
        pace=_check_pace(wiring, tests=True),
        waits=True,
    )


def _selection(wiring: Wiring) -> Selection:
    from qe_action.sinks.annotation_steps import Selection

    inputs = wiring.settings.inputs
    return Selection(inputs.annotations, inputs.max_annotations)


def _check_pace(wiring: Wiring, *, tests: bool) -> Pace:
    from qe_action.sinks.live_pace import CHECK_EDITS, Pace

    interval = wiring.settings.pacing("EDIT_INTERVAL")
    return Pace(interval, allowance=CHECK_EDITS if tests else None)


def _comment_pace(wiring: Wiring) -> Pace:
    from qe_action.sinks.live_pace import COMMENT_EDITS, Pace

    interval = wiring.settings.pacing("EDIT_INTERVAL")
    return Pace(interval, allowance=COMMENT_EDITS if wiring.suite == "run" else None)


def _comment(wiring: Wiring) -> Sink | None:
    inputs = wiring.settings.inputs
    if wiring.github is None or wiring.pull is None or inputs.comment == "never":
        return None
    from qe_action.github.identity import name_for_tests
    from qe_action.sinks.comment import Place, own_comment
    from qe_action.sinks.group_comment import group_comment_sink

    name, group = inputs.name, inputs.comment_group
    place = Place(
        wiring.github,
        wiring.links,
        wiring.delivery,
        wiring.pull.number,
        wiring.marker(place_of(group, group=True) if group else place_of(name)),
        # Nobody waits for news of a closed one; what stands there already is kept true.
        "never" if wiring.context.pull_state == "closed" else inputs.comment,
        _comment_pace(wiring),
    )
    if group is None:
        two = wiring.suite != "absent" and inputs.checks == "two"
        return own_comment(place, name, name_for_tests(name) if two else "")
    return group_comment_sink(place, group, inputs.expect_parts)


def _reviews(wiring: Wiring) -> Sink | None:
    inputs, context = wiring.settings.inputs, wiring.context
    if wiring.github is None or wiring.pull is None or not inputs.review_comments:
        return None
    if context.pull_state == "closed":
        return None
    from qe_action.sinks.review_comments import ReviewOf, ReviewSink

    review = ReviewOf(
        number=wiring.pull.number,
        head_sha=wiring.pull.head_sha,
        check_name=inputs.name,
        run=(context.run_id or 0, context.run_attempt),
    )
    return ReviewSink(wiring.github, wiring.delivery, review)


def _tests_pull(wiring: Wiring) -> Sink | None:
    if wiring.settings.inputs.pull_request_tests == "off":
        return None
    from qe_action.sinks.tests_wiring import tests_pull_sink

    return tests_pull_sink(wiring)


SINKS: tuple[Callable[[Wiring], Sink | None], ...] = (
    _result,
    _log,
    _doctor,
    _journal,
    _tests_check,
    _check_run,
    _comment,
    _reviews,
    _tests_pull,
)


def sinks_of(wiring: Wiring) -> list[Sink]:
    """The sinks that a run needs."""
    return [sink for make in SINKS if (sink := make(wiring)) is not None]
