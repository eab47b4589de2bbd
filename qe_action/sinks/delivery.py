"""What became of the delivery: shared by the sinks, read at the run's end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from qe_action.errors import DeliveryError
from qe_action.events import AGENTS, AgentName
from qe_action.github.refusals import Forbidden, Locked
from qe_action.render.state import Proposal
from qe_action.sinks.pace import either

PROPOSAL_PATIENCE = 120.0
"""Seconds that comment and check run wait for the pull request with tests, to link it."""


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def _unshown() -> dict[AgentName, asyncio.Event]:
    """Tests are shown only where a check run is about them, which is said by `expect_check`."""
    return {agent: _set() if agent == "test-executor" else asyncio.Event() for agent in AGENTS}


@dataclass(slots=True)
class Delivery:
    """What reached GitHub and what did not.

    `hurry` asks the sinks for their last word at once: no more annotations, one edit each.
    `check_settled` is set once the check run is created, or will not be, and `shown` of an agent
    once a check run has its result, or will not. The tests' result completes their own check run,
    that of the analysis the check run of coverage; where one check run has both, the tests' result
    is shown with that of the analysis. Other stages are shown then or after it. `notes` say what
    was left undone on purpose. `proposal` is what became of the generated tests, once
    `proposal_settled` is set.
    """

    check_url: str = ""
    comment_url: str = ""
    tests_pull_url: str = ""
    tests_check_url: str = ""
    annotated: int = 0
    writes: int = 0
    problems: list[DeliveryError] = field(default_factory=list)
    check_settled: asyncio.Event = field(default_factory=asyncio.Event)
    shown: dict[AgentName, asyncio.Event] = field(default_factory=_unshown)
    hurry_asked: asyncio.Event = field(default_factory=asyncio.Event)
    check_app: int | None = None
    notes: list[str] = field(default_factory=list)
    proposal: Proposal | None = None
    proposal_settled: asyncio.Event = field(default_factory=_set)
    patch_written: bool = False

    @property
    def hurried(self) -> bool:
        return self.hurry_asked.is_set()

    def hurry(self) -> None:
        """Ask for last words."""
        self.hurry_asked.set()

    def expect_check(self, agents: Iterable[AgentName]) -> None:
        """Say that a check run will show these agents' results."""
        for agent in agents:
            self.shown[agent].clear()

    def end_check(self, agents: Iterable[AgentName] = AGENTS) -> None:
        """Say that nothing more will come of the check run of these agents, if there was one."""
        self.check_settled.set()
        for agent in agents:
            self.shown[agent].set()

    async def once_shown(self, agent: AgentName) -> bool:
        """The need of a stage, to begin once the check run has an agent's result, or in a hurry."""
        await either(self.shown[agent].wait(), self.hurry_asked.wait())
        return True

    async def once_all_shown(self) -> None:
        """Return once nothing more will come of the check run, or in a hurry."""
        for agent in AGENTS:
            await self.once_shown(agent)

    async def proposed(self) -> Proposal | None:
        """What became of the tests, as far as it is known in time, or in a hurry."""
        timeout = asyncio.sleep(PROPOSAL_PATIENCE)
        await either(self.proposal_settled.wait(), self.hurry_asked.wait(), timeout)
        return self.proposal

    async def own_app(self) -> int | None:
        """The id of the App that made this run's check run; None where there is none."""
        await self.check_settled.wait()
        return self.check_app

    def failed(self, error: DeliveryError) -> None:
        """Take note of something that was not delivered."""
        self.problems.append(error)

    def note(self, text: str) -> None:
        """Say what was left undone on purpose; once, however often it is tried."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def read_only(self) -> bool:
        """Every write was refused: the token may only read, as in a fork's pull request."""
        refused = any(isinstance(e, Forbidden) and e.read_only for e in self.problems)
        return refused and not self.writes

    @property
    def lost(self) -> bool:
        """Something was not delivered that should have been.

        Not so where the token may only read, or the conversation is locked.
        """
        missing = any(not isinstance(error, Locked) for error in self.problems)
        return missing and not self.read_only
