"""What comes to an exchange with a model: parts of an answer and verdicts, whichever is first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from qe_action.generators.llm.conversation import Ending, Message, Model, ModelFault, roughly
from qe_action.generators.llm.scanner import Found, Scanner
from qe_action.generators.port import Verdict, Verdicts

LONGEST = 120_000
"""Characters of an answer after which the model is stopped."""
TOLD = 1.0
"""Seconds between two words on how far an answer is."""


@dataclass(frozen=True)
class Written:
    """So many characters have come."""

    characters: int


@dataclass(frozen=True)
class Answered:
    """An answer has ended: whole, cut, or by a fault. `tokens` are in and out, about."""

    fault: ModelFault | None
    truncated: bool
    broken: int
    tokens: int


@dataclass(frozen=True)
class Unheard:
    """There is no verdict on a candidate: nobody judges."""


Item = Found | Written | Answered | Verdict | Unheard


class Inbox:
    """Reads a model's answer and hears verdicts at once, each in a task of its own.

    `open` counts the candidates without a verdict. After `aclose` nothing of it runs.
    """

    def __init__(self, model: Model, verdicts: Verdicts, clock: Callable[[], float]) -> None:
        self._model, self._verdicts, self._clock = model, verdicts, clock
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._offered = asyncio.Semaphore(0)
        self._hearing: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self.open = 0

    def offered(self) -> None:
        """One more candidate is on its way to the gates."""
        self.open += 1
        self._offered.release()
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear())

    def ask(self, messages: Sequence[Message]) -> None:
        """Begin an answer; the last one has ended."""
        self._writing = asyncio.create_task(self._write(messages))

    async def next(self) -> Item:
        """What comes next. Raises whatever a task has raised."""
        getting = asyncio.ensure_future(self._items.get())
        tasks = [task for task in (self._hearing, self._writing) if task is not None]
        try:
            while not getting.done():
                running = [task for task in tasks if not task.done()]
                await asyncio.wait((getting, *running), return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done() and not task.cancelled() and (error := task.exception()):
                        raise error
            item = getting.result()
        finally:
            getting.cancel()
        if isinstance(item, Verdict | Unheard):
            self.open -= 1
        return item

    async def aclose(self) -> None:
        """Stop the model and the hearing."""
        tasks = [task for task in (self._hearing, self._writing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        while True:
            await self._offered.acquire()
            self._items.put_nowait(await self._verdicts.next() or Unheard())

    async def _write(self, messages: Sequence[Message]) -> None:
        scanner, length, told = Scanner(), 0, self._clock()
        fault: ModelFault | None = None
        ending = Ending("truncated")
        try:
            async with aclosing(self._model.answer(messages)) as answer:
                async for part in answer:
                    if isinstance(part, Ending):
                        ending = part
                        break
                    for found in scanner.feed(part.text):
                        self._items.put_nowait(found)
                    length += len(part.text)
                    if self._clock() - told >= TOLD:
                        told = self._clock()
                        self._items.put_nowait(Written(length))
                    if length > LONGEST:
                        break
        except ModelFault as error:
            fault = error
        for found in scanner.close():
            self._items.put_nowait(found)
        cut = ending.finish != "stop"
        cost = _cost(messages, length, ending)
        self._items.put_nowait(Answered(fault, cut, scanner.broken, cost))


def _cost(messages: Sequence[Message], length: int, ending: Ending) -> int:
    """Tokens in and out: as the server counts them, or estimated."""
    into = ending.input_tokens
    out = ending.output_tokens
    into = sum(roughly(len(each.text)) for each in messages) if into is None else into
    return into + (roughly(length) if out is None else out)
