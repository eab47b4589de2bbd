"""The README's examples for Python, as they stand there, on a project with a failing test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def example(of: str) -> str:
    """The README's Python example that uses an agent."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = (code for code in blocks if of in code)
    return str(found)


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
        [sys.executable, "-c", example("TestExecutorAgent")],
        cwd=tmp_path, env=env, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "test_shop.py::test_bad assert 1 == 2\n" in done.stdout  # among what pytest prints
    assert "test_shop.py::test_shaky assert False\n" in done.stdout
    assert done.stdout.endswith("\nFalse 2 pytest test_shop.py::test_bad\n")
