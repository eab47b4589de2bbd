"""The log and the broadcast: nobody waits for anybody, nobody misses anything."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pytest

from qe_action.events import AnalysisComplete, AnalyzerError, AnalyzerProgress, Event
from qe_action.stream import Broadcast, EventLog, Sink, Stage


def step(number: int) -> AnalyzerProgress:
    return AnalyzerProgress(percent=number, message="step", files_analyzed=number)


async def steps(count: int) -> AsyncGenerator[Event, None]:
    for number in range(count):
        yield step(number)
        await asyncio.sleep(0)


class Keep:
    """Keeps what it reads; may wait before the first event, fail or hang at one of them."""

    def __init__(self, name: str, *, fail_at: int = -1, hang_at: int = -1, late: float = 0) -> None:
        self.name = name
        self.seen: list[Event] = []
        self._fail_at, self._hang_at, self._late = fail_at, hang_at, late

    async def consume(self, events: AsyncIterator[Event]) -> None:
        await asyncio.sleep(self._late)
        async for event in events:
            if len(self.seen) == self._fail_at:
                raise RuntimeError("a bug of this sink")
            if len(self.seen) == self._hang_at:
                await asyncio.Event().wait()
            self.seen.append(event)


def broadcast(
    source: AsyncGenerator[Event, None],
    sinks: Sequence[Sink],
    *,
    window: int = 1000,
    grace: float = 5,
) -> tuple[Broadcast, dict[str, BaseException]]:
    """Run the source into the sinks; the broadcast, and which sinks failed how."""
    failures: dict[str, BaseException] = {}

    async def main() -> Broadcast:
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(
                EventLog(spool, window=window),
                sinks,
                grace=grace,
                on_failure=lambda sink, error: failures.update({sink.name: error}),
            )
            await running.run([Stage("coverage-analyzer", source)])
            return running

    return asyncio.run(main()), failures


def test_every_sink_sees_every_event_in_order() -> None:
    sinks = [Keep("one"), Keep("two")]
    broadcast(steps(50), sinks)
    assert [sink.seen for sink in sinks] == [[step(n) for n in range(50)]] * 2


def test_a_late_reader_gets_the_whole_history_from_disk() -> None:
    late = Keep("late", late=0.05)
    broadcast(steps(100), [late], window=10)
    assert late.seen == [step(n) for n in range(100)]


def test_a_failing_sink_is_isolated() -> None:
    good = Keep("good")
    _, failures = broadcast(steps(20), [Keep("bad", fail_at=3), good])
    assert len(good.seen) == 20
    assert isinstance(failures["bad"], RuntimeError)
    assert set(failures) == {"bad"}


def test_a_hanging_sink_is_cut_off_after_the_grace() -> None:
    good = Keep("good")
    _, failures = broadcast(steps(20), [Keep("hung", hang_at=3), good], grace=0.05)
    assert len(good.seen) == 20
    assert isinstance(failures["hung"], TimeoutError)


def test_a_producer_s_exception_becomes_error_and_complete() -> None:
    async def broken() -> AsyncGenerator[Event, None]:
        yield step(1)
        raise ZeroDivisionError

    sink = Keep("sink")
    running, failures = broadcast(broken(), [sink])
    assert [type(event) for event in sink.seen] == [
        AnalyzerProgress,
        AnalyzerError,
        AnalysisComplete,
    ]
    assert sink.seen[-1].conclusion == "failed"
    assert isinstance(running.failure, ZeroDivisionError)
    assert not failures


@pytest.mark.parametrize("own_last_word", [True, False])
def test_an_interrupted_producer_still_ends_in_one_complete(own_last_word: bool) -> None:
    async def endless() -> AsyncGenerator[Event, None]:
        yield step(1)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if own_last_word:
                yield complete
            raise

    complete = AnalysisComplete(
        conclusion="cancelled",
        overall_coverage=None,
        line_coverage=None,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=None,
        notes=("mine",),
        analysis_time_ms=5,
    )
    sink = Keep("sink")

    async def main() -> None:
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(EventLog(spool), [sink], grace=60, on_failure=lambda *_: None)
            asyncio.get_running_loop().call_later(0.02, running.interrupt, 5)
            await running.run([Stage("coverage-analyzer", endless())])

    asyncio.run(main())
    results = [event for event in sink.seen if isinstance(event, AnalysisComplete)]
    assert [result.conclusion for result in results] == ["cancelled"]
    assert (results == [complete]) is own_last_word


def test_an_interrupt_shortens_the_grace_of_sinks_already_at_their_last_word() -> None:
    hung = Keep("hung", hang_at=1)
    failures: list[str] = []

    async def main() -> float:
        loop = asyncio.get_running_loop()
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(
                EventLog(spool),
                [hung],
                grace=600,
                on_failure=lambda sink, _: failures.append(sink.name),
            )
            loop.call_later(0.05, running.interrupt, 0.05)
            started = loop.time()
            await running.run([Stage("coverage-analyzer", steps(3))])
            return loop.time() - started

    assert asyncio.run(main()) < 60
    assert failures == ["hung"]


def test_a_closed_log_takes_no_more() -> None:
    with tempfile.TemporaryFile() as spool:
        log = EventLog(spool)
        log.append(step(1))
        log.close()
        with pytest.raises(ValueError, match="closed"):
            log.append(step(2))
        assert len(log) == 1


def test_an_interrupt_before_the_first_step_is_a_cancelled_run_too() -> None:
    sink = Keep("sink")

    async def main() -> None:
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(EventLog(spool), [sink], grace=5, on_failure=lambda *_: None)
            running.interrupt(5)
            await running.run([Stage("coverage-analyzer", steps(3))])

    asyncio.run(main())
    assert [event["type"] for event in sink.seen] == ["error", "complete"]
    assert sink.seen[-1]["conclusion"] == "cancelled"


def test_a_spool_that_can_t_be_written_costs_no_event() -> None:
    sink = Keep("sink", late=0.05)

    async def main() -> None:
        with open(os.devnull, "rb") as spool:  # noqa: PTH123 - not writable
            running = Broadcast(
                EventLog(spool, window=5), [sink], grace=5, on_failure=lambda *_: None
            )
            await running.run([Stage("coverage-analyzer", steps(50))])

    asyncio.run(main())
    assert sink.seen == [step(n) for n in range(50)]
