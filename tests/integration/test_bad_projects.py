"""Projects of many kinds, and code that does what it should not: the run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from generation import GOOD, GOOD_NAMES, SHAPES, judge, project, workers

from qe_action.events import GeneratorError

PROJECTS = {
    "src layout": {
        "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
        "src/geo/__init__.py": "",
        "src/geo/shapes.py": SHAPES,
        "tests/unit/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    },
    "conftest with fixtures": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef side():\n    return 3\n",
        "tests/test_other.py": "def test_one(side):\n    assert side == 3\n",
    },
    "unittest style": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "geo/tests/__init__.py": "",
        "geo/tests/test_shapes.py": """
            import unittest

            class TestOne(unittest.TestCase):
                def test_one(self):
                    self.assertEqual(1, 1)
        """,
    },
    "failing suite": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/test_red.py": "def test_red():\n    assert 1 == 2\n",
    },
    "addopts with cov": {
        "pyproject.toml": (
            '[tool.pytest.ini_options]\naddopts = "--cov=geo --cov-fail-under=100 -ra"\n'
            'filterwarnings = ["error"]\n'
        ),
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    },
    "a pytest plugin of its own": {
        "pytest.ini": "[pytest]\naddopts = -p geo.plugin\n",
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "geo/plugin.py": "import pytest\n\n@pytest.fixture\ndef unit():\n    return 1\n",
        "tests/test_other.py": "def test_one(unit):\n    assert unit == 1\n",
    },
}


@pytest.mark.parametrize("name", PROJECTS)
def test_projects_of_many_kinds(tmp_path: Path, name: str) -> None:
    files = PROJECTS[name]
    project(tmp_path, files)
    (target,) = [path for path in files if path.endswith("geo/shapes.py")]
    tests = GOOD.replace("from shapes", "from geo.shapes")
    if name == "conftest with fixtures":
        tests = tests.replace("square():", "square(side):").replace("area(3, 3)", "area(side, 3)")
    outcome = judge(tmp_path, tests, target)
    assert outcome.accepted == GOOD_NAMES, (outcome.refused, outcome.result.notes)
    assert outcome.result.coverage_estimate == 100.0
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words.startswith("the whole suite in random order")
    if name == "failing suite":
        assert "1 of its tests fail" in words


def test_a_target_that_can_t_be_imported_is_an_error_and_the_stream_ends(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": "import no_such_module\n"})
    outcome = judge(tmp_path, GOOD)
    errors = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert "shapes can't be imported" in errors[0].message
    assert "no_such_module" in errors[0].message
    assert outcome.result.conclusion == "failed"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os\nos._exit(3)\n", "crashed"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("while True:\n    pass\n", "timeout"),
        ("def f(:\n", "SyntaxError"),
    ],
)
def test_code_that_ends_or_hangs_on_import_is_an_error(
    tmp_path: Path, source: str, why: str
) -> None:
    project(tmp_path, {"shapes.py": source})
    outcome = judge(tmp_path, GOOD, time_budget=5)
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert why in error.message
    assert outcome.result.conclusion == "failed"


NASTY = """
import os
import sys
import threading


def ends():
    os._exit(1)


def prints():
    sys.stdout.write("x" * 10_000_000)
    return 7


def forks():
    if os.fork() == 0:
        while True:
            pass
    return 8


def changes():
    os.environ["TZ"] = "X"
    os.chdir("/")
    sys.setrecursionlimit(200)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return 9


def reads():
    return sys.stdin.read()


def removes(path):
    os.remove(path)
    return 10
"""


def test_nasty_code_does_no_damage_and_the_others_go_on(tmp_path: Path) -> None:
    project(tmp_path, {"nasty.py": NASTY})
    outcome = judge(
        tmp_path,
        """
        import nasty

        def test_ends():
            assert nasty.ends() == 6

        def test_prints():
            assert nasty.prints() == 7

        def test_forks():
            assert nasty.forks() == 8

        def test_changes():
            assert nasty.changes() == 9

        def test_reads():
            assert nasty.reads() == ""

        def test_removes():
            assert nasty.removes(nasty.__file__) == 10
        """,
        "nasty.py",
    )
    assert outcome.refused["test_ends"] == "crashes"
    assert {"test_prints", "test_forks"} <= set(outcome.accepted)
    assert outcome.refused["test_removes"] == "writes"
    assert (tmp_path / "nasty.py").exists()
    assert not workers()
    assert outcome.result.conclusion == "finished"
