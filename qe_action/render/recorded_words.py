"""A journal in a few lines: how each agent ended, and what events there are. Plain text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qe_action.events import AGENTS, AgentName, Event
from qe_action.render.event_words import sentence


class Recorded:
    """What a journal has, as it is read."""

    def __init__(self) -> None:
        self._counts: dict[AgentName, Counter[str]] = {}
        self._results: dict[AgentName, Event] = {}

    def take(self, event: Event) -> None:
        self._counts.setdefault(event.agent, Counter())[event.type] += 1
        if isinstance(event, AGENTS[event.agent].complete):
            self._results[event.agent] = event

    def lines(self) -> Iterator[str]:
        """Of each agent how it ended, and how many events of which type there are."""
        if not self._counts:
            yield "It has no events."
        for agent, counts in self._counts.items():
            result = self._results.get(agent)
            unended = f"The {AGENTS[agent].task} did not come to its end."
            yield f"{agent}: {sentence(result) if result else unended}"
            yield f"  {', '.join(f'{name} {count:,}' for name, count in counts.most_common())}"
