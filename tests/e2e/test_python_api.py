"""The examples for Python in README and pages, as they stand there, on a small project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import GitRepo
from job import cobertura

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / ".github/docs/python.md"


def example(page: str) -> str:
    """The only Python example of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(code)


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit({"app.py": "x = 1\n"})
    repo.branch("feature")
    repo.commit({"app.py": "x = 1\ny = 2\nz = 3\n"})
    (repo.root / "coverage.xml").write_text(cobertura({"app.py": {1: 0, 2: 1, 3: 0}}))
    done = subprocess.run(
        [sys.executable, "-c", example("README.md")],
        cwd=repo.root, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout == "app.py 3\n"


def test_the_example_of_the_test_executor_runs(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(
        "from pathlib import Path\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "def test_shaky():\n"
        "    seen = Path('seen')\n"
        "    if not seen.exists():\n"
        "        seen.write_text('')\n"
        "        assert False\n"
    )
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", example(".github/docs/tests-while-they-run.md")],
        cwd=tmp_path, env=env, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "test_shop.py::test_bad assert 1 == 2\n" in done.stdout  # among what pytest prints
    assert "test_shop.py::test_shaky assert False\n" in done.stdout
    assert done.stdout.endswith("\nFalse 2 pytest test_shop.py::test_bad\n")


def blocks(page: Path) -> list[str]:
    """All Python examples of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def program(code: str, folder: Path) -> list[str]:
    """What an example prints where it is run as it stands."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, env=env, check=True, capture_output=True, text=True, timeout=45,
    )  # fmt: skip
    return done.stdout.splitlines()


SHOWN = {
    "sync(CoverageAnalyzerAgent().execute_streaming(task))": ["app.py 4 low"],
    "run(CoverageAnalyzerAgent(), task)": ["3 of 4 statements"],
    "aclosing(CoverageAnalyzerAgent()": ["app.py missed: 4"],
}
"""What tells an example of the page, and what it prints."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a report of it."""
    repo = GitRepo(tmp_path_factory.mktemp("measured") / "repo")
    repo.commit(
        {"app.py": "def sign(number):\n    if number < 0:\n\n        return -1\n    return 1\n"}
    )
    lines = "".join(
        f'<line number="{n}" hits="{hits}"/>' for n, hits in ((1, 1), (2, 1), (4, 0), (5, 1))
    )
    entry = f'<class filename="app.py"><lines>{lines}</lines></class>'
    (repo.root / "coverage.xml").write_text(
        f"<coverage><packages><package><classes>{entry}</classes></package></packages></coverage>"
    )
    return repo.root


@pytest.mark.parametrize("part", SHOWN)
def test_the_examples_of_the_page_run_on_a_report(measured: Path, part: str) -> None:
    (code,) = (block for block in blocks(PAGE) if part in block)
    assert program(code, measured) == SHOWN[part]


def test_the_example_that_leaves_early_ends_the_suite(tmp_path: Path) -> None:
    mark = f"sleeper_{tmp_path.name}_{os.getpid()}"
    (tmp_path / f"test_{mark}.py").write_text(
        "import subprocess, sys\n"
        "def test_bad(): assert 1 == 2\n"
        "def test_endless():\n"
        f"    subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', '{mark}'])\n"
    )
    (code,) = (block for block in blocks(PAGE) if "with sync(TestExecutorAgent()" in block)
    printed = program(code, tmp_path)
    told = f"First failure: test_{mark}.py::test_bad"
    assert any(line.endswith(told) for line in printed)  # behind pytest's own F
    assert mark not in subprocess.getoutput("ps -eo args")


def test_every_example_of_the_page_is_run() -> None:
    known = [*SHOWN, "with sync(TestExecutorAgent()"]
    assert [sum(part in block for part in known) for block in blocks(PAGE)] == [1] * len(known)
