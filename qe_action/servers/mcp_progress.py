"""Every event of a run as a progress notification: a sentence for people, the event for programs.

Clients may hear notifications in another order than they were sent in: each has its number.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.mcpserver import Context
from mcp_types import ProgressNotification, ProgressNotificationParams

from qe_action.events import Event
from qe_action.journal import encode
from qe_action.render.event_words import sentence

EVENT_KEY, NUMBER_KEY, RUN_KEY = "qe/event", "qe/number", "qe/run"
"""Keys of a notification's `_meta`: the event as a journal has it, its number from 0, the run."""
TOTAL = 100.0
_STEP = 1e-6
_ALMOST = 99.9


class Meter:
    """How far a run is, in percent: it grows with every event, as the protocol asks for."""

    def __init__(self) -> None:
        self._last = -_STEP

    def at(self, event: Event) -> float:
        """The value to tell with this event."""
        if event.type == "complete":
            return TOTAL
        told = min(event.percent, _ALMOST) if event.type == "progress" else 0.0
        self._last = round(max(self._last + _STEP, told), 6)
        return self._last


class ProgressSink:
    """Tells the client of a call every event, at the client's pace; `run` is the run's id."""

    name = "progress"

    def __init__(self, context: Context[Any, Any], run: str) -> None:
        self._context = context
        self._run = run
        self._meter = Meter()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        number = 0
        async for event in events:
            await self._tell(number, event)
            number += 1

    async def _tell(self, number: int, event: Event) -> None:
        context, at, text = self._context, self._meter.at(event), sentence(event)
        token = (context.request_context.meta or {}).get("progress_token")
        if token is None:  # nobody asked, or a client in this process, which has no token
            await context.report_progress(at, TOTAL, text)
            return
        params = ProgressNotificationParams(
            progress_token=token,
            progress=at,
            total=TOTAL,
            message=text,
            _meta={
                EVENT_KEY: json.loads(encode(event)),
                NUMBER_KEY: number,
                RUN_KEY: self._run,
            },
        )
        await context.session.send_notification(
            ProgressNotification(params=params), related_request_id=context.request_id
        )
