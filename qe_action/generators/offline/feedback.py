"""What the verdicts on candidates change in the search, heard at points that time does not move."""

from __future__ import annotations

from qe_action.generators.offline.synthesis import Synthesis
from qe_action.generators.port import Verdict, Verdicts


class Feedback:
    """Hears the verdicts of a round after the next one: the search goes on while tests are judged.

    How many are heard when depends on the candidates alone, so that the same verdicts give the same
    search.
    """

    def __init__(self, verdicts: Verdicts, synthesis: Synthesis) -> None:
        self._verdicts, self._synthesis = verdicts, synthesis
        self._owed = 0

    async def round(self, offered: int) -> bool:
        """So many more candidates were offered: hear of all that came before them, if any did."""
        before, self._owed = self._owed, offered
        return await self._hear(before)

    async def rest(self) -> bool:
        """Hear of every candidate, if there is one to hear of."""
        owed, self._owed = self._owed, 0
        return await self._hear(owed)

    async def _hear(self, count: int) -> bool:
        heard: list[Verdict] = []
        while len(heard) < count and (verdict := await self._verdicts.next()) is not None:
            heard.append(verdict)
        self._synthesis.hear(heard)
        return bool(heard)
