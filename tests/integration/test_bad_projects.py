"""Projects of many kinds, and code that does what it should not: the run goes on."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from generation import (
    GOOD,
    GOOD_NAMES,
    SHAPES,
    ForkedRuns,
    generate,
    interpreter,
    judge,
    project,
    workers,
)

from qe_action.events import GeneratorError
from qe_action.project_worker.client import PlainInterpreter

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
    "namespace packages": {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
        "src/land/geo/shapes.py": SHAPES,
        "tests/test_other.py": "import land.geo\n\ndef test_one():\n    assert 1 + 1 == 2\n",
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


SHOWN = ("unittest style",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in SHOWN else pytest.mark.slow, id=n) for n in PROJECTS],
)
def test_projects_of_many_kinds(tmp_path: Path, name: str) -> None:
    files = PROJECTS[name]
    project(tmp_path, files)
    (target,) = [path for path in files if path.endswith("geo/shapes.py")]
    module = "land.geo.shapes" if "land" in target else "geo.shapes"
    tests = GOOD.replace("from shapes", f"from {module}")
    if name == "conftest with fixtures":
        tests = tests.replace("square():", "square(side):").replace("area(3, 3)", "area(side, 3)")
    ours = PlainInterpreter(sys.executable, os.environ)  # which has the plugin
    at = ForkedRuns(ours) if name == "addopts with cov" else None
    outcome = judge(tmp_path, tests, target, at=at, allow_red=name == "failing suite")
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
        ("import time\ntime.sleep(600)\n", "took too long"),
        pytest.param("while True:\n    pass\n", "took too long", marks=pytest.mark.slow),
        ("def f(:\n", "SyntaxError"),
    ],
)
def test_code_that_ends_or_hangs_on_import_is_an_error(
    tmp_path: Path, source: str, why: str
) -> None:
    project(tmp_path, {"shapes.py": source})
    outcome = judge(tmp_path, GOOD, time_budget=2 if "long" in why else 5)
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert why in error.message
    assert outcome.result.conclusion == "failed"


NASTY = """
import asyncio
import locale
import os
import random
import socket
import os
import re
import signal
import sys
import threading


def ends():
    os._exit(1)


def leaves():
    sys.exit(3)


def hangs():
    while True:
        pass


def eats():
    kept = []
    while True:
        kept.append(bytes(1 << 26))  # asked for and not touched: that takes no time anywhere


def recurses(x):
    return recurses(x) + 1


def prints():
    sys.stdout.write("x" * 10_000_000)
    return 7


def forks():
    if os.fork() == 0:
        signal.pause()
    return 8


def starts():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return 9


def waits():
    threading.Thread(target=threading.Event().wait).start()
    return 10


def changes():
    os.environ["TZ"] = "X"
    os.chdir("/")
    locale.setlocale(locale.LC_ALL, "C")
    random.seed(0)
    sys.setrecursionlimit(300)
    sys.path.append("/")
    return 11


def reads():
    return sys.stdin.read()


def removes():
    os.remove(__file__)
    return 12


def connects():
    with socket.create_connection(("192.0.2.1", 80), 0.2):
        return 13


async def later(x):
    await asyncio.sleep(0)
    return x + 1


exec("def made(x):\\n    return x + 2\\n")


def last(x):
    return x - 1
"""
NASTY_TESTS = """
import asyncio

import nasty

def test_ends():
    assert nasty.ends() == 6

def test_leaves():
    assert nasty.leaves() == 6

def test_hangs():
    assert nasty.hangs() == 6

def test_eats():
    assert nasty.eats() == 6

def test_recurses():
    assert nasty.recurses(1) == 6

def test_prints():
    assert nasty.prints() == 7

def test_forks():
    assert nasty.forks() == 8

def test_starts():
    assert nasty.starts() == 9

def test_waits():
    assert nasty.waits() == 10

def test_changes():
    assert nasty.changes() == 11

def test_reads():
    assert nasty.reads() == ""

def test_removes():
    assert nasty.removes() == 12

def test_connects():
    assert nasty.connects() == 13

def test_later():
    assert asyncio.run(nasty.later(1)) == 2

async def test_async():
    assert await nasty.later(1) == 2

def test_made():
    assert nasty.made(1) == 3

def test_last():
    assert nasty.last(1) == 0
"""


def test_code_that_does_what_it_should_not_on_call(tmp_path: Path) -> None:
    """Each has its event, none does damage, and the run goes on to the last test."""
    repo = project(tmp_path, {"nasty.py": NASTY})
    outcome = judge(
        tmp_path,
        NASTY_TESTS,
        "nasty.py",
        at=interpreter(),
        target_count=20,
        time_budget=900,
        test_timeout=3,
    )
    assert {name: outcome.refused.get(name) for name in _names(NASTY_TESTS)} == {
        "test_ends": "crashes",
        "test_leaves": "fails",
        "test_hangs": "times out",
        "test_eats": "fails",
        "test_recurses": "fails",
        "test_prints": None,
        "test_forks": None,
        "test_starts": None,
        "test_waits": None,
        "test_changes": None,
        "test_reads": "fails",
        "test_removes": "writes",
        "test_connects": "fails",
        "test_later": None,
        "test_async": "fails",
        "test_made": "adds nothing",
        "test_last": None,
    }, {event.test_case.test_name: event.detail for event in outcome.rejections}
    assert "MemoryError" in outcome.why("test_eats")
    assert "async def functions" in outcome.why("test_async")
    assert outcome.why("test_removes") == "it leaves or changes nasty.py"
    assert outcome.result.conclusion == "finished"
    assert repo.git("status", "--porcelain") == ""
    assert not workers()


def _names(tests: str) -> list[str]:
    return re.findall(r"def (test_\w+)", tests)


LOUD = """
import locale, os, random, signal, sys, threading

os.environ["MODE"] = "loud"
locale.setlocale(locale.LC_ALL, "C")
random.seed(0)
sys.stdout.write("x" * 3_000_000)
threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    READ = sys.stdin.read()
except OSError:  # pytest's own stdin
    READ = ""
if os.fork() == 0:
    signal.pause()
os.chdir("/")
"""


def test_code_that_does_what_it_should_not_on_import(tmp_path: Path) -> None:
    repo = project(tmp_path, {"shapes.py": LOUD + SHAPES})
    outcome = judge(tmp_path, GOOD, at=interpreter())
    assert outcome.accepted == GOOD_NAMES, outcome.rejections
    assert repo.git("status", "--porcelain") == ""
    assert not workers()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("kept = []\nwhile True:\n    kept.append(bytes(1 << 26))\n", "MemoryError"),
        ("import socket\nsocket.create_connection(('192.0.2.1', 80), 0.2)\n", "Error"),
        pytest.param(
            't = t"{1}"\n',
            "SyntaxError",
            marks=pytest.mark.skipif(sys.version_info >= (3, 14), reason="has this syntax"),
        ),
        ("import os\nos.remove(__file__)\n", "can't be imported"),
    ],
)
def test_more_imports_that_do_not_come_to_their_end(tmp_path: Path, source: str, why: str) -> None:
    repo = project(tmp_path, {"shapes.py": source, "other.py": SHAPES})
    outcome = judge(tmp_path, GOOD, "shapes.py::area", time_budget=8)
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert why in error.message
    assert outcome.result.conclusion == "failed"
    assert repo.git("status", "--porcelain") == ""


def test_a_target_that_is_no_python_source_is_refused(tmp_path: Path) -> None:
    repo = project(tmp_path, {"shapes.py": SHAPES})
    (tmp_path / "fast.so").write_bytes(b"\x7fELF\0")
    repo.git("add", "fast.so")
    outcome = judge(tmp_path, GOOD, "fast.so")
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert error.message == (
        "fast.so is no Python source, and lines of nothing else can be measured."
    )
    outcome = judge(tmp_path, GOOD, "slow.so")
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert error.message == "slow.so is no tracked Python file; a new one needs `git add`."


def test_code_that_is_nested_too_deeply_to_be_walked_is_an_error_or_no_matter(
    tmp_path: Path,
) -> None:
    """Some of it Python can't parse, and some it can parse and run, but no program can walk it."""
    deep = "-" * 900
    tests = {"tests/test_a.py": f"x = {'-' * 20_000}1\n", "tests/test_b.py": f"x = {deep}1\n"}
    project(tmp_path, {"shapes.py": f"{SHAPES}\n\ndef minus(x):\n    return {deep}x\n", **tests})
    given = f"import shapes\n\ndef test_x():\n    assert {deep}shapes.minus(1)\n"
    # The suite is red, as no interpreter reads the first of its files.
    context = {"repo": tmp_path, "file": "shapes.py", "tests": (GOOD, given), "allow_red": True}
    outcome = generate(context)
    assert set(GOOD_NAMES) <= set(outcome.accepted)
    assert outcome.result.conclusion == "finished"
