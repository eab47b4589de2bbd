"""A model that answers from a script, in small pieces, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from qe_action.generators.llm.conversation import Ending, Message, ModelFault, Piece

Answer = str | ModelFault | Sequence[str | ModelFault]
"""A whole answer; a fault; or parts of an answer, in which a fault ends it."""


class ScriptedModel:
    """Gives the answers in their order, the last one for ever; each is text or a fault.

    `asked` are the messages of each request, `stopped` counts the answers that were closed early.
    """

    def __init__(
        self, *answers: Answer, piece: int = 40, finish: Literal["stop", "truncated"] = "stop"
    ) -> None:
        self._answers = list(answers)
        self._piece, self._finish = piece, finish
        self.asked: list[list[Message]] = []
        self.closed = False
        self.stopped = 0

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        self.asked.append(list(messages))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        parts = [answer] if isinstance(answer, str | ModelFault) else answer
        try:
            for part in parts:
                if isinstance(part, ModelFault):
                    raise part
                for at in range(0, len(part), self._piece):
                    await asyncio.sleep(0)
                    yield Piece(part[at : at + self._piece])
        except (GeneratorExit, asyncio.CancelledError):
            self.stopped += 1
            raise
        yield Ending(self._finish, 100, 50)

    async def aclose(self) -> None:
        self.closed = True


def item(
    code: str,
    *,
    name: str = "",
    imports: Sequence[str] = ("from shapes import area",),
    lines: Sequence[int] = (),
) -> str:
    """One object of an answer, on its line."""
    name = name or code.partition("def ")[2].partition("(")[0]
    fields = {"name": name, "imports": list(imports), "code": code, "target": "area"}
    return json.dumps({**fields, "lines": list(lines)}) + "\n"
