"""What a conversion gives, and the events that it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from qe_action.errors import ReportError
from qe_action.events import AGENTS, AgentName, Event


@dataclass(frozen=True)
class Conversion:
    """A text in a format, and sentences on what it lacks."""

    text: str
    notes: tuple[str, ...] = ()


class Followed:
    """The events of a journal, and how far each agent that they are from has come."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events = events
        self._ended: dict[AgentName, bool] = {}
        self.left_out = 0
        """How many things name no file inside a repository: whoever converts counts them."""

    def __iter__(self) -> Iterator[Event]:
        for event in self._events:
            ended = isinstance(event, AGENTS[event.agent].complete)
            finished = ended and event.get("conclusion") == "finished"
            self._ended[event.agent] = self._ended.get(event.agent, False) or finished
            yield event

    def whole(self, agents: Collection[AgentName]) -> bool:
        """Whether all of these that began came to a result."""
        return all(ended for agent, ended in self._ended.items() if agent in agents)

    def conversion(self, text: str, agents: Collection[AgentName], what: str) -> Conversion:
        """The text with its notes. Raises `ReportError` where the journal has none of `agents`."""
        if not any(agent in self._ended for agent in agents):
            nouns = " or ".join(f"no {AGENTS[agent].task}" for agent in agents)
            raise ReportError(f"The journal has {nouns}: there is nothing to convert to {what}.")
        notes = [
            f"The {AGENTS[agent].noun} did not come to its end: this is what it had until then."
            for agent, ended in self._ended.items()
            if agent in agents and not ended
        ]
        if self.left_out:
            one = self.left_out == 1
            notes.append(
                f"{self.left_out:,} {'entry names' if one else 'entries name'} no file inside the "
                f"repository and {'is' if one else 'are'} left out."
            )
        return Conversion(text, tuple(notes))
