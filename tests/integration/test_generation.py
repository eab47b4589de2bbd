"""The stream of a generation: its events, targets, budget and end."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from generation import (
    GOOD,
    GOOD_NAMES,
    SHAPES,
    Outcome,
    forks,
    generate,
    judge,
    project,
    workers,
)

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GenerationComplete, GeneratorProgress
from qe_action.task import QETask
from qe_action.workspace.tree import python_files


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    root = tmp_path_factory.mktemp("shapes")
    project(root, {"shapes.py": SHAPES})
    return judge(root, GOOD, slots=2)


def test_good_tests_of_a_file_are_proposed_with_their_evidence(outcome: Outcome) -> None:
    assert outcome.accepted == GOOD_NAMES
    assert outcome.shown == GOOD_NAMES
    assert outcome.result.coverage_before == 0.0
    assert outcome.result.coverage_estimate == 100.0
    evidence = outcome.result.tests[0].evidence
    assert evidence is not None
    assert evidence.lines == (6, 8, 9)
    assert evidence.branches == ("6->8", "8->9")
    assert 0 < evidence.killed <= evidence.mutants
    assert evidence.runs == 5
    assert evidence.pythons == (".".join(map(str, sys.version_info[:3])),)
    assert outcome.result.tests[0].path == "tests/test_shapes.py"


def test_progress_rises_and_is_bounded(outcome: Outcome) -> None:
    percents = [e.percent for e in outcome.events if isinstance(e, GeneratorProgress)]
    assert percents == sorted(set(percents))
    assert percents[0] == 0
    assert percents[-1] == 100
    assert len(percents) <= 101


def test_a_report_s_gaps_are_what_counts(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    data = {
        "meta": {"version": "7.6.0", "format": 3, "branch_coverage": False},
        "files": {
            "shapes.py": {
                "executed_lines": [1, 2, 5, 6, 8, 10],
                "missing_lines": [7, 9],
                "excluded_lines": [],
                "summary": {},
            }
        },
        "totals": {},
    }
    outcome = generate({"repo": tmp_path, "coverage_data": data, "tests": GOOD})
    assert outcome.accepted == ["test_area_of_a_square", "test_area_refuses_a_side_below_zero"]
    assert outcome.refused == {"test_area_of_a_rectangle": "adds nothing"}


@pytest.mark.slow  # those of gaps are, too
def test_the_files_of_a_report_are_targets_one_after_the_other(tmp_path: Path) -> None:
    half = "def half(x):\n    return x / 2\n"
    project(tmp_path, {"shapes.py": SHAPES, "half.py": half, "full.py": "x = 1\n"})
    empty = {"excluded_lines": [], "summary": {}}
    data = {
        "meta": {"version": "7.6.0", "format": 3, "branch_coverage": False},
        "files": {
            "shapes.py": {"executed_lines": [1, 2, 5], "missing_lines": [6, 7, 8, 9, 10], **empty},
            "half.py": {"executed_lines": [1], "missing_lines": [2], **empty},
            "full.py": {"executed_lines": [1], "missing_lines": [], **empty},
        },
        "totals": {},
    }
    of_half = "from half import half\n\n\ndef test_half():\n    assert half(4) == 2\n"
    outcome = generate({"repo": tmp_path, "coverage_data": data, "tests": (GOOD, of_half)})
    assert {case.path for case in outcome.result.tests} == {
        "tests/test_shapes.py",
        "tests/test_half.py",
    }
    assert outcome.result.coverage_estimate == 100.0
    assert outcome.result.coverage_before == 0.0


def test_a_qualified_name_narrows_the_target(tmp_path: Path) -> None:
    more = SHAPES + "\n\ndef half(x):\n    return x / 2\n"
    project(tmp_path, {"shapes.py": more})
    given = "from shapes import half\n\ndef test_half():\n    assert half(4) == 2\n"
    outcome = generate({"repo": tmp_path, "file": "shapes.py::half", "tests": (GOOD, given)})
    assert outcome.accepted == ["test_half"]


def test_code_given_as_text_is_a_module_of_a_package() -> None:
    tests = GOOD.replace("from shapes", "from subject.code")
    outcome = generate({"code": SHAPES, "tests": tests})
    assert outcome.accepted == GOOD_NAMES


@pytest.mark.parametrize("budget", [2.0, pytest.param(6.0, marks=pytest.mark.slow)])
def test_the_time_budget_ends_the_search(tmp_path: Path, budget: float) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    one = "def test_{0}():\n    while area(2, 2):\n        pass\n    assert area(1, {0}) == {0}\n\n"
    tests = "from shapes import area\n\n" + "".join(one.format(n) for n in range(2, 40))
    began = time.monotonic()
    outcome = generate(
        {"repo": tmp_path, "file": "shapes.py", "tests": tests, "time_budget": budget}
    )
    took = time.monotonic() - began
    assert outcome.accepted == []
    assert took <= budget * 1.1 + 1.0  # the processes' end, on a busy machine


def test_a_stream_closed_early_leaves_nothing_running(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    hang = "from shapes import area\n\ndef test_hang():\n    while area(2, 2):\n        pass\n"
    tests = GOOD + hang.partition("\n")[2] + "    assert area(1, 1)\n"

    async def first() -> None:
        context = {"repo": tmp_path, "file": "shapes.py", "tests": (tests, tests)}
        agent = TestGeneratorAgent(interpreter=forks())
        task = QETask(task_type="test_generation", context=context)
        async with aclosing(agent.generate_tests_streaming(task)) as events:
            async for event in events:
                if event.type == "test":
                    return

    asyncio.run(first())
    assert not workers()


@pytest.mark.slow  # that the generator does, is shown without the gates
def test_the_same_seed_gives_the_same_tests(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "seed": 3}
    first, second = generate({**context, "slots": 2}), generate(context)
    assert first.result.coverage_estimate == 100.0
    assert [c.test_code for c in first.result.tests] == [c.test_code for c in second.result.tests]
    assert first.accepted


@pytest.mark.slow  # what another interpreter refuses is read from it, too
def test_execute_returns_the_stream_s_last_event(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "tests": GOOD}
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent(interpreter=forks()).execute(task))
    assert isinstance(result, GenerationComplete)
    assert result["total"] == 3


def test_the_export_holds_tracked_files_alone(tmp_path: Path) -> None:
    from qe_action.workspace.tree import copied

    repo = project(tmp_path, {"a.py": "x = 1\n", "b/c.py": "y = 2\n"})
    repo.write({"untracked.py": "z = 3\n", "a.py": "x = 5\n"})
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    repo.git("add", "out.py")

    async def names() -> dict[str, bytes]:
        async with copied(tmp_path, os.environ) as export:
            assert not (export.root / ".git").exists()
            return python_files(export.root)

    assert asyncio.run(names()) == {"a.py": b"x = 5\n", "b/c.py": b"y = 2\n"}
