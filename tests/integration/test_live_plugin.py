"""The plugin in real runs of pytest: what is heard is what pytest counts, and nothing changes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from live_suite import (
    SUITE,
    counts,
    environment,
    finished,
    hear,
    junit_counts,
    pytest_command,
    write,
)

from qe_action.execution.suite_port import (
    Collected,
    Ended,
    Finished,
    Message,
    Over,
    Session,
    Started,
)

OLD = "    def test_fails(self): self.assertEqual(1, 2)"
GO_ON = "--continue-on-collection-errors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    write(folder, SUITE)
    return folder


@pytest.fixture(scope="module")
def heard(folder: Path) -> list[Message]:
    return hear(folder, pytest_command(GO_ON, "--tb=no", "--junitxml=junit.xml"))


def by_id(heard: list[Message], name: str) -> list[Finished]:
    return [each for each in finished(heard) if each.id == f"test_kinds.py::{name}"]


def test_what_is_heard_is_what_pytest_counts(folder: Path, heard: list[Message]) -> None:
    junit = junit_counts(folder / "junit.xml")
    ours = counts(heard)
    assert junit["failure"] == ours["failed"]
    assert junit["error"] == ours["error"] == 4
    assert junit["skipped"] == ours["skipped"] + ours["xfailed"]
    assert ours == Counter(passed=5, failed=6, error=4, skipped=3, xfailed=1, xpassed=1)
    assert isinstance(heard[0], Session)
    assert heard[-2:] == [Over(heard[0].key, 1), Ended(1)]
    (collected,) = (each for each in heard if isinstance(each, Collected))
    assert collected.total == 15


def test_each_test_is_announced_that_has_not_ended_when_it_is_heard_of(
    heard: list[Message],
) -> None:
    failed = [each for each in finished(heard) if each.outcome == "failed" and each.phase == "call"]
    assert len(failed) == 6
    for each in failed:  # with their details they come later than their beginning
        assert heard.index(Started(each.key, each.id)) < heard.index(each)


def test_a_failure_has_all_that_is_known_of_it(folder: Path, heard: list[Message]) -> None:
    (fails,) = by_id(heard, "test_fails")
    assert (fails.outcome, fails.phase, fails.file, fails.line) == (
        "failed", "call", "test_kinds.py", 9
    )  # fmt: skip
    assert fails.message.startswith("AssertionError: no")
    assert "said" in fails.output
    (deep,) = by_id(heard, "test_deep")
    assert [(Path(frame.path), frame.line) for frame in deep.frames] == [
        (folder / "test_kinds.py", 12),
        (folder / "test_kinds.py", 6),
    ]
    (old,) = by_id(heard, "TestOld::test_fails")
    line = SUITE["test_kinds.py"].splitlines().index(OLD) + 1
    assert (str(folder / "test_kinds.py"), line) in [(each.path, each.line) for each in old.frames]
    (broken,) = (each for each in finished(heard) if each.id == "test_broken.py")
    assert (broken.outcome, broken.phase) == ("error", "collect")
    assert broken.message == "ModuleNotFoundError: No module named 'there_is_no_such_module'"
    assert broken.frames[-1].path == str(folder / "test_broken.py")


def test_reasons_and_errors_around_a_test(heard: list[Message]) -> None:
    reasons = {each.id: each.reason for each in finished(heard) if each.reason}
    assert reasons["test_kinds.py::test_skipped"] == "not today"
    assert reasons["test_kinds.py::test_xfails"] == "known"
    assert reasons["test_kinds.py::TestOld::test_skipped"] == "old"
    assert reasons["test_left_out.py"] == "whole file"
    assert [(each.outcome, each.phase) for each in by_id(heard, "test_teardown")] == [
        ("passed", "call"), ("error", "teardown")
    ]  # fmt: skip
    assert [(each.outcome, each.phase) for each in by_id(heard, "test_both")] == [
        ("failed", "call"), ("error", "teardown")
    ]  # fmt: skip
    assert [each.phase for each in by_id(heard, "test_setup")] == ["setup"]


def test_the_first_line_of_a_traceback_stands_as_the_others_do(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": "def test_it():\n    x = 1\n    assert x == 2\n"})
    (told,) = finished(hear(tmp_path, pytest_command()))
    assert told.traceback.startswith("    def test_it():\n        x = 1\n>       assert x == 2")


def test_workers_are_heard_with_tracebacks_in_any_style(folder: Path) -> None:
    heard = hear(folder, pytest_command(GO_ON, "-n", "2", "--tb=line"))
    assert counts(heard) == Counter(passed=5, failed=6, error=4, skipped=3, xfailed=1, xpassed=1)
    assert isinstance(heard[0], Session)
    assert heard[0].workers == 2
    (deep,) = by_id(heard, "test_deep")
    assert [(frame.path, frame.line) for frame in deep.frames] == [
        (str(folder / "test_kinds.py"), 12),
        (str(folder / "test_kinds.py"), 6),
    ]
    assert deep.worker in ("gw0", "gw1")


def test_a_worker_that_dies_is_a_failure_of_its_test(tmp_path: Path) -> None:
    write(
        tmp_path, {"test_dies.py": "import os\ndef test_dies(): os._exit(3)\ndef test_ok(): pass\n"}
    )
    heard = hear(tmp_path, pytest_command("-n", "1"))
    assert {(each.id, each.outcome) for each in finished(heard)} == {
        ("test_dies.py::test_dies", "failed"),
        ("test_dies.py::test_ok", "passed"),
    }


NESTED = """
import os, subprocess, sys
pytest_plugins = ["pytester"]
def test_in_process(pytester):
    pytester.makepyfile("def test_inner(): pass")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1)
    assert "qe" not in [line for line in result.outlines if line.startswith("plugins")][0:1]
def test_in_another_process(pytester):
    pytester.makepyfile("def test_inner(): assert 0")
    pytester.runpytest_subprocess().assert_outcomes(failed=1)
def test_the_environment_is_as_it_was():
    assert os.environ.get("PYTHONPATH") is None
    assert not [name for name in os.environ if name.startswith("QE_ACTION_SUITE")]
def test_forks():
    if not (pid := os.fork()):
        os._exit(0)
    os.waitpid(pid, 0)
"""


def test_pytest_in_a_test_is_not_heard(tmp_path: Path) -> None:
    write(tmp_path, {"test_nested.py": NESTED})
    heard = hear(tmp_path, pytest_command())
    assert counts(heard) == Counter(passed=4), finished(heard)
    assert len([each for each in heard if isinstance(each, Session)]) == 1


def output(folder: Path, command: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> str:
    """What a heard command prints, without its times."""
    hear(folder, command)
    return re.sub(r"\d+\.\d+s", "", capfd.readouterr().out)


def test_what_pytest_prints_stays_as_it_is(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = pytest_command("-v", "-v", "test_kinds.py")
    plain = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert output(folder, command, capfd) == re.sub(r"\d+\.\d+s", "", plain.stdout)


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-I", "-m", "pytest", "-q", "-c", "/dev/null", "test_kinds.py"),
        (sys.executable, "-c", "print('no pytest at all')"),
    ],
    ids=["isolated", "other"],
)
def test_where_the_plugin_is_not_found_the_run_goes_on(
    folder: Path, command: tuple[str, ...]
) -> None:
    (ended,) = hear(folder, command)
    assert ended == Ended(1 if "-I" in command else 0)


def test_failures_run_again_write_nothing_of_the_first_run(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text("the first run's")
    only = ("test_kinds.py::test_deep", "test_kinds.py::TestOld::test_fails")
    command = pytest_command(
        "-x", "-n", "2", f"--junitxml={report}", "--cov=.", "--cov-report=xml", "test_kinds.py"
    )
    heard = hear(folder, command, only=only)
    assert sorted(each.id for each in finished(heard)) == sorted(only)
    assert report.read_text() == "the first run's"
    assert not (folder / "coverage.xml").exists()
    assert not (folder / ".coverage").exists()


def test_a_failure_that_a_plugin_calls_by_another_name_is_one(tmp_path: Path) -> None:
    hook = """
def pytest_report_teststatus(report):
    if report.when == "call" and report.failed: return "odd", "O", "ODD"
"""
    write(tmp_path, {"conftest.py": hook, "test_odd.py": "def test_fails(): assert 0\n"})
    (failed,) = finished(hear(tmp_path, pytest_command()))
    assert (failed.outcome, failed.phase) == ("failed", "call")
