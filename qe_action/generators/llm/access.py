"""The way to a model: recorded answers first, then the model, with patience and on a budget."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence

from qe_action.errors import UsageError
from qe_action.events import ModelUse
from qe_action.generators.llm.budget import Budget, BudgetedModel
from qe_action.generators.llm.conversation import Ending, Message, Model, ModelFault, Piece
from qe_action.generators.llm.lionagi_model import (
    Patience,
    lionagi_model,
    model_name,
    ready_model,
)
from qe_action.generators.llm.model_secrets import credentials_of
from qe_action.generators.llm.recording import RecordedModel, Recordings, by_content
from qe_action.generators.llm.retries import PersistentModel, Waits
from qe_action.model_options import ModelOptions


class Access:
    """A model with all that lies between it and who asks.

    `left` gives the seconds that are left to ask it; whoever asks may set another.
    """

    def __init__(self, model: Model, options: ModelOptions, name: str, *, waits: Waits) -> None:
        self.left: Callable[[], float] = lambda: float("inf")
        self._budget = Budget(options, name)
        self._persistent = PersistentModel(
            BudgetedModel(model, self._budget, self._remaining), self._remaining, waits
        )
        self._model: Model = self._persistent
        if options.cache is not None:
            recordings = Recordings(options.cache, credentials_of(options))
            asked = by_content(f"{options.provider}/{name}")
            self._model = RecordedModel(self._persistent, recordings, asked, self._replayed)

    @property
    def use(self) -> ModelUse:
        """What the answers have cost so far."""
        return self._budget.use

    @property
    def note(self) -> str:
        """What people have to know of the budget; empty for nothing."""
        return self._budget.note

    @property
    def given_up(self) -> ModelFault | None:
        """Why the model is asked no more; None while it may be."""
        return self._persistent.given_up

    def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """Raises ModelFault."""
        return self._model.answer(messages)

    async def aclose(self) -> None:
        """Leave the model."""
        await self._model.aclose()

    def _remaining(self) -> float:
        return self.left()

    def _replayed(self) -> None:
        self._budget.replayed += 1


def access_to(
    options: ModelOptions,
    ready: object | None = None,
    *,
    patience: Patience | None = None,
    waits: Waits | None = None,
) -> Access | None:
    """The way to the caller's ready model, or else to the one that options name.

    None where there is neither: then nothing is sent. Raises UsageError where what the caller
    gave is no model.
    """
    if ready is not None:
        if not callable(getattr(ready, "stream", None)):
            raise UsageError(
                "What was given as a model is none.", hint="Give an iModel of lionagi."
            )
        model, name = ready_model(ready, patience=patience), model_name(ready)
    elif options.reachable:
        model, name = lionagi_model(options, patience=patience), options.name
    else:
        return None
    return Access(model, options, name, waits=waits or Waits())
