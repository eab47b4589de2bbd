"""Runs in forks of a process that has imported the target: the same verdicts, no import."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from generation import SHAPES, interpreter, judge, project, workers
from projects import written

from qe_action.verify.mutants import mutants
from qe_action.verify.project import describe
from qe_action.verify.run_request import RunRequest
from qe_action.verify.test_runner import TestRunner
from qe_action.workspace.tree import python_files

TEST = "from shapes import area\n\ndef test_x():\n    assert area(2, 3) == 6\n"
COUNTED = """import os
with open({place!r}, "a") as file: file.write("x")
"""


def on_bench(
    folder: Path, source: str, work: Callable[[TestRunner], Awaitable[Any]], **more: str
) -> Any:
    written(folder, {"shapes.py": source, **more})
    seen = describe(python_files(folder), "shapes.py")

    async def run() -> Any:
        async with TestRunner.open(interpreter(), seen, folder, 1) as runner:
            return await work(runner)

    return asyncio.run(run())


def lines(source: str) -> frozenset[int]:
    first = source.splitlines().index("def area(width, height):") + 2
    return frozenset(range(first, len(source.splitlines()) + 1))


async def verdicts(runner: TestRunner) -> list[tuple[str, bool]]:
    source = runner.project.source
    found = mutants(source, lines(source.decode()))
    said = await runner.mutate(RunRequest({"test_x.py": TEST}, ["test_x.py"], 60), found)
    assert len(said) == len(found) > 10
    return [(one.mutant, one.killed) for one in said]


def test_the_import_is_paid_once(tmp_path: Path) -> None:
    place = tmp_path / "imports"
    folder = tmp_path / "project"
    folder.mkdir()

    def imports() -> int:
        return len(place.read_text()) if place.exists() else 0

    async def counted(runner: TestRunner) -> tuple[Any, int]:
        before = imports()
        for _ in range(3):
            run = await runner.run(RunRequest({"test_x.py": TEST}, ["test_x.py"], 60, measure=True))
        return run, imports() - before

    async def work(runner: TestRunner) -> tuple[Any, ...]:
        _, cold = await counted(runner)
        before = await verdicts(runner)
        assert await runner.warm((1, 2), 60) == ""
        run, warm = await counted(runner)
        return run, before, await verdicts(runner), cold, warm

    source = COUNTED.format(place=str(place)) + SHAPES
    run, before, after, cold, warm = on_bench(folder, source, work)
    assert run.passed == {"test_x.py::test_x"}
    assert {9, 11, 13} <= set(run.measured.lines)
    assert 12 not in run.measured.lines
    assert (11, 13) in run.measured.branches
    assert 1 not in run.measured.lines, "no run of ours imported it"
    assert after == before
    assert (cold, warm) == (3, 0)
    assert not workers()


KEEPS = """
import functools
import helper

LIMIT = helper.limit()


def area(width, height):
    if width > LIMIT:
        return 0
    return Shape(width, height).size


class Shape:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    @property
    def size(self):
        return self._sized(self.width)

    @functools.lru_cache(maxsize=None)
    def _sized(self, width):
        @functools.wraps(area)
        def inner(*a):
            return width * a[0]
        return inner(self.height)


class Square(Shape):
    def __init__(self, width):
        super().__init__(width, width)


square = lambda x: Square(x).size
"""


def test_mutants_of_methods_closures_and_lambdas_have_the_same_verdicts(tmp_path: Path) -> None:
    test = (
        "from shapes import area, square\n\ndef test_x():\n"
        "    assert area(2, 3) == 6\n    assert area(5, 2) == 0\n    assert square(4) == 16\n"
    )

    async def work(runner: TestRunner) -> tuple[Any, Any]:
        source = runner.project.source
        found = mutants(source, frozenset(range(8, 40)))
        cold = await runner.mutate(RunRequest({"test_x.py": test}, ["test_x.py"], 60), found)
        assert await runner.warm((), 60) == ""
        return cold, await runner.mutate(RunRequest({"test_x.py": test}, ["test_x.py"], 60), found)

    helper = "def limit():\n    return 4\n"
    cold, warm = on_bench(tmp_path, KEEPS, work, **{"helper.py": helper})
    assert [(m.mutant, m.killed) for m in warm] == [(m.mutant, m.killed) for m in cold]
    assert {m.killed for m in cold} == {True, False}


EARLY = "def area(width, height):\n    return width * height\n\n\nFIRST = area(1, 2)\n"


def test_a_mutant_that_the_import_would_run_is_imported(tmp_path: Path) -> None:
    test = "import shapes\n\ndef test_x():\n    assert shapes.FIRST == 2\n"

    async def work(runner: TestRunner) -> list[bool]:
        assert await runner.warm((1, 2, 5), 10) == ""
        found = mutants(runner.project.source, frozenset({2}))
        said = await runner.mutate(RunRequest({"test_x.py": test}, ["test_x.py"], 60), found)
        return [one.killed for one in said if one.mutant.startswith("2:none")]

    assert on_bench(tmp_path, EARLY, work) == [True]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "from threading import *; Thread(target=Event().wait, daemon=True).start()",
            "it starts threads",
        ),
        ("import subprocess; subprocess.Popen(['sleep', '5'])", "it starts processes"),
        ("kept = open(__file__)", "it leaves files open"),
        ("import os; os.chdir('/')", "it changes the folder"),
        ("import sys; sys.settrace(lambda *a: None)", "it follows what is run"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import os; os._exit(3)", "its import ends or hangs"),
        pytest.param("while True: pass", "its import ends or hangs", marks=pytest.mark.slow),
    ],
)
def test_an_import_whose_process_can_t_be_forked_is_made_in_each_run(
    tmp_path: Path, line: str, why: str
) -> None:
    async def work(runner: TestRunner) -> tuple[str, Any]:
        said = await runner.warm((), 2)
        return said, await runner.run(
            RunRequest({"test_y.py": "def test_y(): pass\n"}, ["test_y.py"], 5)
        )

    said, run = on_bench(tmp_path, f"{line}\n{SHAPES}", work)
    assert said == why
    assert run.passed == {"test_y.py::test_y"}
    assert not workers()


def test_asserts_are_rewritten_and_state_is_fresh_in_each_run(tmp_path: Path) -> None:
    source = "seen = []\n\n\ndef note(x):\n    seen.append(x)\n    return len(seen)\n"
    test = "import shapes\n\ndef test_x():\n    assert shapes.note(1) == 2\n"

    async def work(runner: TestRunner) -> list[str]:
        assert await runner.warm((), 60) == ""
        runs = [
            await runner.run(RunRequest({"test_x.py": test}, ["test_x.py"], 60)) for _ in range(2)
        ]
        return [run.trouble().splitlines()[0] for run in runs]

    said = on_bench(tmp_path, source, work)
    assert said == ["failed: assert 1 == 2"] * 2


def test_a_fork_server_that_a_test_ends_costs_that_run_alone(tmp_path: Path) -> None:
    kills = "import os, signal\n\ndef test_x():\n    os.kill(os.getppid(), signal.SIGKILL)\n"

    async def work(runner: TestRunner) -> list[str]:
        assert await runner.warm((), 60) == ""
        first = await runner.run(RunRequest({"test_x.py": kills}, ["test_x.py"], 3))
        second = await runner.run(RunRequest({"test_x.py": TEST}, ["test_x.py"], 60))
        return [first.end, *second.passed]

    assert on_bench(tmp_path, SHAPES, work)[1:] == ["test_x.py::test_x"]
    assert not workers()


def test_gaps_of_the_import_are_reached_by_runs_that_import(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": "LIMIT = 4\nNAMES = ['a', 'b']\n"})
    outcome = judge(
        tmp_path,
        """
        import shapes

        def test_limit():
            assert shapes.LIMIT == 4 and shapes.NAMES == ["a", "b"]
        """,
    )
    assert outcome.accepted == ["test_limit"], outcome.rejections


def test_a_conftest_that_prepares_the_import_is_heeded(tmp_path: Path) -> None:
    files = {
        "shapes.py": """
            import os

            MODE = os.environ.get("MODE")

            def mode(x):
                return MODE + x
        """,
        "tests/conftest.py": 'import os\n\nos.environ["MODE"] = "fast"\n',
        "tests/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    }
    project(tmp_path, {name: dedent(text) for name, text in files.items()})
    test = 'from shapes import mode\n\ndef test_mode():\n    assert mode("x") == "fastx"\n'
    assert judge(tmp_path, test).accepted == ["test_mode"]
