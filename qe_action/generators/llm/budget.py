"""What a model may cost, and what it has cost. Pure but for the waiting on the model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from qe_action.events import ModelUse
from qe_action.generators.llm.conversation import (
    NO_TIME,
    Ending,
    Message,
    Model,
    ModelFault,
    Piece,
    roughly,
)
from qe_action.model_options import ModelOptions
from qe_action.text import plural

FEWEST = 8
"""A count of so many times fewer tokens than a text has roughly was not of that text."""
_MILLION = 1_000_000


def length(messages: Sequence[Message]) -> int:
    """The characters of a conversation."""
    return sum(len(message.text) for message in messages)


@dataclass
class Budget:
    """The options' limits of requests, tokens and money, and how far they are used up.

    Where a server has not counted an answer's tokens they are reckoned by `roughly`, so that the
    limits hold all the same; what is told of them is then that they are not known.
    """

    options: ModelOptions
    name: str
    requests: int = 0
    replayed: int = 0
    _read: int = 0
    _written: int = 0
    _counted: bool = field(default=True, repr=False)

    @property
    def use(self) -> ModelUse:
        """What is known of the cost so far."""
        counted = self._counted
        cost = self._cost(self._read, self._written) if counted else None
        return ModelUse(
            model=self.name,
            requests=self.requests,
            replayed=self.replayed,
            input_tokens=self._read if counted else None,
            output_tokens=self._written if counted else None,
            cost=None if cost is None else round(cost, 6),
        )

    @property
    def note(self) -> str:
        """What has to be said of the limits, once; empty for nothing."""
        if self.options.cost is None or self._cost(0, 0) is not None:
            return ""
        return (
            "What the model costs is not known, so it is not held to model-cost: "
            "give price-input and price-output."
        )

    def check(self, read: int, written: int = 0) -> None:
        """Raises ModelFault where a request with so many tokens more exceeds the budget."""
        options = self.options
        if not written and self.requests >= options.requests:
            had = plural(options.requests, "request")
            raise ModelFault("budget", f"The model has had its {had} (model-requests).")
        if self._read + self._written + read + written >= options.tokens:
            left = f"What is left of the model's {options.tokens:,} tokens (model-tokens)"
            raise ModelFault("budget", f"{left} is too little for another request.")
        cost = self._cost(self._read + read, self._written + written)
        if options.cost is not None and cost is not None and cost > options.cost:
            message = "What is left of model-cost is too little for another request."
            raise ModelFault("budget", message)

    def count(self, read: int | None, written: int | None, rough: tuple[int, int]) -> None:
        """Take in an answer's tokens, as the server counted them or roughly."""
        counted = [
            None if found is None or found * FEWEST < about else found
            for found, about in ((read, rough[0]), (written, rough[1]))
        ]
        self._counted = self._counted and None not in counted
        self._read += rough[0] if counted[0] is None else counted[0]
        self._written += rough[1] if counted[1] is None else counted[1]

    def _cost(self, read: int, written: int) -> float | None:
        prices = (self.options.price_input, self.options.price_output)
        if prices[0] is None or prices[1] is None:
            return None
        return (read * prices[0] + written * prices[1]) / _MILLION


class BudgetedModel:
    """A model that is asked within a budget, and for at most the seconds that `left` gives.

    An answer ends as truncated where the budget is used up in its middle.
    """

    def __init__(self, model: Model, budget: Budget, left: Callable[[], float]) -> None:
        self._model = model
        self._budget = budget
        self._left = left

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """Raises ModelFault."""
        read = roughly(length(messages))
        self._budget.check(read)
        left = self._left()
        if left <= 0:
            raise ModelFault("budget", NO_TIME)
        clock = asyncio.get_running_loop().time
        until = None if left == float("inf") else clock() + left
        self._budget.requests += 1
        written = 0
        ending: Ending | None = None
        try:
            async with aclosing(self._model.answer(messages)) as stream:
                while ending is None:
                    said = await _next(stream, until)
                    if isinstance(said, Ending):
                        ending = said
                        break
                    written += len(said.text)
                    yield said
                    if self._is_used_up(read, written):
                        break
        finally:
            if ending is not None:
                counts = (ending.input_tokens, ending.output_tokens)
                self._budget.count(*counts, (read, roughly(written)))
            elif written:
                self._budget.count(None, None, (read, roughly(written)))
        yield ending or Ending("truncated")

    def _is_used_up(self, read: int, written: int) -> bool:
        try:
            self._budget.check(read, max(1, roughly(written)))
        except ModelFault:
            return True
        return False

    async def aclose(self) -> None:
        """Leave the model."""
        await self._model.aclose()


async def _next(
    stream: AsyncGenerator[Piece | Ending, None], until: float | None
) -> Piece | Ending:
    """What comes next. Raises ModelFault, also where the time is up before."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(stream)
    except TimeoutError:
        raise ModelFault("budget", NO_TIME) from None
    except StopAsyncIteration:
        return Ending("truncated")
