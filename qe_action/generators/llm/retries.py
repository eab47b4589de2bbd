"""Asks a model again where it failed for a moment, and leaves it alone where it keeps failing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from qe_action.generators.llm.conversation import (
    MISSING,
    NO_TIME,
    Ending,
    Fault,
    Message,
    Model,
    ModelFault,
    Piece,
)

_PASSING: frozenset[Fault] = frozenset({"rate", "server", "unreachable", "dropped"})
"""Faults that another request may not meet."""
_FOR_GOOD: frozenset[Fault] = frozenset({"key", "unknown model", "missing"})
"""Faults that every request will meet."""
_HARMLESS: frozenset[Fault] = frozenset({"too long", "budget", "given up"})
"""Faults that say nothing of the next request."""


@dataclass(frozen=True)
class Waits:
    """How often an answer is asked for, and the seconds between: from `first` on, doubled.

    `longest` is also what is waited at most where the server names a time. After `failures`
    answers in a row that did not come, the model is left alone.
    """

    attempts: int = 4
    first: float = 1.0
    longest: float = 60.0
    jitter: float = 0.5
    failures: int = 3


class PersistentModel:
    """Asks a model again while nothing of an answer has come; `left` are the seconds there are."""

    def __init__(self, model: Model, left: Callable[[], float], waits: Waits) -> None:
        self._model = model
        self._left = left
        self._waits = waits
        self._failed = 0
        self._last: ModelFault | None = None
        self.given_up: ModelFault | None = None
        """Why the model is asked no more."""

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """Raises ModelFault, of the kind "given up" where the model is asked no more."""
        if self.given_up is not None:
            raise ModelFault("given up", self.given_up.message)
        try:
            first, stream = await self._begun(messages)
            async with aclosing(stream):
                self._hear(first)
                yield first
                async for said in stream:
                    self._hear(said)
                    yield said
        except ModelFault as fault:
            self._count(fault)
            raise

    def _hear(self, said: Piece | Ending) -> None:
        """Forget earlier failures with the end of an answer; whoever asked may leave there."""
        if isinstance(said, Ending):
            self._failed = 0

    def _count(self, fault: ModelFault) -> None:
        """Open the circuit where that was one fault too many."""
        if fault.kind not in _HARMLESS:
            self._failed += 1
        if fault.kind in _FOR_GOOD or self._failed >= self._waits.failures:
            self.given_up = fault

    async def _begun(
        self, messages: Sequence[Message]
    ) -> tuple[Piece | Ending, AsyncGenerator[Piece | Ending, None]]:
        """An answer, and the first that came of it."""
        try:
            import stamina
        except ImportError:
            raise ModelFault("missing", MISSING) from None
        _silence()
        waits = self._waits
        self._last = None

        @stamina.retry(
            on=self._wait,
            attempts=waits.attempts,
            timeout=None,
            wait_initial=waits.first,
            wait_max=waits.longest,
            wait_jitter=waits.jitter,
        )
        async def begin() -> tuple[Piece | Ending, AsyncGenerator[Piece | Ending, None]]:
            stream = self._model.answer(messages)
            try:
                return await anext(stream), stream
            except BaseException:
                await stream.aclose()
                raise

        left = self._left()
        try:
            async with asyncio.timeout(None if left == float("inf") else max(0.0, left)):
                return await begin()
        except TimeoutError:
            fault = self._last or ModelFault("budget", NO_TIME)
        raise fault

    def _wait(self, error: Exception) -> bool | float:
        """Whether to ask again after an error, or the seconds to wait before."""
        if not isinstance(error, ModelFault) or error.kind not in _PASSING:
            return False
        self._last = error
        if error.retry_after is None:
            return self._left() > self._waits.first
        if error.retry_after > min(self._waits.longest, self._left()):
            return False
        return error.retry_after

    async def aclose(self) -> None:
        """Leave the model."""
        await self._model.aclose()


def _silence() -> None:
    """Keep stamina from logging that we wait: it is said in our own words where it matters."""
    logger = logging.getLogger("stamina")
    if _is_anothers not in logger.filters:
        logger.addFilter(_is_anothers)


def _is_anothers(record: logging.LogRecord) -> bool:
    return not str(record.__dict__.get("stamina.callable", "")).startswith(__name__)
