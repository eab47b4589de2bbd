"""Runs the test generator on small real projects."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from gitrepo import GitRepo
from project_python import project_python

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GenerationComplete, GeneratorEvent, TestProposed, TestRejected
from qe_action.generators.port import Generator
from qe_action.project_worker.client import PlainInterpreter, ProjectInterpreter, Worker
from qe_action.task import QETask

SHAPES = """
class NoArea(ValueError):
    pass


def area(width, height):
    if width < 0 or height < 0:
        raise NoArea("a side is below zero")
    if width == height:
        return width ** 2
    return width * height
"""
GOOD = """
import pytest

from shapes import NoArea, area


def test_area_of_a_square():
    assert area(3, 3) == 9


def test_area_of_a_rectangle():
    assert area(2, 5) == 10


def test_area_refuses_a_side_below_zero():
    with pytest.raises(NoArea, match="below zero"):
        area(-1, 2)
"""
GOOD_NAMES = [
    "test_area_of_a_square",
    "test_area_of_a_rectangle",
    "test_area_refuses_a_side_below_zero",
]


class Outcome:
    """The events of one generation."""

    def __init__(self, events: list[GeneratorEvent]) -> None:
        self.events = events
        last = events[-1]
        assert isinstance(last, GenerationComplete)
        self.result = last

    @property
    def accepted(self) -> list[str]:
        return [case.test_name for case in self.result.tests]

    @property
    def shown(self) -> list[str]:
        return [e.test_case.test_name for e in self.events if isinstance(e, TestProposed)]

    @property
    def refused(self) -> dict[str, str]:
        return {e.test_case.test_name: e.reason for e in self.rejections}

    @property
    def rejections(self) -> list[TestRejected]:
        return [event for event in self.events if isinstance(event, TestRejected)]

    def why(self, name: str) -> str:
        return next(e.detail for e in self.rejections if e.test_case.test_name == name)


OURS = f"/of-test-process-{os.getpid()}"
"""Stands in the PATH of our workers, to tell them from those of tests that run beside us."""


def interpreter() -> PlainInterpreter:
    """What ships: each run that has to be is a new process of it."""
    return PlainInterpreter(project_python(), {"PATH": f"{os.environ['PATH']}:{OURS}"})


def forks() -> ForkedRuns:
    """For tests that are about neither processes nor what their start decides."""
    return ForkedRuns(interpreter())


class ForkedRuns:
    """All runs of pytest are forks of one worker: to start Python anew takes most of the time."""

    def __init__(self, beneath: ProjectInterpreter) -> None:
        self._beneath = beneath

    @asynccontextmanager
    async def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AsyncGenerator[Worker, None]:
        async with self._beneath.worker(folder, readable) as worker:
            yield ForkingWorker(worker)


class ForkingWorker:
    """A worker that is not asked for a fresh process."""

    def __init__(self, beneath: Worker) -> None:
        self._beneath = beneath

    async def ask(
        self, request: Mapping[str, Any], timeout: float = 60, within: float | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        if request.get("fresh"):
            request = {**request, "fresh": False, "held": False}
        async with aclosing(self._beneath.ask(request, timeout, within)) as answers:
            async for answer in answers:
                yield answer


def workers(patience: float = 3.0) -> set[str]:
    """The processes that our workers are or have started, and that still run.

    One that was killed may take a moment to end.
    """
    end = time.monotonic() + patience
    while (found := _running()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def _running() -> set[str]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if OURS.encode() in environment and state != "Z":
                found.add(entry.name)
    return found


def generate(
    context: Mapping[str, Any],
    *,
    generator: Generator | None = None,
    at: ProjectInterpreter | None = None,
) -> Outcome:
    """All events of a generation, without a sandbox and in forks unless `at` says otherwise.

    Its tests are run one after the other unless `context` says otherwise.
    """
    return asyncio.run(_generate({"slots": 1, **context}, generator, at or forks()))


async def _generate(
    context: Mapping[str, Any], generator: Generator | None, at: ProjectInterpreter
) -> Outcome:
    agent = TestGeneratorAgent(interpreter=at, generator=generator)
    task = QETask(task_type="test_generation", context=dict(context))
    async with aclosing(agent.generate_tests_streaming(task)) as events:
        return Outcome([event async for event in events])


def project(root: Path, files: Mapping[str, str]) -> GitRepo:
    """A committed project of these files, their texts dedented."""
    repo = GitRepo(root)
    repo.commit({name: dedent(text).lstrip("\n") for name, text in files.items()})
    return repo


def judge(
    root: Path,
    tests: str,
    target: str = "shapes.py",
    *,
    at: ProjectInterpreter | None = None,
    **more: Any,
) -> Outcome:
    """What becomes of these tests in a project."""
    return generate({"repo": root, "file": target, "tests": dedent(tests), **more}, at=at)
