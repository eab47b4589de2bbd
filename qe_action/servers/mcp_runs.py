"""The runs of a server: each with a journal that can be read while it goes on and afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from anyio import CancelScope

from qe_action.errors import QEError
from qe_action.events import AgentName, Event
from qe_action.render.state import RunState
from qe_action.sinks.jsonl import JournalSink
from qe_action.sinks.table import FoldSink
from qe_action.stream import Broadcast, EventLog, Sink, Stage

KEPT = 50
"""Runs whose journals are kept; older ones are gone."""
AT_ONCE = 4
"""Runs at the same time; others wait for their turn."""
GRACE = 30.0
"""Seconds that a client has for what it has not read yet when a run is over."""
LAST_WORD = 0.3
"""Seconds that the journal has for its last lines when a call is cancelled."""


@dataclass
class Run:
    """One call of a tool: what it is of, its journal, and what is known of it."""

    id: str
    agent: AgentName
    journal: Path
    state: RunState = field(default_factory=RunState)
    over: bool = False

    @property
    def uri(self) -> str:
        """The address of its journal, as clients name it."""
        return f"qe://runs/{self.id}/journal"

    @property
    def errors(self) -> tuple[str, ...]:
        """What went wrong, with how to mend it."""
        state = self.state
        said = [(error.message, error.hint) for error in state.errors]
        said += [(error.message, error.hint) for error in state.tests.errors]
        said += [(error.message, error.hint) for error in state.generation.errors]
        return tuple(f"{message} {hint}".strip() for message, hint in said)


class Runs:
    """All runs of a server; `folder` is for their journals, and whoever made it removes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def all(self) -> tuple[Run, ...]:
        """The runs that are kept, the oldest first."""
        return tuple(self._runs.values())

    def find(self, name: str) -> Run | None:
        """The run of this id, while its journal is kept."""
        return self._runs.get(name)

    def begin(self, agent: AgentName) -> Run:
        """A run that is to go; the oldest one that is over makes room for it."""
        name = uuid4().hex[:12]
        run = Run(name, agent, self._folder / f"{name}.jsonl")
        run.journal.touch()
        over = [old for old in self._runs.values() if old.over]
        for old in over[: max(0, len(self._runs) + 1 - KEPT)]:
            old.journal.unlink(missing_ok=True)
            del self._runs[old.id]
        self._runs[run.id] = run
        return run

    async def go(
        self, run: Run, source: AsyncGenerator[Event, None], sinks: Sequence[Sink] = ()
    ) -> None:
        """Read a run's events into its journal and `sinks`, to the end.

        Cancelled, it ends the work and waits until nothing of it is left. Raises the `QEError` that
        has kept the run from beginning.
        """
        try:
            async with self._room:
                await self._gone(run, source, sinks)
        finally:
            run.over = True
            await source.aclose()

    async def _gone(
        self, run: Run, source: AsyncGenerator[Event, None], sinks: Sequence[Sink]
    ) -> None:
        with (
            tempfile.TemporaryFile(prefix="qe-action-") as spool,
            run.journal.open("wb") as journal,
        ):
            own: tuple[Sink, ...] = (JournalSink(journal), FoldSink(run.state))
            broadcast = Broadcast(
                EventLog(spool), (*own, *sinks), grace=GRACE, on_failure=lambda _sink, _error: None
            )
            work = asyncio.create_task(broadcast.run([Stage(run.agent, source)]))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                broadcast.interrupt(LAST_WORD)
                await _ended(work)
                raise
            if isinstance(broadcast.failure, QEError):
                raise broadcast.failure


async def _ended(work: asyncio.Task[None]) -> None:
    """Wait for the end of a run, whoever wants to leave before: its files are closed then."""
    with CancelScope(shield=True):  # a cancelled request is cancelled at every wait
        while not work.done():
            with suppress(asyncio.CancelledError):  # as the server ends
                await asyncio.wait({work})
    if not work.cancelled():
        work.exception()  # the call has ended already: nobody asks for it
