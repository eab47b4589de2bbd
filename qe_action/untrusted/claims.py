"""What a stranger claims: quoted where it is said beside ours, refused where it can't be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, Protocol, Self, TypeVar

from qe_action.events import Conclusion, Event
from qe_action.quoting import quoted

E = TypeVar("E", bound=Event)


class Refusal(Exception):  # noqa: N818 - read as "refuse this line"
    """Why a line can't be believed."""


class Claims(ABC, Generic[E]):
    """One agent's events in a stranger's journal, with what can be believed of them.

    `begun` says that there are some, `ended` that the result was among them. What is `needed` has
    to be there before anything later is believed.
    """

    begun = False
    ended = False
    needed = False

    @property
    def unfinished(self) -> bool:
        return self.begun and not self.ended

    @abstractmethod
    def take(self, event: E) -> E | None:
        """The next event; None where it is left out. Raises `Refusal` for one that can't be."""

    @abstractmethod
    def without_result(self, conclusion: Conclusion) -> E:
        """A result of what was taken so far, where the journal has none."""


class _Failure(Protocol):
    """The `error` of any agent."""

    @property
    def message(self) -> str: ...
    @property
    def hint(self) -> str: ...
    def model_copy(self, *, update: Mapping[str, Any]) -> Self: ...


_Error = TypeVar("_Error", bound=_Failure)


def claimed_error(error: _Error) -> _Error:
    """A stranger's error, as what it is: a title and a line of the log could come of it."""
    hint = f"Its hint: {quoted(error.hint)}" if error.hint.strip() else ""
    return error.model_copy(update={"message": claimed_note(error.message), "hint": hint})


def claimed_note(note: str) -> str:
    """A stranger's sentence, which stands in one list with ours."""
    return f"The first run says {quoted(note)}"


def is_inside(path: str) -> bool:
    """Whether it names a file inside a repository."""
    parts = path.split("/")
    inside = not {"", ".", ".."}.intersection(parts) and "\\" not in path and ":" not in parts[0]
    return inside and path.isprintable()
