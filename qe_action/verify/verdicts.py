"""What a generator hears of its candidates, in the order in which it offered them."""

from __future__ import annotations

import asyncio
import re

from qe_action.generators.port import Verdict
from qe_action.verify.gates import Setting, Trial

COPY = re.compile(r"[^\s\"']*/qe-action-[^/\s]+/(?:project/)?")
"""Where a working copy lies, which says nothing about the project."""


class VerdictQueue:
    """Verdicts on the way from the gates to a generator that may hear them or not."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[Verdict] = asyncio.Queue()
        self._unheard = 0

    def offered(self) -> None:
        """There is one more candidate to be judged."""
        self._unheard += 1

    def tell(self, verdict: Verdict) -> None:
        """One more candidate was judged."""
        self._told.put_nowait(verdict)

    async def next(self) -> Verdict | None:
        """The next verdict; None where each candidate's was heard, or is waited for elsewhere."""
        if not self._unheard:
            return None
        self._unheard -= 1
        try:
            return await self._told.get()
        except asyncio.CancelledError:
            self._unheard += 1
            raise


def verdict_on(trial: Trial, setting: Setting) -> Verdict:
    """The verdict on a trial that the gates of single tests are through with."""
    candidate, refusal = trial.candidate, trial.refusal
    return Verdict(
        candidate,
        reason=refusal.reason if refusal else None,
        detail=refusal.detail if refusal else "",
        traceback=COPY.sub("", trial.run.traceback) if trial.run and refusal else "",
        again=COPY.sub("", trial.again),
        lines=trial.lines,
        arcs=trial.arcs,
        missed_lines=candidate.aim_lines.difference(setting.reached),
        missed_arcs=candidate.aim_arcs.difference(setting.reached),
        killed=trial.killed,
        survived=trial.survived,
    )
