"""The sinks of a run of the action: one line each."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from qe_action.github.client import GitHub
from qe_action.github.context import RunContext
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.settings import Settings
from qe_action.sinks.check_run import CheckRunSink, Selection
from qe_action.sinks.comment import CommentSink
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.fold import FoldSink
from qe_action.sinks.jsonl import JournalSink
from qe_action.stream import Sink
from qe_action.workspace.change import PullRef


@dataclass(frozen=True)
class Wiring:
    """What a run hands its sinks.

    `target_sha` is the commit that gets the check run, `pull` the pull request that gets the
    comment; None where there is none, or no way to write to it.
    """

    settings: Settings
    context: RunContext
    github: GitHub | None
    links: Links
    delivery: Delivery
    state: RunState
    journal: IO[bytes] | None

    @property
    def target_sha(self) -> str | None:
        return self.context.target_sha if self.github else None

    @property
    def pull(self) -> PullRef | None:
        return self.context.pull if self.github else None


def _result(wiring: Wiring) -> Sink:
    return FoldSink(wiring.state)


def _log(wiring: Wiring) -> Sink:
    if wiring.settings.in_workflow:
        from qe_action.sinks.step_log import StepLogSink

        return StepLogSink(sys.stdout)
    from qe_action.sinks.terminal import TerminalSink, stderr_console

    return TerminalSink(stderr_console())


def _journal(wiring: Wiring) -> Sink | None:
    return JournalSink(wiring.journal) if wiring.journal else None


def _check_run(wiring: Wiring) -> Sink | None:
    inputs = wiring.settings.inputs
    if wiring.github is None or wiring.target_sha is None:
        wiring.delivery.check_settled.set()
        return None
    return CheckRunSink(
        wiring.github,
        wiring.links,
        wiring.delivery,
        check_name=inputs.name,
        external_id=external_id(wiring.context, inputs.name),
        selection=Selection(inputs.annotations, inputs.max_annotations),
    )


def _comment(wiring: Wiring) -> Sink | None:
    inputs = wiring.settings.inputs
    if wiring.github is None or wiring.pull is None or inputs.comment == "never":
        return None
    return CommentSink(
        wiring.github,
        wiring.links,
        wiring.delivery,
        number=wiring.pull.number,
        check_name=inputs.name,
        when=inputs.comment,
    )


SINKS: tuple[Callable[[Wiring], Sink | None], ...] = (
    _result,
    _log,
    _journal,
    _check_run,
    _comment,
)


def sinks_of(wiring: Wiring) -> list[Sink]:
    """The sinks that a run needs."""
    return [sink for make in SINKS if (sink := make(wiring)) is not None]


def external_id(context: RunContext, name: str) -> str:
    """Names this step's check run in our own terms: the run, its attempt, job and check name."""
    where = f"{context.job}\0{name}".encode("utf-8", "replace")
    digest = hashlib.sha256(where).hexdigest()[:12]
    return f"{context.run_id}-{context.run_attempt}-{digest}"
