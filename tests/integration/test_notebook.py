"""The agents without `await`, also where a loop runs already."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator

import pytest

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.errors import UsageError
from qe_action.events import AnalysisComplete
from qe_action.notebook import run, sync
from qe_action.task import QETask

DATA = {
    "meta": {"format": 3, "version": "7.0"},
    "files": {"a.py": {"executed_lines": [1, 2, 5], "missing_lines": [3, 9]}},
}
TASK = QETask(task_type="coverage_analysis", context={"coverage_data": DATA})


class Counter:
    """A stream that says what became of it."""

    def __init__(self, *, fails_at: int = -1) -> None:
        self.made = 0
        self.ended = ""
        self.tasks: set[object] = set()
        self._fails_at = fails_at

    async def stream(self) -> AsyncGenerator[int, None]:
        try:
            async with asyncio.timeout(60):  # belongs to the task that entered it
                while True:
                    self.tasks.add(asyncio.current_task())
                    await asyncio.sleep(0)
                    if self.made == self._fails_at:
                        raise UsageError("This is wrong.")
                    self.made += 1
                    yield self.made
        except BaseException as error:
            self.ended = type(error).__name__
            raise


def threads() -> int:
    return sum(thread.name == "qe-action events" for thread in threading.enumerate())


def test_the_events_are_those_of_the_stream() -> None:
    types = [event["type"] for event in sync(CoverageAnalyzerAgent().execute_streaming(TASK))]
    assert types.count("gap") == 2
    assert types[-1] == "complete"
    assert threads() == 0


def test_it_works_where_a_loop_runs_already() -> None:
    async def cell() -> AnalysisComplete:
        assert len(list(sync(CoverageAnalyzerAgent().execute_streaming(TASK)))) > 2
        return sync(CoverageAnalyzerAgent().execute(TASK))

    assert asyncio.run(cell()).total_gaps == 2
    assert threads() == 0


def test_a_loop_left_early_ends_the_work() -> None:
    counter = Counter()
    for number in sync(counter.stream()):
        if number == 3:
            break
    assert counter.ended in ("CancelledError", "GeneratorExit")
    assert counter.made == 3  # not a step more than was asked for
    assert len(counter.tasks) == 1
    assert threads() == 0


def test_closing_is_allowed_at_any_time_and_more_than_once() -> None:
    counter = Counter()
    with sync(counter.stream()) as events:
        assert next(events) == 1
        events.close()
        with pytest.raises(StopIteration):
            next(events)
    for _ in range(20):
        sync(Counter().stream()).close()  # before its first event
    assert threads() == 0


def test_what_the_stream_raises_is_raised_where_it_is_read() -> None:
    events = sync(Counter(fails_at=2).stream())
    assert [next(events), next(events)] == [1, 2]
    with pytest.raises(UsageError, match="This is wrong"):
        next(events)
    with pytest.raises(StopIteration):
        next(events)
    assert threads() == 0


def test_what_is_awaited_raises_where_it_is_called() -> None:
    async def fails() -> int:
        raise UsageError("This is wrong.")

    with pytest.raises(UsageError, match="This is wrong"):
        sync(fails())
    assert threads() == 0


def test_run_returns_the_result_and_shows_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")  # one that can draw
    result = run(CoverageAnalyzerAgent(), TASK, progress=True)
    assert isinstance(result, AnalysisComplete)
    assert result.total_gaps == 2
    assert "2 gaps" in capsys.readouterr().err
    assert run(CoverageAnalyzerAgent(), TASK).type == "complete"
    assert capsys.readouterr() == ("", "")  # this is no terminal


@pytest.mark.parametrize(
    ("agent", "own"),
    [
        (CoverageAnalyzerAgent, "analyze_coverage_streaming"),
        (TestExecutorAgent, "execute_tests_streaming"),
        (TestGeneratorAgent, "generate_tests_streaming"),
    ],
)
def test_every_agent_has_the_three_ways_in(agent: type, own: str) -> None:
    assert {"execute", "execute_streaming", own} <= {*dir(agent)}
    with pytest.raises(UsageError):
        getattr(agent(), own)(QETask(task_type="coverage_analysis", context={"no_such": 1}))


def test_a_program_that_ends_with_events_unread_ends() -> None:
    code = (
        "from qe_action.notebook import sync\n"
        "async def stream():\n"
        "    try:\n"
        "        while True:\n"
        "            yield 1\n"
        "    finally:\n"
        "        print('ended', flush=True)\n"
        "kept = sync(stream())\n"
        "print(next(kept))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "1\nended\n"
    assert done.stderr == ""
