"""Whatever a worker says, it is taken as it is meant or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qe_action.project_worker.client import ChannelWorker
from qe_action.verify.mutants import mutants
from qe_action.verify.project import describe
from qe_action.verify.run_answers import Hello, Measured, MutantSaid, Run, Styled
from qe_action.verify.run_request import RunRequest, Surroundings
from qe_action.verify.test_runner import TestRunner

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = {
    "run": ("end", "exit", "seconds", "outcomes", "errors", "measured", "written", "written_by"),
    "measured": ("lines", "missing_lines", "branches", "missing_branches", "error"),
    "mutant": ("mutant", "killed", "by", "how"),
    "hello": ("python", "pytest", "coverage", "plugins"),
    "styled": ("texts",),
}
GOOD: Mapping[str, Any] = {
    "end": "done",
    "outcomes": {"test_x.py::test_x": ["passed", ""]},
    "measured": {"lines": [1], "missing_lines": [2], "branches": [[1, 2]]},
}


def some(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[kind], VALUES))


@given(st.tuples(*map(some, FIELDS)))
def test_any_answer_is_valid_or_refused(said: tuple[dict[str, Any], ...]) -> None:
    models = (Run, Measured, MutantSaid, Hello, Styled)
    for model, answer in zip(models, said, strict=True):
        try:
            found = model.model_validate(answer)
        except ValidationError:
            continue
        if isinstance(found, Run):
            assert isinstance(found.trouble(), str)
            assert 0 <= found.seconds <= 86_400
        if isinstance(found, Measured):
            assert found.counts.covered <= found.counts.statements


@given(st.sampled_from(FIELDS["run"]), VALUES)
def test_one_wrong_field_never_makes_a_passing_run_of_another(name: str, value: object) -> None:
    try:
        run = Run.model_validate({**GOOD, name: value})
    except ValidationError:
        return
    if name != "outcomes":
        assert run.passed == {"test_x.py::test_x"}


class Talker:
    """A channel that says given lines, whatever it is asked."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = list(lines)

    async def write(self, data: bytes) -> None:
        assert data.endswith(b"\n")

    async def read_line(self) -> bytes:
        return self._lines.pop(0) if self._lines else b""

    async def kill(self) -> str:
        return ""


class TalkingLab:
    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    @asynccontextmanager
    async def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AsyncGenerator[ChannelWorker, None]:
        async def start() -> Talker:
            return Talker(self._lines)

        yield ChannelWorker(start)


class Dawdler:
    """A channel that says again and again that it is not done, and how often it was killed."""

    killed = 0

    async def write(self, data: bytes) -> None:
        self._op = json.loads(data)["op"]

    async def read_line(self) -> bytes:
        await asyncio.sleep(0.05)
        return json.dumps({"op": self._op}).encode() + b"\n"

    async def kill(self) -> str:
        self.killed += 1
        return ""


class DawdlingLab:
    def __init__(self) -> None:
        self.channel = Dawdler()

    @asynccontextmanager
    async def worker(
        self, folder: Path | None = None, readable: Sequence[Path] = ()
    ) -> AsyncGenerator[ChannelWorker, None]:
        async def start() -> Dawdler:
            return self.channel

        yield ChannelWorker(start)


SOURCE = b"def f(x):\n    return x + 1\n"
MUTANTS = mutants(SOURCE, frozenset({2}))


def told(folder: Path, lines: Sequence[bytes]) -> tuple[Run, list[MutantSaid]]:
    async def ask() -> tuple[Run, list[MutantSaid]]:
        interpreter = TalkingLab(lines)
        seen = describe({"m.py": SOURCE}, "m.py")
        async with TestRunner.open(interpreter, seen, folder, 1) as runner:
            run = await runner.run(RunRequest({}, [], 5, around=Surroundings()))
        async with TestRunner.open(interpreter, seen, folder, 1) as runner:
            return run, await runner.mutate(RunRequest({}, [], 5), MUTANTS)

    return asyncio.run(ask())


LINES = st.one_of(
    st.binary(max_size=60).map(lambda data: data + b"\n"),
    VALUES.map(lambda value: json.dumps(value).encode() + b"\n"),
    st.builds(
        lambda op, done, more: json.dumps({**more, "op": op, "done": done}).encode() + b"\n",
        st.sampled_from(["check", "mutate", "other"]),
        st.booleans(),
        some("run") | some("mutant"),
    ),
)


@given(st.lists(LINES, max_size=4))
@settings(max_examples=25, deadline=None)
def test_a_bench_takes_any_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    run, said = told(tmp_path_factory.mktemp("tree"), lines)
    assert run.end in {"done", "crashed", "timeout", "unreadable"}
    assert {one.mutant for one in said} <= {mutant.id for mutant in MUTANTS}


def test_mutants_that_nobody_asked_for_and_second_verdicts_do_not_count(tmp_path: Path) -> None:
    name = MUTANTS[0].id
    verdicts = [(name, False), (name, True), ("made up", True)]
    lines = [json.dumps({"op": "mutate", "mutant": m, "killed": k}).encode() for m, k in verdicts]
    _, said = told(tmp_path, [line + b"\n" for line in lines])
    assert [(one.mutant, one.killed) for one in said] == [(name, False)]


def test_a_worker_that_is_never_done_does_not_outlive_its_time(tmp_path: Path) -> None:
    """With less slack than a bench gives: what counts is that answers don't prolong it."""

    async def ask() -> tuple[Run, list[MutantSaid], list[Mapping[str, str]], str]:
        interpreter = DawdlingLab()
        seen = describe({"m.py": SOURCE}, "m.py")
        async with TestRunner.open(interpreter, seen, tmp_path, 1, slack=0.2) as runner:
            run = await runner.run(RunRequest({}, [], 0.1, around=Surroundings()))
            said = await runner.mutate(RunRequest({}, [], 0.1), MUTANTS)
            styled = await runner.styled({}, [("ruff",)], timeout=0.1)
            why = await runner.warm((), 0.1)
        assert interpreter.channel.killed == 4
        return run, said, styled, why

    async def in_time() -> tuple[Run, list[MutantSaid], list[Mapping[str, str]], str]:
        async with asyncio.timeout(20):
            return await ask()

    run, said, styled, why = asyncio.run(in_time())
    assert (run.end, said, styled) == ("unreadable", [], [])
    assert "too long" in why
