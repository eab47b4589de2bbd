"""Work side by side ends together, however it ends."""

from __future__ import annotations

import asyncio

import pytest

from qe_action.verify.side_by_side import side_by_side


async def cleaning(seconds: float, ended: list[float]) -> None:
    """Works until it is cancelled, and then cleans up for a moment."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(seconds)
        ended.append(seconds)


def test_results_come_in_order() -> None:
    async def one(number: int) -> int:
        await asyncio.sleep(0.001 * (3 - number))
        return number

    async def main() -> list[int]:
        return await side_by_side(one(1), one(2), one(3))

    assert asyncio.run(main()) == [1, 2, 3]


def test_a_cancellation_waits_for_all() -> None:
    ended: list[float] = []

    async def main() -> None:
        task = asyncio.create_task(side_by_side(cleaning(0, ended), cleaning(0.02, ended)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == [0, 0.02]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_a_failure_ends_the_others_first() -> None:
    ended: list[float] = []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError

    async def main() -> None:
        with pytest.raises(ValueError):
            await side_by_side(fails(), cleaning(0.02, ended))
        assert ended == [0.02]

    asyncio.run(main())
