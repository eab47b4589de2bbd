"""A suite of files, run by a real command and heard; and what pytest's own report counts of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from xml.etree import ElementTree as ET

from qe_action.execution.plain import PlainRunner
from qe_action.execution.suite_port import Finished, Message, Run

SUITE = {
    "test_kinds.py": """
import unittest
import pytest

def deep():
    raise ValueError("deep")

def test_passes(): pass
def test_fails():
    print("said")
    assert 1 == 2, "no"
def test_deep(): deep()
@pytest.mark.skip(reason="not today")
def test_skipped(): pass
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail(reason="known")
def test_xpasses(): pass
@pytest.mark.xfail(strict=True, reason="known")
def test_strict(): pass
@pytest.fixture
def torn():
    yield
    raise RuntimeError("torn")
@pytest.fixture
def broken(): raise RuntimeError("broken")
def test_teardown(torn): pass
def test_setup(broken): pass
def test_both(torn): assert 0
@pytest.mark.parametrize("name", ["é\\n\\"", "x" * 1200])
def test_named(name): pass
class TestOld(unittest.TestCase):
    def test_fails(self): self.assertEqual(1, 2)
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number % 2, 0)
    @unittest.skip("old")
    def test_skipped(self): pass
""",
    "test_broken.py": "import there_is_no_such_module\n",
    "test_left_out.py": "import pytest\npytest.skip('whole file', allow_module_level=True)\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def environment(**more: str) -> dict[str, str]:
    """Ours without what tells the pytest that runs this test something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def pytest_command(*arguments: str, python: str = sys.executable) -> tuple[str, ...]:
    plain = ("-q", "-p", "no:cacheprovider", "-o", "addopts=", "-c", os.devnull)
    return (python, "-m", "pytest", *plain, "--rootdir=.", *arguments)


def hear(folder: Path, command: tuple[str, ...], **run: object) -> list[Message]:
    """What is heard of a command until it has ended."""
    env = environment()

    async def listen() -> list[Message]:
        task = Run(command, folder, **run)  # type: ignore[arg-type]
        async with aclosing(PlainRunner(env).run(task)) as messages:
            return [message async for message in messages]

    return asyncio.run(listen())


def finished(messages: list[Message]) -> list[Finished]:
    return [message for message in messages if isinstance(message, Finished)]


def counts(messages: list[Message]) -> Counter[str]:
    return Counter(message.outcome for message in finished(messages))


def junit_counts(path: Path) -> Counter[str]:
    """What pytest's JUnit file has of each kind; it calls what was expected to fail skipped."""
    found: Counter[str] = Counter()
    for case in ET.parse(path).getroot().iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found.update(kinds or ["passed"])
    return found
