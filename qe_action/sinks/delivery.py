"""What became of the delivery: shared by the sinks, read at the run's end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from qe_action.errors import DeliveryError
from qe_action.github.refusals import Forbidden, Locked


@dataclass(slots=True)
class Delivery:
    """What reached GitHub and what did not.

    `hurry` asks the sinks for their last word at once: no more annotations, one edit each.
    `check_settled` is set once the check run is created, or will not be, `check_done` once it
    is completed, or will not be, `check_told` once it also says what followed the analysis, or
    will not. `notes` say what was left undone on purpose.
    """

    check_url: str = ""
    comment_url: str = ""
    annotated: int = 0
    writes: int = 0
    problems: list[DeliveryError] = field(default_factory=list)
    check_settled: asyncio.Event = field(default_factory=asyncio.Event)
    check_done: asyncio.Event = field(default_factory=asyncio.Event)
    check_told: asyncio.Event = field(default_factory=asyncio.Event)
    hurry_asked: asyncio.Event = field(default_factory=asyncio.Event)
    check_app: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def hurried(self) -> bool:
        return self.hurry_asked.is_set()

    def hurry(self) -> None:
        """Ask for last words."""
        self.hurry_asked.set()

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
