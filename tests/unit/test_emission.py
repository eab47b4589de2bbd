"""The way from work to the reader of its events, and what is left when either ends early."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from qe_action.agents.emission import Emit, emitted


async def read(stream: object, into: list[str]) -> None:
    async with aclosing(stream) as events:  # type: ignore[type-var]
        async for event in events:
            into.append(event)


def test_events_come_in_order_and_while_the_work_goes_on() -> None:
    seen: list[str] = []

    async def main() -> None:
        go = asyncio.Event()

        async def work(emit: Emit[str]) -> None:
            emit("first")
            emit("second")
            await go.wait()
            emit("last")

        async with aclosing(emitted(work)) as events:
            async for event in events:
                seen.append(event)
                if event == "second":
                    go.set()

    asyncio.run(main())
    assert seen == ["first", "second", "last"]


def test_what_was_emitted_comes_before_the_error_that_ends_the_work() -> None:
    seen: list[str] = []

    async def work(emit: Emit[str]) -> None:
        emit("first")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(read(emitted(work), seen))
    assert seen == ["first"]


def test_a_stream_that_is_closed_early_waits_for_the_end_of_the_work() -> None:
    ended: list[str] = []

    async def work(emit: Emit[str]) -> None:
        emit("first")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("the work")

    async def main() -> None:
        stream = emitted(work)
        assert await anext(stream) == "first"
        await stream.aclose()
        ended.append("the stream")
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert ended == ["the work", "the stream"]


def test_a_reader_that_is_cancelled_hears_the_last_words_of_the_work() -> None:
    seen: list[str] = []

    async def work(emit: Emit[str]) -> None:
        emit("first")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            emit("cancelled")
            raise

    async def main() -> None:
        reader = asyncio.create_task(read(emitted(work), seen))
        while not seen:
            await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert seen == ["first", "cancelled"]
