"""Tests in the project's own style: its formatter and linter are run, and not believed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from generation import SHAPES, ForkedRuns, judge, project
from projects import written
from recorded_runner import RecordedRunner

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import TestProposed
from qe_action.generators.port import Candidate
from qe_action.project_worker.client import PlainInterpreter
from qe_action.task import QETask
from qe_action.verify.gates import Trial
from qe_action.verify.run_answers import Run
from qe_action.verify.style import Tool, configured, style, taken

UGLY = """
import os
from shapes import area

def test_area_of_a_square( ):
    assert area( 3,3 )==9
"""
BLACK = """
import sys
from pathlib import Path

for name in sys.argv[1:]:
    path = Path(name)
    if path.suffix == ".py":
        path.write_text(path.read_text().replace("area(3, 3)", "{by}"))
"""


def test_ruff_formats_and_drops_an_import_that_nothing_uses(tmp_path: Path) -> None:
    config = "[tool.ruff]\nline-length = 30\n[tool.ruff.lint]\nselect = ['F', 'I']\n"
    before = "from shapes import area\n\n\ndef test_x( ): assert area(1,1)==1\n"
    files = {"pyproject.toml": config, "shapes.py": SHAPES, "tests/test_shapes.py": before}
    repo = project(tmp_path, files)
    ours = ForkedRuns(PlainInterpreter(sys.executable, os.environ))
    outcome = judge(tmp_path, UGLY, at=ours)
    (case,) = outcome.result.tests
    assert case.test_code == "def test_area_of_a_square():\n    assert area(3, 3) == 9"
    assert case.imports == ("from shapes import area",)
    (shown,) = [e.test_case for e in outcome.events if isinstance(e, TestProposed)]
    assert shown.id == case.id
    assert shown.test_code != case.test_code
    assert (tmp_path / "tests/test_shapes.py").read_text() == before
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize(("by", "taken_over"), [("area(3,   3)", True), ("area(9, 1)", False)])
def test_a_tool_that_makes_another_test_of_it_is_not_believed(
    tmp_path: Path, by: str, taken_over: bool
) -> None:
    tools, root = tmp_path / "tools", tmp_path / "project"
    written(tools, {"black.py": BLACK.replace("{by}", by)})
    project(root, {"pyproject.toml": "[tool.black]\n", "shapes.py": SHAPES})
    tests = "from shapes import area\n\ndef test_x():\n    assert area(3, 3) == 9\n"
    agent = TestGeneratorAgent(interpreter=PlainInterpreter(sys.executable, os.environ, tools))
    context = {"repo": root, "file": "shapes.py", "tests": tests}
    result = asyncio.run(agent.execute(QETask(task_type="test_generation", context=context)))
    (case,) = result.tests
    assert (by in case.test_code) is taken_over


@pytest.mark.slow
def test_without_a_configuration_no_tool_is_run(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    (case,) = judge(tmp_path, UGLY).result.tests
    assert "area( 3,3 )==9" in case.test_code


def test_what_the_tools_say_is_taken_over_as_far_as_it_is_the_same_test() -> None:
    """Each tool's texts are taken on their own: a later one may leave what an earlier one made."""
    runner = RecordedRunner({"shapes.py": SHAPES}, "shapes.py", lambda _: Run(end="done"))

    def styled(*texts: str, tools: Sequence[Tool] = (("black",), ("ruff",))) -> str:
        code = "def test_x():\n    assert area(3, 3)==9"
        trial = Trial(Candidate("", "test_x", code, ("from shapes import area",), "", ""), 0)
        name = f"{runner.project.folder}/test_qe_candidate_0.py"
        head = "from shapes import area\n\n\ndef test_x():\n    assert "
        runner.styles = [{name: f"{head}{text}\n"} for text in texts]
        asyncio.run(style(runner, [trial], tools))
        return trial.candidate.code.rpartition("assert ")[2]

    assert styled("area(3,   3) == 9") == "area(3,   3) == 9"
    assert styled("area(9, 1) == 9") == "area(3, 3)==9"
    assert styled("area(9, 1) == 9", "area(3, 3) == 9") == "area(3, 3) == 9"
    assert styled("area(3, 3) == 9", tools=()) == "area(3, 3)==9"
    assert styled() == "area(3, 3)==9"


@pytest.mark.parametrize(
    ("texts", "tools"),
    [
        ({}, []),
        ({"pyproject.toml": "[tool.black]\n[tool.isort]\n"}, ["isort", "black"]),
        ({"pyproject.toml": "[tool.ruff]\n"}, ["ruff check", "ruff format"]),
        ({"pyproject.toml": "[tool.ruff]\n[tool.black]\n"}, ["ruff check", "black"]),
        ({"ruff.toml": ""}, ["ruff check", "ruff format"]),
        ({"setup.cfg": "[isort]\nprofile = black\n"}, ["isort"]),
        ({"tox.ini": "[isort]\n", "pyproject.toml": "tool = 3\n"}, ["isort"]),
        ({"setup.cfg": "no section", "pyproject.toml": "[broken"}, []),
    ],
)
def test_the_tools_that_a_configuration_names(texts: dict[str, str], tools: list[str]) -> None:
    found = [" ".join(tool[:2]).partition(" -")[0] for tool in configured(texts)]
    assert found == tools


@pytest.mark.parametrize(
    "text",
    [
        "def test_x(:\n",
        "from m import f\n\n\ndef test_x():\n    assert f(1) == 3\n",
        "from n import f\n\n\ndef test_x():\n    assert f(1) == 2\n",
        "import os\nfrom m import f\n\n\ndef test_x():\n    assert f(1) == 2\n",
        "from m import f\n\nprint(1)\n\n\ndef test_x():\n    assert f(1) == 2\n",
        "",
    ],
)
def test_a_text_that_is_another_test_is_not_taken(text: str) -> None:
    code = "def test_x():\n    assert f(1)==2"
    trial = Trial(Candidate("", "test_x", code, ("from m import f",), "", ""), 0)
    assert not taken(trial, text)
    assert trial.candidate.code == code
    assert taken(trial, "from m import f\n\n\n# Pins.\ndef test_x():\n    assert f(1) == 2\n")
    assert trial.candidate.code == "# Pins.\ndef test_x():\n    assert f(1) == 2"
