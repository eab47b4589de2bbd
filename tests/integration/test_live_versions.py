"""The plugin beside old and new versions of pytest and of plugins that change what it reports."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from live_suite import SUITE, counts, environment, hear, pytest_command, write

MORE = {
    **SUITE,
    "test_plugins.py": """
import pytest
RUNS = []
@pytest.mark.flaky(reruns=2)
def test_flaky():
    RUNS.append(1)
    assert len(RUNS) > 1
@pytest.mark.flaky(reruns=1)
def test_never(): assert 0
@pytest.mark.asyncio
async def test_async(): pass
@pytest.mark.asyncio
async def test_async_fails(): assert 0
def test_parts(subtests):
    for number in range(3):
        with subtests.test(msg="part", number=number):
            assert number != 1
""",
}
ODD = """
import pytest
from _pytest.reports import TestReport
class Odd(TestReport):
    def __init__(self, report):
        self.__dict__.update(report.__dict__)
        del self.duration
    longreprtext = property(lambda self: 1 / 0)
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.force_result(Odd(outcome.get_result()))
"""
OLD = ("pytest-subtests", "pytest-rerunfailures", "pytest-asyncio", "pytest-sugar")
BESIDE = ("sugar", "subtests", "rerunfailures", "asyncio", "xdist")
VERSIONS = {
    "6.2": (
        *("3.9", "pytest==6.2.5", "setuptools<70", "pytest-xdist==2.5.0", "pytest-subtests==0.5.0"),
        *("pytest-rerunfailures==10.2", "pytest-asyncio==0.16.0", "pytest-sugar==0.9.4"),
    ),
    "7": ("3.10", "pytest<8", "pytest-xdist", *OLD),
    "8": ("3.12", "pytest<9", "pytest-xdist", *OLD),
    "newest": ("3.13", "pytest", "pytest-xdist", *OLD[1:]),
}
BARE = ("--ignore=test_plugins.py", *(f"-pno:{name}" for name in BESIDE))
WORDS = {"failed": "failed", "passed": "passed", "skipped": "skipped", "error": "errors?"}


@pytest.fixture(scope="module", params=VERSIONS)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter of an environment of its own."""
    version, *packages = VERSIONS[request.param]
    uv = shutil.which("uv")
    folder = tmp_path_factory.mktemp("environment") / "venv"
    pythons = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = str(pythons[-1]) if pythons else shutil.which(f"python{version}")
    if uv is None or found is None:
        pytest.skip(f"there is no uv, or no Python {version}")
    subprocess.run([uv, "venv", "-q", "--python", found, str(folder)], check=True)
    at = str(folder / "bin/python")
    subprocess.run([uv, "pip", "install", "-q", "--python", at, *packages], check=True)
    return at


@pytest.mark.slow
@pytest.mark.parametrize("odd", [False, True], ids=["", "odd reports"])
@pytest.mark.parametrize(
    "options",
    [
        BARE,
        ("-p", "no:sugar"),
        (),
        ("-p", "no:sugar", "-n", "2"),
        ("-p", "no:sugar", "--tb=native"),
    ],
    ids=["bare", "plain", "sugar", "xdist", "native"],
)
def test_what_is_heard_is_what_each_version_counts(
    python: str, options: tuple[str, ...], odd: bool, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if odd and "-n" in options:
        pytest.skip("pytest-xdist itself can't send them")
    write(tmp_path, {**MORE, **({"conftest.py": ODD} if odd else {})})
    command = pytest_command("--continue-on-collection-errors", *options, python=python)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    heard = counts(hear(tmp_path, command))
    said = capfd.readouterr().out
    assert summary(said) == summary(done.stdout)
    assert summary(said) == {name: heard[name] for name in (*WORDS, "xfailed", "xpassed")}


def summary(text: str) -> dict[str, int]:
    """How many of each kind pytest says at its end; one that looks different has a line a kind."""
    found = {}
    end = text[text.rfind("short test summary") :]
    for name, word in (*WORDS.items(), ("xfailed", "xfailed"), ("xpassed", "xpassed")):
        numbers = re.findall(rf"(?<![\w.])(\d+) {word}\b", end)
        found[name] = int(numbers[-1]) if numbers else 0
    return found
