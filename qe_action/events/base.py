"""What the events of all agents have in common, and what the stream knows of an agent.

Each agent has three types of event that all have: `progress`, `error`, and `complete`, which ends
its events, once. The other types are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from qe_action.events.display import table

E_co = TypeVar("E_co", covariant=True)

Conclusion = Literal["finished", "failed", "cancelled"]
Level = Literal["low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")
"""From the mildest to the worst."""


class Wire(BaseModel):
    """Base of all wire models: frozen, closed, and readable like a mapping of its fields.

    `repeats` names fields that say again what earlier events of the stream have said; a journal
    leaves them out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    repeats: ClassVar[frozenset[str]] = frozenset()

    def __getitem__(self, key: str) -> Any:
        if key not in type(self).model_fields:
            raise KeyError(key)
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in type(self).model_fields

    def get(self, key: str, default: Any = None) -> Any:
        """The field's value, or `default` where the model has no such field."""
        return getattr(self, key) if key in self else default

    def keys(self) -> Iterator[str]:
        """The names of the fields."""
        return iter(type(self).model_fields)

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        return table(type(self).__name__, {name: getattr(self, name) for name in self.keys()})


@dataclass(frozen=True)
class Agent(Generic[E_co]):
    """An agent as the stream knows it; its name is that of its events.

    `noun` and `task` name what it does, in a word and in full. `complete` and `error` are its
    events of these types; `without_result` makes the `complete` of one that came to no result,
    with a conclusion and notes.
    """

    noun: str
    task: str
    complete: type[E_co]
    error: Callable[..., E_co]
    without_result: Callable[[Conclusion, tuple[str, ...]], E_co]

    def ending(self, conclusion: Conclusion, message: str) -> tuple[E_co, E_co]:
        """The last events of an agent that can't say them itself."""
        return self.error(message=message), self.without_result(conclusion, (message,))
