"""A command as a child: how it ends, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from live_suite import counts, environment, hear, pytest_command, write

from qe_action.errors import UsageError
from qe_action.execution.plain import PlainRunner
from qe_action.execution.started_suite import StartedSuite
from qe_action.execution.suite_port import Ended, Run, Started

HANGS = """
import os, subprocess, sys, time
def test_ok(): pass
def test_hangs():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                             start_new_session=True)
    with open("pids", "w") as file:
        file.write("%d %d" % (os.getpid(), child.pid))
    time.sleep(600)
"""


def gone(pids: Path) -> bool:
    """Whether none of these processes runs."""
    for number in pids.read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):
            state = Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                return False
    return True


def test_a_test_that_hangs_is_named_with_its_stack(tmp_path: Path) -> None:
    write(tmp_path, {"test_slow.py": HANGS})
    heard = hear(tmp_path, pytest_command(), test_timeout=2.0)
    ended = heard[-1]
    assert isinstance(ended, Ended)
    assert (ended.why, ended.hung) == ("hung", "test_slow.py::test_hangs")
    assert ended.stack.splitlines()[-1] == (
        f'  File "{tmp_path / "test_slow.py"}", line 9 in test_hangs'
    )
    assert counts(heard)["passed"] == 1
    assert gone(tmp_path / "pids")


@pytest.mark.parametrize("shell", [False, True], ids=["pytest", "below a shell"])
def test_a_run_that_is_closed_early_leaves_nothing(tmp_path: Path, shell: bool) -> None:
    write(tmp_path, {"test_slow.py": HANGS})
    command = pytest_command()
    if shell:
        command = ("/bin/sh", "-c", f"{' '.join(command)}; true")

    async def close_early() -> None:
        async with aclosing(PlainRunner(environment()).run(Run(command, tmp_path))) as heard:
            async for message in heard:
                if isinstance(message, Started) and message.id.endswith("test_hangs"):
                    while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text():
                        await asyncio.sleep(0.01)
                    return

    asyncio.run(close_early())
    assert gone(tmp_path / "pids")


def test_a_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    program = "import os, time; open('pids', 'w').write(str(os.getpid())); time.sleep(600)"
    run = Run((sys.executable, "-c", program), tmp_path)

    async def cancel() -> None:
        runner = PlainRunner(environment())

        async def listen() -> None:
            async with aclosing(runner.run(run)) as heard:
                async for _ in heard:
                    pass

        task = asyncio.create_task(listen())
        while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert runner.code in (1, 130)

    asyncio.run(cancel())
    assert gone(tmp_path / "pids")


def test_the_exit_code_is_a_shells(tmp_path: Path) -> None:
    assert hear(tmp_path, (sys.executable, "-c", "raise SystemExit(7)")) == [Ended(7)]
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert hear(tmp_path, (sys.executable, "-c", killed)) == [Ended(137)]


def test_a_command_that_is_not_there_is_said_with_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(("no-such-program",), tmp_path)
    with pytest.raises(UsageError, match="There is no command 'no-such-program'") as caught:
        StartedSuite.start(run, {**os.environ, "GITHUB_ACTIONS": "true"})
    assert "without a shell" in caught.value.hint
    assert not capsys.readouterr().out, "the runner's commands need not be stopped for nothing"
    (tmp_path / "data").write_text("")
    with pytest.raises(UsageError, match="can't be started"):
        hear(tmp_path, (str(tmp_path / "data"),))
    with pytest.raises(UsageError, match="There is no folder"):
        hear(tmp_path / "none", ("true",))


def test_what_it_is_told_is_the_only_thing_that_is_added(tmp_path: Path) -> None:
    show = "import os, json; json.dump(dict(os.environ), open('env.json', 'w'))"
    hear(tmp_path, (sys.executable, "-c", show))
    import json

    found = json.loads((tmp_path / "env.json").read_text())
    added = {"QE_ACTION_SUITE", "QE_ACTION_COMMAND", "PYTHONPATH", "LC_CTYPE"}
    assert found.keys() - environment().keys() <= added
    assert not Path(found["QE_ACTION_SUITE"]).exists(), "the folder is gone with the run"
    assert os.environ.get("QE_ACTION_SUITE") is None


@pytest.mark.parametrize("kind", ["assert 0", pytest.param("pass", marks=pytest.mark.slow)])
def test_a_teardown_that_hangs_is_named_whatever_its_test_has_done(
    tmp_path: Path, kind: str
) -> None:
    fixture = "import pytest, time\n@pytest.fixture\ndef torn():\n    yield\n    time.sleep(600)\n"
    write(tmp_path, {"test_it.py": f"{fixture}def test_it(torn): {kind}\n"})
    ended = hear(tmp_path, pytest_command(), test_timeout=2.0)[-1]
    assert isinstance(ended, Ended)
    assert (ended.why, ended.hung) == ("hung", "test_it.py::test_it")


def test_in_a_workflow_nothing_is_left_that_could_print_commands(tmp_path: Path) -> None:
    leaves = (
        "import subprocess as s, sys\n"
        "p = s.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
        " start_new_session=True)\n"
        "open('pids', 'w').write(str(p.pid))\n"
    )
    run = Run((sys.executable, "-c", leaves), tmp_path)
    suite = StartedSuite.start(run, environment(GITHUB_ACTIONS="true"))
    assert asyncio.run(suite.wait()) == 0
    suite.close()
    assert gone(tmp_path / "pids")


def test_commands_are_taken_again_when_the_runner_has_read_both_streams() -> None:
    program = (
        "import os\n"
        "from qe_action.execution.stopped_commands import stop_commands\n"
        "go_on = stop_commands({'GITHUB_ACTIONS': 'true'})\n"
        "os.write(2, b'::error::forged\\n' * 100)\n"
        "go_on()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen((sys.executable, "-c", program), stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"::stop-commands::")
        assert not select.select([process.stdout], [], [], 0.3)[0]
        assert process.stderr.read(1600).count(b"forged") == 100
        assert process.stdout.read().strip().startswith(b"::")


@pytest.mark.slow
def test_a_suite_that_was_suspended_has_not_hung(tmp_path: Path) -> None:
    """As by Ctrl-Z and, after a while, `fg`."""
    write(tmp_path, {"test_it.py": "import time\ndef test_it():\n    open('on', 'w')\n"
                     "    for _ in range(20): time.sleep(0.1)\n"})  # fmt: skip
    program = (
        "import sys; from pathlib import Path; from live_suite import *\n"
        "print(hear(Path(sys.argv[1]), pytest_command(), test_timeout=4.0)[-1])\n"
    )
    command = (sys.executable, "-c", program, str(tmp_path))
    env = environment(PYTHONPATH=str(Path(__file__).parent))
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while not (tmp_path / "on").exists():
            time.sleep(0.02)
        time.sleep(0.5)  # that it has begun is heard by then
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(5)
        os.killpg(process.pid, signal.SIGCONT)
        assert "Ended(code=0, why=''" in process.communicate()[0]
