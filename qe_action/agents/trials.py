"""Candidates through the gates of single tests: in parallel, released in the generator's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from qe_action.generators.port import Candidate, Generator, Job, Suspicion, Trouble
from qe_action.verify.gates import Setting, Trial, judge

Released = Trial | Suspicion | Trouble
_Queued = asyncio.Task[Trial] | Suspicion | Trouble | Exception | None


async def trials(
    generator: Generator, job: Job, setting: Setting, left: Callable[[], float], ahead: int
) -> AsyncGenerator[Released, None]:
    """Every candidate with its verdict, until there are no more or no time is left.

    Closed early, it leaves nothing running.
    """
    queue: asyncio.Queue[_Queued] = asyncio.Queue(maxsize=ahead)
    running: set[asyncio.Task[Trial]] = set()
    feeding = asyncio.create_task(_feed(generator, job, setting, queue, running))
    try:
        while (seconds := left()) > 0:
            try:
                async with asyncio.timeout(seconds):
                    released = await _next(queue, setting)
            except TimeoutError:
                continue  # no time is left
            if released is None:
                return
            yield released
    finally:
        feeding.cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(feeding, *running, return_exceptions=True)


async def _next(queue: asyncio.Queue[_Queued], setting: Setting) -> Released | None:
    item = await queue.get()
    if isinstance(item, Exception):
        raise item
    if isinstance(item, asyncio.Task):
        return await judge(await item, setting, alone=False)
    return item


async def _feed(
    generator: Generator,
    job: Job,
    setting: Setting,
    queue: asyncio.Queue[_Queued],
    running: set[asyncio.Task[Trial]],
) -> None:
    """Start the gates that need no other test as soon as there is a candidate."""
    number = 0
    try:
        proposals = generator.candidates(job)
        async with aclosing(proposals) as stream:  # type: ignore[type-var]
            async for proposal in stream:
                if not isinstance(proposal, Candidate):
                    await queue.put(proposal)
                    continue
                task = asyncio.create_task(judge(Trial(proposal, number), setting, alone=True))
                number += 1
                running.add(task)
                task.add_done_callback(running.discard)
                await queue.put(task)
        await queue.put(None)
    except Exception as error:  # noqa: BLE001 - the reader raises it
        await queue.put(error)
