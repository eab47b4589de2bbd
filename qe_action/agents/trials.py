"""Candidates through the gates of single tests: in parallel, released in the generator's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from qe_action.generators.port import Candidate, Doing, Generator, Job, Suspicion, Trouble
from qe_action.verify.gates import Setting, Trial, judge
from qe_action.verify.verdicts import VerdictQueue, verdict_on

Released = Trial | Suspicion | Trouble | Doing
_Queued = asyncio.Task[Trial] | Suspicion | Trouble | Doing | Exception | None


class Trials:
    """What a generator offers for a job, at most `ahead` candidates ahead of their verdicts.

    The generator hears each verdict. What a test reached that holds counts in `setting`.
    """

    def __init__(self, generator: Generator, job: Job, setting: Setting, ahead: int) -> None:
        self._generator = generator
        self._job = job
        self._setting = setting
        self._queue: asyncio.Queue[_Queued] = asyncio.Queue(maxsize=ahead)
        self._verdicts = VerdictQueue()
        self._running: set[asyncio.Task[Trial]] = set()

    async def released(self, left: Callable[[], float]) -> AsyncGenerator[Released, None]:
        """Every candidate, judged, until there are no more or none of the seconds are left.

        Closed early, it leaves nothing running.
        """
        feeding = asyncio.create_task(self._feed())
        try:
            while (seconds := left()) > 0:
                try:
                    async with asyncio.timeout(seconds):
                        released = await self._next()
                except TimeoutError:
                    continue  # no time is left
                if released is None:
                    return
                yield released
        finally:
            feeding.cancel()
            for task in self._running:
                task.cancel()
            await asyncio.gather(feeding, *self._running, return_exceptions=True)

    async def _next(self) -> Released | None:
        item = await self._queue.get()
        if isinstance(item, Exception):
            raise item
        if not isinstance(item, asyncio.Task):
            return item
        trial = await judge(await item, self._setting, alone=False)
        if trial.refusal is None:
            self._setting.reached |= trial.reached
        self._verdicts.tell(verdict_on(trial, self._setting))
        return trial

    async def _feed(self) -> None:
        """Start the gates that need no other test as soon as there is a candidate."""
        number = 0
        try:
            proposals = self._generator.candidates(self._job, self._verdicts)
            async with aclosing(proposals) as stream:
                async for proposal in stream:
                    if not isinstance(proposal, Candidate):
                        await self._queue.put(proposal)
                        continue
                    self._verdicts.offered()
                    await self._queue.put(self._started(Trial(proposal, number)))
                    number += 1
            await self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - the reader raises it
            await self._queue.put(error)

    def _started(self, trial: Trial) -> asyncio.Task[Trial]:
        task = asyncio.create_task(judge(trial, self._setting, alone=True))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
