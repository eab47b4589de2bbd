"""The examples for Python in README and pages, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from gitrepo import GitRepo
from job import cobertura

ROOT = Path(__file__).resolve().parents[2]


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
