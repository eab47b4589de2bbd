"""Stages: in turn, each when it may begin, each with an end of its own whatever happens."""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

import pytest

from qe_action.events import (
    AGENTS,
    AgentName,
    AnalyzerError,
    AnalyzerProgress,
    Conclusion,
    Event,
    ExecutorError,
    ExecutorProgress,
    GeneratorError,
    GeneratorProgress,
    without_figures,
    without_outcomes,
    without_tests,
)
from qe_action.render.state import RunState
from qe_action.stream import Broadcast, EventLog, Replay, Stage

EXECUTOR: AgentName = "test-executor"
ANALYZER: AgentName = "coverage-analyzer"
GENERATOR: AgentName = "test-generator"
READ = AnalyzerProgress(percent=1, message="read", files_analyzed=1)
MADE = GeneratorProgress(percent=1, message="made", count=0, total=1)
RUN = ExecutorProgress(percent=1, message="run", finished=1)
EXECUTED = without_outcomes("finished")
ANALYZED = without_figures("finished")
GENERATED = without_tests("finished")
PARTS: dict[AgentName, tuple[Event, Event]] = {
    EXECUTOR: (RUN, EXECUTED),
    ANALYZER: (READ, ANALYZED),
    GENERATOR: (MADE, GENERATED),
}
ORDERS: list[tuple[AgentName, ...]] = [
    (EXECUTOR,),
    (EXECUTOR, ANALYZER, GENERATOR),
    (ANALYZER,),
    (GENERATOR,),
    (ANALYZER, GENERATOR),
    (GENERATOR, ANALYZER),
]
by_order = pytest.mark.parametrize("order", ORDERS, ids="-".join)


class Keep:
    """Keeps what it reads, and folds it."""

    name = "keep"

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.state = RunState()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.seen.append(event)
            self.state.fold(event)


class Script:
    """The events of a stage one after the other; at `stop_at` it does what `stop` does."""

    def __init__(
        self,
        *events: Event,
        stop_at: int = -1,
        stop: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.events = events
        self.closed = False
        self._stop_at, self._stop = stop_at, stop

    async def source(self) -> AsyncGenerator[Event, None]:
        try:
            for number, event in enumerate(self.events):
                if number == self._stop_at and self._stop is not None:
                    await self._stop()
                yield event
                await asyncio.sleep(0)
        finally:
            self.closed = True


async def fail() -> None:
    raise ZeroDivisionError


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def never() -> bool:
    await wait_forever()
    return True


async def left_out() -> bool:
    return False


def run(
    stages: Sequence[Stage], *, interrupt_when: Callable[[list[Event]], bool] | None = None
) -> tuple[Keep, Broadcast]:
    """Run the stages to the end, or until what was seen is enough to interrupt them."""
    keep = Keep()

    async def main() -> Broadcast:
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(EventLog(spool), [keep], grace=5, on_failure=lambda *_: None)
            production = asyncio.create_task(running.run(stages))
            while not production.done():
                await asyncio.sleep(0)
                if interrupt_when is not None and interrupt_when(keep.seen):
                    await asyncio.sleep(0.01)  # by then the stage waits for something
                    running.interrupt(5)
                    break
            await production
            return running

    return keep, asyncio.run(main())


def ended(agent: AgentName, conclusion: Conclusion, message: str) -> list[Event]:
    """What the stream says for a stage that can't."""
    if agent == EXECUTOR:
        return [ExecutorError(message=message), without_outcomes(conclusion, (message,))]
    if agent == ANALYZER:
        return [AnalyzerError(message=message), without_figures(conclusion, (message,))]
    return [GeneratorError(message=message), without_tests(conclusion, (message,))]


def stages_of(order: Sequence[AgentName], scripts: dict[AgentName, Script]) -> list[Stage]:
    return [Stage(agent, scripts[agent].source()) for agent in order]


def scripts(**changed: Script) -> dict[AgentName, Script]:
    return {agent: Script(*events) for agent, events in PARTS.items()}


@by_order
def test_the_stages_of_a_run_come_in_their_order(order: tuple[AgentName, ...]) -> None:
    keep, running = run(stages_of(order, scripts()))
    assert keep.seen == [event for agent in order for event in PARTS[agent]]
    assert running.failure is None
    assert keep.state.result == (ANALYZED if ANALYZER in order else None)
    assert keep.state.generation.result == (GENERATED if GENERATOR in order else None)


@by_order
@pytest.mark.parametrize("at", [0, 1])
def test_a_stage_that_fails_says_so_with_its_own_words_and_is_the_last(
    order: tuple[AgentName, ...], at: int
) -> None:
    for number, agent in enumerate(order):
        plays = scripts()
        plays[agent] = Script(*PARTS[agent], stop_at=at, stop=fail)
        keep, running = run(stages_of(order, plays))
        before = [event for other in order[:number] for event in PARTS[other]]
        words = {
            EXECUTOR: "The run of the tests failed",
            ANALYZER: "The analysis failed",
            GENERATOR: "The generation of tests failed",
        }
        end = ended(agent, "failed", f"{words[agent]}: ZeroDivisionError.")
        assert keep.seen == [*before, *PARTS[agent][:at], *end]
        assert isinstance(running.failure, ZeroDivisionError)
        assert running.failed == words[agent]


@by_order
def test_a_stage_that_is_cancelled_says_so_and_none_follows(order: tuple[AgentName, ...]) -> None:
    for number, agent in enumerate(order):
        plays = scripts()
        plays[agent] = Script(*PARTS[agent], stop_at=1, stop=wait_forever)
        first = PARTS[agent][0]
        keep, running = run(
            stages_of(order, plays), interrupt_when=lambda seen, first=first: first in seen
        )
        before = [event for other in order[:number] for event in PARTS[other]]
        assert keep.seen == [*before, first, *ended(agent, "cancelled", "The run was cancelled.")]
        assert running.failure is None
        assert plays[agent].closed


def test_a_failure_behind_its_result_adds_no_second_one() -> None:
    play = Script(READ, ANALYZED, READ, stop_at=2, stop=fail)
    keep, running = run([Stage(ANALYZER, play.source()), Stage(GENERATOR, Script(MADE).source())])
    assert keep.seen == [READ, ANALYZED]
    assert running.failed == "The analysis failed"


def test_a_stage_without_a_result_is_the_last() -> None:
    keep, _ = run([Stage(ANALYZER, Script(READ).source()), Stage(GENERATOR, Script(MADE).source())])
    assert keep.seen == [READ]


def test_a_stage_begins_once_what_it_needs_is_there() -> None:
    """It is another consumer who says so, out of what it has read."""
    there = asyncio.Event()
    order: list[str] = []

    class Deliver:
        name = "deliver"

        async def consume(self, events: AsyncIterator[Event]) -> None:
            async for event in events:
                if event == ANALYZED:
                    await asyncio.sleep(0.01)
                    order.append("delivered")
                    there.set()

    async def delivered() -> bool:
        await there.wait()
        return True

    async def generation() -> AsyncGenerator[Event, None]:
        order.append("begun")
        yield GENERATED

    async def main() -> None:
        analysis = Script(READ, ANALYZED).source()
        stages = [Stage(ANALYZER, analysis), Stage(GENERATOR, generation(), delivered)]
        with tempfile.TemporaryFile() as spool:
            log = EventLog(spool)
            await Broadcast(log, [Deliver()], grace=5, on_failure=lambda *_: None).run(stages)
            assert list(map(log.__getitem__, range(len(log)))) == [READ, ANALYZED, GENERATED]

    asyncio.run(main())
    assert order == ["delivered", "begun"]


def test_a_stage_that_is_left_out_is_passed_by() -> None:
    plays = scripts()
    first = Stage(GENERATOR, plays[GENERATOR].source(), left_out)
    keep, _ = run([first, Stage(ANALYZER, plays[ANALYZER].source())])
    assert keep.seen == [READ, ANALYZED]
    assert keep.state.generation.begun is False


def test_a_stage_whose_needs_are_never_met_is_cancelled_while_it_waits() -> None:
    waiting = Script(MADE, GENERATED)
    keep, _ = run(
        [
            Stage(ANALYZER, Script(READ, ANALYZED).source()),
            Stage(GENERATOR, waiting.source(), never),
        ],
        interrupt_when=lambda seen: ANALYZED in seen,
    )
    message = "The run was cancelled."
    assert keep.seen == [READ, ANALYZED, *ended(GENERATOR, "cancelled", message)]
    assert not waiting.closed, "it never began"


def test_needs_that_fail_are_the_failure_of_their_stage() -> None:
    async def broken() -> bool:
        raise ZeroDivisionError

    stages = [
        Stage(ANALYZER, Script(ANALYZED).source()),
        Stage(GENERATOR, Script(MADE).source(), broken),
    ]
    keep, running = run(stages)
    assert [event.type for event in keep.seen] == ["complete", "error", "complete"]
    assert running.failed == "The generation of tests failed"


def test_a_source_that_swallows_its_cancellation_begins_no_other_stage() -> None:
    async def stubborn() -> AsyncGenerator[Event, None]:
        yield READ
        try:
            await never()
        except asyncio.CancelledError:
            yield without_figures("cancelled")

    stages = [Stage(ANALYZER, stubborn()), Stage(GENERATOR, Script(MADE).source())]
    keep, _ = run(stages, interrupt_when=lambda seen: READ in seen)
    assert keep.seen == [READ, without_figures("cancelled")]


@by_order
def test_a_replay_has_the_stages_of_what_was_recorded(order: tuple[AgentName, ...]) -> None:
    """A recording has them in the order of the table."""
    recorded = [event for agent in AGENTS if agent in order for event in PARTS[agent]]
    keep, running = run(Replay(Script(*recorded).source()).stages())
    assert keep.seen == recorded
    assert running.failure is None


@pytest.mark.parametrize(("at", "agent"), [(0, EXECUTOR), (1, ANALYZER), (3, GENERATOR)])
def test_a_replay_that_fails_ends_the_stage_that_it_was_at(at: int, agent: AgentName) -> None:
    recorded = [*PARTS[ANALYZER], *PARTS[GENERATOR]]
    keep, running = run(Replay(Script(*recorded, stop_at=at, stop=fail).source()).stages())
    end = ended(agent, "failed", f"{running.failed}: ZeroDivisionError.")
    assert keep.seen == [*recorded[:at], *end]


def test_a_replay_that_fails_between_two_stages_tells_of_none_that_had_not_begun() -> None:
    recorded = [*PARTS[ANALYZER], *PARTS[GENERATOR]]
    keep, running = run(Replay(Script(*recorded, stop_at=2, stop=fail).source()).stages())
    assert keep.seen == recorded[:2]
    assert isinstance(running.failure, ZeroDivisionError)


def test_two_broadcasts_run_side_by_side_in_one_loop_and_leave_the_process_alone() -> None:
    """As in a server: neither waits for the other, and the second goes on when the first ends."""
    turn = asyncio.Event()
    keeps = [Keep(), Keep()]
    signals = (signal.SIGINT, signal.SIGTERM)
    before, during = list[object](), list[object]()

    def process() -> list[object]:
        return [*map(signal.getsignal, signals), gc.get_threshold()]

    async def wait() -> None:
        await turn.wait()

    async def note() -> None:
        during.extend(process())
        turn.set()

    async def one(keep: Keep, stages: Sequence[Stage]) -> None:
        with tempfile.TemporaryFile() as spool:
            await Broadcast(EventLog(spool), [keep], grace=5, on_failure=lambda *_: None).run(
                stages
            )

    async def main() -> None:
        before.extend(process())
        waits = Script(READ, ANALYZED, stop_at=1, stop=wait)
        frees = Script(MADE, GENERATED, stop_at=1, stop=note)
        async with asyncio.TaskGroup() as group:
            group.create_task(one(keeps[0], [Stage(ANALYZER, waits.source())]))
            group.create_task(one(keeps[1], [Stage(GENERATOR, frees.source())]))

    asyncio.run(main())
    assert [keep.seen for keep in keeps] == [[READ, ANALYZED], [MADE, GENERATED]]
    assert during == before


def test_a_broadcast_that_is_cancelled_leaves_nothing_running() -> None:
    """As where a server's client has gone."""
    play = Script(READ, ANALYZED, stop_at=1, stop=wait_forever)
    keep = Keep()

    async def main() -> set[asyncio.Task[object]]:
        with tempfile.TemporaryFile() as spool:
            running = Broadcast(EventLog(spool), [keep], grace=600, on_failure=lambda *_: None)
            task = asyncio.create_task(running.run([Stage(ANALYZER, play.source())]))
            while READ not in keep.seen:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()
    assert play.closed
