"""Suites that are hostile, or do to their process what a watched run does not expect."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from live_suite import counts, environment, finished, hear, pytest_command, write

from qe_action.errors import UsageError
from qe_action.execution.plain import PlainRunner
from qe_action.execution.started_suite import StartedSuite
from qe_action.execution.suite_port import Ended, Message, Over, Run

FLOOD = """
import os, sys, time
if os.fork():
    time.sleep(0.2)
    sys.exit(0)
os.setsid()
pipe = os.open(os.environ["QE_ACTION_SUITE"] + "/events", os.O_WRONLY)
until = time.monotonic() + 15
while time.monotonic() < until:
    os.write(pipe, b"garbage\\n" * 500)
open("tired", "w")
"""

PATCHED = """
import os

def test_another_process(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert 0, "pid"

def test_another_write(monkeypatch):
    def no(*_): raise OSError(9, "fake")
    monkeypatch.setattr(os, "write", no)
    assert 0, "write"

def test_last():
    assert 0, "last"
"""

CONFTEST = """
import json, os, time

def boom(*_, **__):
    raise RuntimeError("patched")

json.dumps = json.loads = json.JSONEncoder.encode = boom
os.write = time.monotonic = time.time = boom
os.getpid = lambda: 7
"""

MUCH = """
import pytest

@pytest.mark.parametrize("number", range(250))
def test_much(number):
    print("\u00e9" * 4000)
    raise ValueError("\u00e9" * 9000)

def test_last():
    open("done", "w")
"""

CLOSED = """
import os

def test_before():
    os.closerange(3, 256)
    global kept
    kept = [os.open("data", os.O_CREAT | os.O_RDWR) for _ in range(40)]

def test_fails():
    assert 0
"""


def test_what_is_left_behind_may_say_on_and_on(tmp_path: Path) -> None:
    heard = hear(tmp_path, (sys.executable, "-c", FLOOD))
    (last,) = heard
    assert isinstance(last, Ended)
    assert last.code == 0
    assert last.lost > 0
    assert not (tmp_path / "tired").exists()


def test_failures_are_heard_whatever_a_test_puts_in_place_of_the_system_s(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": PATCHED})
    heard = hear(tmp_path, pytest_command())
    assert [each.message for each in finished(heard)] == [
        "AssertionError: pid\nassert 0",
        "AssertionError: write\nassert 0",
        "AssertionError: last\nassert 0",
    ]


def test_a_conftest_that_patches_everything_harms_neither(tmp_path: Path) -> None:
    write(tmp_path, {"conftest.py": CONFTEST, "test_it.py": "def test_bad(): assert 0\n"})
    heard = hear(tmp_path, pytest_command())
    assert (counts(heard), heard[-2].__class__, heard[-1]) == ({"failed": 1}, Over, Ended(1))


def test_nothing_is_written_to_a_file_that_took_the_pipe_s_number(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": CLOSED})
    heard = hear(tmp_path, pytest_command("-s"))
    assert (tmp_path / "data").read_bytes() == b""
    assert heard[-1] == Ended(1)
    assert counts(heard) == {"passed": 1, "failed": 1}


def test_a_plugin_s_own_failure_is_told_from_those_of_tests(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": "def test_bad(): assert 0\ndef unused():\n    return\n"})
    (plain,) = (each for each in hear(tmp_path, pytest_command()) if isinstance(each, Over))
    assert (plain.code, plain.failed_otherwise) == (1, False)
    measured = pytest_command("--cov=.", "--cov-report=", "--cov-fail-under=99")
    (over,) = (each for each in hear(tmp_path, measured) if isinstance(each, Over))
    assert (over.code, over.failed_otherwise) == (1, True)


def test_where_nothing_can_be_written_the_tests_run_unheard(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": "def test_ok(): pass\n"})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))  # as on a full disk
    try:
        assert hear(tmp_path, (sys.executable, "-c", "")) == [Ended(0)]
        with pytest.raises(UsageError, match="can't be started"):
            hear(tmp_path, (sys.executable, "-c", ""), only=("test_it.py::test_ok",))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)


def test_a_temporary_folder_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a:b").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a:b"))
    write(tmp_path, {"test_it.py": "def test_ok(): pass\n"})
    assert counts(hear(tmp_path, pytest_command())) == {"passed": 1}


def test_no_failure_is_lost_while_nobody_has_come_to_listen(tmp_path: Path) -> None:
    """As while the one who started the suite imports what shows it."""
    write(tmp_path, {"test_it.py": MUCH})
    suite = StartedSuite.start(Run(pytest_command("--tb=line"), tmp_path), environment())
    while not (tmp_path / "done").exists():
        time.sleep(0.05)

    async def hear_late() -> list[Message]:
        runner = PlainRunner(environment(), started=suite)
        return [message async for message in runner.run(suite.run)]

    heard = asyncio.run(hear_late())
    assert counts(heard) == {"failed": 250, "passed": 1}
    assert len(finished(heard)[0].output) > 1000


def test_no_test_takes_longer_than_all_of_them(tmp_path: Path) -> None:
    frozen = "    monkeypatch.setattr(_pytest.timing, 'perf_counter', lambda: 1e9)\n"
    frozen += "    monkeypatch.setattr(_pytest.timing, 'time', lambda: 4e9)\n    assert 0\n"
    write(tmp_path, {"test_it.py": f"import _pytest.timing\ndef test_it(monkeypatch):\n{frozen}"})
    (one,) = finished(hear(tmp_path, pytest_command()))
    assert (one.outcome, one.seconds) == ("failed", None)
