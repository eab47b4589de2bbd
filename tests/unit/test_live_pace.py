"""Edits while a suite runs: failures soon, requests few. The clock here is a number."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.events import Event, ExecutorProgress, TestFinished
from qe_action.sinks.live_pace import CHECK_EDITS, COMMENT_EDITS, Allowance, EditPlan, edit_live
from qe_action.sinks.pace import RESERVE, SCARCE

SUITE = 600.0
COMMENT_COST = 2
"""Requests of an edit of the comment: it is read before."""


class VirtualTime:
    """A clock that goes on to the next sleeper when nobody has anything to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, work: asyncio.Task[Any]) -> None:
        while not work.done():
            for _ in range(20):  # whoever can go on does
                await asyncio.sleep(0)
            if self._sleepers and not work.done():
                self.now, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():
                    woken.set_result(None)
        await work


def progress(percent: float) -> ExecutorProgress:
    return ExecutorProgress(percent=percent, message="Running", finished=int(percent))


def failure(number: int) -> TestFinished:
    return TestFinished(id=f"tests/test_a.py::test_{number}", outcome="failed")


class Suite:
    """A suite of `seconds` with failures at given moments; edits are noted as they come."""

    def __init__(self, failures: Iterable[float], seconds: float = SUITE) -> None:
        self.time = VirtualTime()
        self.seconds = seconds
        self.failures = sorted(failures)
        self.edits: list[float] = []
        self.shown: dict[str, float] = {}
        self._waiting: list[str] = []
        self._happened: dict[str, float] = {}

    @property
    def waits(self) -> list[float]:
        """How long each failure waited for its edit; those that the last one shows are left out."""
        return [self.shown[name] - self._happened[name] for name in self.shown]

    async def events(self) -> AsyncGenerator[Event, None]:
        told: list[tuple[float, Event]] = [
            (self.seconds * percent / 100, progress(percent)) for percent in range(1, 101)
        ]
        told += [(at, failure(number)) for number, at in enumerate(self.failures)]
        for at, event in sorted(told, key=lambda pair: pair[0]):
            if at > self.time.now:
                await self.time.sleep(at - self.time.now)
            yield event

    def take(self, event: Event) -> None:
        if isinstance(event, TestFinished):
            self._waiting.append(event.id)
            self._happened[event.id] = self.time.now

    async def edit(self) -> None:
        self.edits.append(self.time.now)
        self.shown |= dict.fromkeys(self._waiting, self.time.now)
        self._waiting = []

    def run(self, allowance: Allowance, left: int | None = None) -> Suite:
        async def main() -> None:
            work = edit_live(
                self.events(),
                self.take,
                self.edit,
                allowance=allowance,
                sleep=self.time.sleep,
                clock=self.time.clock,
                remaining=lambda: left,
            )
            await self.time.run(asyncio.ensure_future(work))

        asyncio.run(main())
        return self


EVENLY = [SUITE * (n + 0.5) / 40 for n in range(40)]
AT_ONCE = [300 + n / 100 for n in range(40)]
AT_FIRST = [1 + n / 10 for n in range(40)]
IN_PAIRS = [SUITE * (n // 2 + 0.5) / 20 + n % 2 / 10 for n in range(40)]
SUITES = {"evenly": EVENLY, "at once": AT_ONCE, "at first": AT_FIRST, "pairs": IN_PAIRS, "none": []}


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_of_ten_minutes_costs_few_edits_however_its_failures_come(name: str) -> None:
    check = len(Suite(SUITES[name]).run(CHECK_EDITS).edits)
    comment = len(Suite(SUITES[name]).run(COMMENT_EDITS).edits)
    assert 9 <= check <= 14
    assert 3 <= comment <= 4
    assert check + COMMENT_COST * comment - 1 <= 21  # a whole run makes 18 others


@pytest.mark.parametrize("at", [0.2, 3, 11, 100, 599])
def test_a_failure_is_on_its_way_within_a_second_or_so(at: float) -> None:
    (wait,) = Suite([at], seconds=605).run(CHECK_EDITS).waits
    assert wait <= CHECK_EDITS.gap + CHECK_EDITS.gather


def test_failures_that_come_together_are_one_edit_or_few() -> None:
    suite = Suite(AT_ONCE).run(CHECK_EDITS)
    assert len(set(suite.shown.values())) <= 2
    assert max(suite.waits) <= CHECK_EDITS.gap + CHECK_EDITS.gather


def test_of_failures_one_by_one_the_first_are_shown_at_once_and_none_waits_for_ever() -> None:
    waits = Suite(EVENLY).run(CHECK_EDITS).waits
    assert all(wait <= CHECK_EDITS.gap + CHECK_EDITS.gather for wait in waits[:5])
    assert max(waits) <= CHECK_EDITS.longest


def test_the_title_of_a_suite_without_failures_gets_no_staler_than_the_longest_wait() -> None:
    edits = Suite([], seconds=3600).run(CHECK_EDITS).edits
    step = 36.0  # between two events
    gaps = [after - before for before, after in itertools.pairwise([0, *edits])]
    assert max(gaps) <= CHECK_EDITS.longest + step


def test_where_requests_are_few_there_are_fewer_edits_and_at_last_none() -> None:
    usual = len(Suite(EVENLY).run(CHECK_EDITS, left=SCARCE).edits)
    scarce = len(Suite(EVENLY).run(CHECK_EDITS, left=SCARCE - 1).edits)
    assert 3 <= scarce < usual
    assert Suite(EVENLY).run(CHECK_EDITS, left=RESERVE - 1).edits == []


def test_an_edit_that_fails_is_raised_when_the_suite_has_ended() -> None:
    suite = Suite([1.0, 300.0])

    async def refuse() -> None:
        raise ValueError(f"at {suite.time.now:.0f}")

    suite.edit = refuse  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="at 1"):
        suite.run(CHECK_EDITS)
    assert suite.time.now == SUITE


@given(
    st.lists(st.floats(0, 600, allow_nan=False), max_size=60),
    st.sampled_from([CHECK_EDITS, COMMENT_EDITS]),
)
def test_no_row_of_failures_breaks_the_budget(failures: list[float], allowance: Allowance) -> None:
    """The plan alone, asked at each failure: what it allows by when is what it says."""
    plan, now = EditPlan(allowance, 0.0), 0.0
    for at in sorted(failures):
        now = max(at, plan.due(at), now)
        plan.edited(now)
        assert allowance.when(plan.done) <= now
        assert plan.due(now) >= now + allowance.gap
        assert plan.due(None) >= plan.due(now)
