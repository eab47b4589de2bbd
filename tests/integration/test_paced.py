"""What takes long is told while it goes on: slow parts wait here until somebody has seen it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from generation import GOOD, GOOD_NAMES, SHAPES, Outcome, forks, interpreter, project, workers

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GenerationComplete, GeneratorEvent, GeneratorProgress
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.task import QETask

PROCESSES = "Running all tests in five fresh processes"
SUITE = "Running the whole suite with them"

WAITING = """
import time
from pathlib import Path


def until_seen(name):
    end = time.monotonic() + 120
    while not Path({folder!r}, name).exists():
        assert time.monotonic() < end, "nobody was told of " + name
        time.sleep(0.02)
"""
PACED = {
    # The first of the five processes waits until it is seen that the others have ended.
    "conftest.py": """
        import os
        import pytest
        from waiting import until_seen

        @pytest.fixture(autouse=True)
        def paced():
            if os.environ.get("PYTHONHASHSEED") == "0" and os.environ.get("TZ") == "UTC0":
                until_seen("processes")
    """,
    "tests/test_paced.py": """
        from waiting import until_seen

        def test_paced():
            until_seen("suite")
    """,
}


def agent_and_task(
    folder: Path, at: ProjectInterpreter | None = None, **more: Any
) -> tuple[TestGeneratorAgent, QETask]:
    context = {"repo": folder, "file": "shapes.py", "tests": GOOD, "slots": 2, **more}
    task = QETask(task_type="test_generation", context=context)
    return TestGeneratorAgent(interpreter=at or forks()), task


def test_the_gates_of_the_set_tell_what_they_do_while_they_do_it(tmp_path: Path) -> None:
    folder, seen = tmp_path / "project", tmp_path / "seen"
    seen.mkdir()
    waiting = WAITING.format(folder=str(seen))
    project(folder, {"shapes.py": SHAPES, "waiting.py": waiting, **PACED})
    told = {"4 of 5 fresh processes ended": "processes", SUITE: "suite"}

    async def read() -> Outcome:
        agent, task = agent_and_task(folder, tests_known=True)
        events = []
        async with aclosing(agent.generate_tests_streaming(task)) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, GeneratorProgress) and event.message in told:
                    (seen / told[event.message]).touch()
        return Outcome(events)

    outcome = asyncio.run(read())
    assert outcome.accepted == GOOD_NAMES
    assert outcome.refused == {}
    assert outcome.result.tests[0].evidence is not None
    assert outcome.result.tests[0].evidence.suite == "the whole suite in random order"
    messages = [event.message for event in outcome.events if isinstance(event, GeneratorProgress)]
    ended = [f"{number} of 5 fresh processes ended" for number in range(1, 6)]
    assert [message for message in messages if message in {PROCESSES, SUITE, *ended}] == [
        PROCESSES,
        *ended,
        SUITE,
    ]


@pytest.mark.slow
def test_that_the_suite_is_run_before_the_search_is_told(tmp_path: Path) -> None:
    folder, seen = tmp_path / "project", tmp_path / "seen"
    seen.mkdir()
    suite = {"tests/test_paced.py": PACED["tests/test_paced.py"]}
    waiting = WAITING.format(folder=str(seen))
    project(folder, {"shapes.py": SHAPES, "waiting.py": waiting, **suite})

    async def read() -> GenerationComplete:
        agent, task = agent_and_task(folder)
        async with aclosing(agent.generate_tests_streaming(task)) as stream:
            async for event in stream:
                if isinstance(event, GeneratorProgress) and event.message.startswith("Running the"):
                    (seen / "suite").touch()
        assert isinstance(event, GenerationComplete)
        return event

    assert asyncio.run(read()).failing == ()


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (PROCESSES, "cancelled"),
        pytest.param(SUITE, "cancelled", marks=pytest.mark.slow),
        pytest.param(PROCESSES, "closed", marks=pytest.mark.slow),
        (SUITE, "closed"),
    ],
)
def test_a_stream_that_ends_in_the_gates_of_the_set_leaves_nothing_running(
    tmp_path: Path, message: str, how: str
) -> None:
    folder = tmp_path / "project"
    waiting = WAITING.format(folder=str(tmp_path))  # where nothing is ever seen
    paced = PACED if message == PROCESSES else {"tests/test_paced.py": PACED["tests/test_paced.py"]}
    project(folder, {"shapes.py": SHAPES, "waiting.py": waiting, **paced})
    events: list[GeneratorEvent] = []

    async def read(there: asyncio.Event) -> None:
        at = interpreter() if how == "cancelled" else forks()
        agent, task = agent_and_task(folder, at, tests_known=True)
        async with aclosing(agent.generate_tests_streaming(task)) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, GeneratorProgress) and event.message == message:
                    there.set()
                    if how == "closed":
                        return

    async def main() -> None:
        there = asyncio.Event()
        reader = asyncio.create_task(read(there))
        await there.wait()
        if how == "cancelled":
            assert workers()
            reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        assert reader.cancelled() is (how == "cancelled")
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert not workers()
    if how == "cancelled":
        assert isinstance(events[-1], GenerationComplete)
        assert events[-1].conclusion == "cancelled"
        assert events[-1].tests == ()
