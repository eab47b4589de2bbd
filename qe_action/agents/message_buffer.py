"""What is heard of a command, taken as it comes while the agent may wait for something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from qe_action.agents.emission import Emit, emitted
from qe_action.execution.suite_port import Ended, Finished, Message

AHEAD = 20_000
"""Messages that may wait; where more come, the runner waits. One with long texts is several."""
LONG = 2000
"""Characters of such a text."""
PAUSE = 0.02
"""Seconds until it looks again whether it may go on."""


class MessageBuffer:
    """Reads messages from their beginning on, whether or not anybody takes them yet."""

    def __init__(self, messages: AsyncGenerator[Message, None]) -> None:
        self._messages = messages
        self._ahead = 0

    def read(self) -> AsyncGenerator[Message, None]:
        """The messages. Closed early, it closes where they come from, and waits for that."""
        return self._taken(emitted(self._pump))

    async def _taken(
        self, messages: AsyncGenerator[Message, None]
    ) -> AsyncGenerator[Message, None]:
        try:
            async for message in messages:
                self._ahead -= _weight(message)
                yield message
        finally:
            await messages.aclose()

    async def _pump(self, emit: Emit[Message]) -> None:
        try:
            async for message in self._messages:
                self._ahead += _weight(message)
                emit(message)
                while self._ahead > AHEAD and not isinstance(message, Ended):
                    await asyncio.sleep(PAUSE)
        finally:
            await self._messages.aclose()


def _weight(message: Message) -> int:
    """As how many messages one counts."""
    if not isinstance(message, Finished):
        return 1
    texts = (message.message, message.traceback, message.output, message.reason)
    return 1 + sum(map(len, texts)) // LONG
