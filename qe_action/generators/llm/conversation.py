"""What is said to a model and what it answers, whatever model it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Fault = Literal[
    "key",
    "unknown model",
    "too long",
    "refused",
    "rate",
    "server",
    "unreachable",
    "stalled",
    "dropped",
    "garbage",
    "budget",
    "given up",
    "missing",
]
"""Why a model gives no answer.

The server does not take the key, does not know the model, finds the messages too long, or refuses
the request for something else; it has had too many requests, or fails itself. No connection comes
about, nothing comes over it any more, it ends in the middle, or what comes is no answer. A budget
is used up; too much has failed, so that the model is left alone; what is needed to ask it is not
installed.
"""

MISSING = (
    "What asks models is not installed: "
    "pip install 'qe-action[llm] @ git+https://github.com/qe-action/qe-action' brings it."
)
"""What is said of the fault of that kind."""
CUT = "An answer of the model was cut off; what was whole in it was used."
"""What is said of an answer that the model did not end itself."""
NO_TIME = "There is no time left to ask the model."
"""What is said where the time is used up."""
CHARACTERS = 3
"""Characters of a token of code, roughly: each model counts otherwise, prose has some more."""


def roughly(characters: int) -> int:
    """Tokens of a text of so many characters, by that rule of thumb."""
    return -(-characters // CHARACTERS)


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Piece:
    """The next characters of an answer."""

    text: str


@dataclass(frozen=True)
class Ending:
    """The last that comes of an answer.

    It is "truncated" where the model did not end it itself. The tokens are what the server counted,
    None where it counted none. `garbled` lines of the stream could not be read.
    """

    finish: Literal["stop", "truncated"]
    input_tokens: int | None = None
    output_tokens: int | None = None
    garbled: int = 0


class ModelFault(Exception):  # noqa: N818 - what happened; the run goes on without the model
    """A model gives no answer, or not all of it: a sentence for people, without any secret.

    `retry_after` are the seconds that the server asks to wait. Pieces that came before it stand.
    """

    def __init__(self, kind: Fault, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after


class Model(Protocol):
    """A model that answers messages."""

    def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """The answer as it is written, in pieces, and its ending; closing it stops the model.

        Raises ModelFault.
        """
        ...

    async def aclose(self) -> None:
        """Leaves the model. Its answers are closed before."""
        ...
