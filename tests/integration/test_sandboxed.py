"""Tests of hostile projects, generated and judged behind all layers of the sandbox."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from generation import GOOD, SHAPES, ForkedRuns, generate, judge, project
from sandbox_here import MACHINE, MISSING, open_folder, overlay, prefixes, sandboxed_python

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GeneratorError
from qe_action.project_worker.client import WorkerLost
from qe_action.project_worker.sandboxed import SandboxChannel, SandboxedInterpreter
from qe_action.sandbox.machine import Machine
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.task import QETask

pytestmark = [
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    # The kernel counts a user's processes over all containers: not beside each other.
    pytest.mark.xdist_group("container"),
]

HOSTILE = """
import glob
import os
import signal
import socket
import sys
import time


def secrets():
    return [name for name, value in os.environ.items() if "hunter2" in value]


def readable(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read())
    except OSError:
        return False


def others():
    return [path for path in glob.glob("/proc/[0-9]*/environ") if readable(path)]


def reached(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def written(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True


def killed():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    killed = 0
    for pid in range(1, 5000):
        if pid not in (os.getpid(), os.getppid()):
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except OSError:
                pass
    return killed


def orphan():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    return 5


def eats():
    held = []
    while True:
        held.append(bytearray(64 << 20))


def bombs():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def slow(seconds):
    time.sleep(seconds)
    return 6
"""


@pytest.fixture(scope="module")
def interpreter() -> Iterator[SandboxedInterpreter]:
    python = sandboxed_python()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    with open_folder() as top:
        overlay(top / "overlay")
        yield SandboxedInterpreter(Sandbox(), Path(python), prefixes(python), top / "overlay")


def left(interpreter: SandboxedInterpreter) -> set[str]:
    """What still runs of the lab's workers and all they have started."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if (
                entry.name.isdigit()
                and str(interpreter.overlay).encode() in (entry / "environ").read_bytes()
            ):
                found.add(entry.name)
    return found


def test_what_a_project_may_not_reach(
    interpreter: SandboxedInterpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    monkeypatch.setenv("INPUT_GITHUB-TOKEN", "hunter2")
    project(tmp_path, {"hostile.py": HOSTILE})
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = judge(
            tmp_path,
            f"""
            import hostile

            def test_environment():
                assert hostile.secrets() == []

            def test_credentials():
                assert hostile.readable({str(tmp_path / ".git/config")!r}) is False

            def test_processes():
                assert hostile.others() == []

            def test_network():
                assert hostile.reached({server.getsockname()[1]}) is False

            def test_outside():
                assert hostile.written({str(tmp_path / "made")!r}) is False
            """,
            "hostile.py",
            at=ForkedRuns(interpreter),
        )
    assert sorted(outcome.shown) == [
        "test_credentials",
        "test_environment",
        "test_network",
        "test_outside",
        "test_processes",
    ], outcome.rejections
    assert not (tmp_path / "made").exists()


@pytest.mark.probes  # the sample has each of them alone
def test_attacks_on_the_neighbour_and_the_machine_end_alone(
    interpreter: SandboxedInterpreter, tmp_path: Path
) -> None:
    project(tmp_path, {"hostile.py": HOSTILE})
    outcome = judge(
        tmp_path,
        """
        import hostile

        def test_slow():
            assert hostile.slow(1.5) == 6

        def test_kills():
            assert hostile.killed() == 0

        def test_eats():
            assert hostile.eats() == 0

        def test_bombs():
            assert hostile.bombs() == 0

        def test_orphan():
            assert hostile.orphan() == 5
        """,
        "hostile.py",
        at=interpreter,
        time_budget=60.0,
        test_timeout=4.0,
    )
    assert "test_slow" in outcome.shown, outcome.why("test_slow")
    assert {"test_eats", "test_bombs"} <= set(outcome.refused)
    assert outcome.result.conclusion == "finished"
    assert not left(interpreter)


def test_tests_are_made_and_judged_in_the_sandbox(
    interpreter: SandboxedInterpreter, tmp_path: Path
) -> None:
    source = "def half(n: int) -> float:\n    return n / 2 if n > 0 else 0.0\n"
    project(tmp_path, {"half.py": source})
    outcome = generate({"repo": tmp_path, "file": "half.py", "time_budget": 30.0}, at=interpreter)
    assert outcome.accepted
    assert outcome.result.coverage_estimate == 100.0
    assert not outcome.result.notes


@pytest.mark.probes  # judging does, and its search meets code that hangs and dies
def test_a_search_meets_hostile_code(interpreter: SandboxedInterpreter, tmp_path: Path) -> None:
    source = (
        HOSTILE.partition("def bombs")[0]
        + "\n\ndef double(number: int) -> int:\n    return 2 * number\n"
    )
    project(tmp_path, {"hostile.py": source})
    context = {"repo": tmp_path, "file": "hostile.py", "time_budget": 60.0}
    task = QETask(task_type="test_generation", context=context)

    async def names() -> list[str]:
        """Those of the tests up to the harmless function's, which comes last."""
        found = []
        async with aclosing(
            TestGeneratorAgent(interpreter=interpreter).generate_tests_streaming(task)
        ) as events:
            async for event in events:
                if event.type == "test":
                    found.append(event.test_case.test_name)
                    if "double" in found[-1]:
                        break
        return found

    assert "double" in asyncio.run(names())[-1]
    assert not left(interpreter)


def test_a_missing_layer_means_that_nothing_is_run(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": f"open({str(tmp_path / 'ran')!r}, 'w')\n" + SHAPES})
    machine = Machine("linux", MACHINE.processor, root=True, landlock=0)
    interpreter = SandboxedInterpreter(Sandbox(machine=machine), Path(sys.executable))
    outcome = judge(tmp_path, GOOD, at=interpreter)
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert "Landlock" in error.message
    assert "sandbox: off" in (error.hint or "")
    assert not (tmp_path / "ran").exists()
    assert outcome.result.conclusion == "failed"


def test_a_stream_closed_early_leaves_nothing_in_the_sandbox(
    interpreter: SandboxedInterpreter, tmp_path: Path
) -> None:
    project(tmp_path, {"hostile.py": HOSTILE})
    tests = (
        "import hostile\n\ndef test_slow():\n    assert hostile.slow(600) == 6\n\n"
        "def test_orphan():\n    assert hostile.orphan() == 5\n"
    )

    async def for_a_while() -> None:
        agent = TestGeneratorAgent(interpreter=interpreter)
        context = {"repo": tmp_path, "file": "hostile.py", "tests": tests}
        task = QETask(task_type="test_generation", context=context)
        async with aclosing(agent.generate_tests_streaming(task)) as events:
            with suppress(TimeoutError):
                async with asyncio.timeout(3):
                    [event async for event in events]

    asyncio.run(for_a_while())
    assert not left(interpreter)


def test_what_ended_a_worker_is_said(interpreter: SandboxedInterpreter) -> None:
    async def ask() -> None:
        with open_folder() as top:
            (top / "eater.py").write_text(
                "import os\nfor _ in range(3): os.fork()\n"
                "held = []\nwhile True: held.append(b'x' * (1 << 24))\n"
            )
            place = {"module": "eater", "paths": [str(top)], "root": str(top)}
            request = {"op": "survey", "file": str(top / "eater.py"), **place}
            async with interpreter.worker(readable=(top,)) as worker:
                [answer async for answer in worker.ask(request, 60)]

    with pytest.raises(WorkerLost, match="memory"):
        asyncio.run(ask())


def test_a_worker_s_own_folder_is_empty_after_its_end(interpreter: SandboxedInterpreter) -> None:
    code = "open('large', 'wb').write(bytes(1 << 20)); print(flush=True); input()"

    async def left_behind() -> list[Path]:
        with open_folder() as top:
            own = top / "own"
            own.mkdir()
            policy = Policy(readable=prefixes(str(interpreter.python)), writable=(own,))
            running = await Sandbox().start([str(interpreter.python), "-c", code], policy)
            channel = SandboxChannel(running, own)
            await channel.read_line()
            assert (own / "large").exists()
            await channel.kill()
            return list(own.iterdir())

    assert asyncio.run(left_behind()) == []


def test_a_worker_that_wrote_too_much_is_followed_by_one_that_can_write(
    interpreter: SandboxedInterpreter,
) -> None:
    async def ask() -> list[dict[str, object]]:
        with open_folder() as top:
            module = top / "writer.py"
            module.write_text(
                "import os\nfor number in range(400):\n"
                "    open(f'{os.environ[\"HOME\"]}/{number}', 'wb').write(os.urandom(1 << 20))\n"
                "import time\ntime.sleep(30)\n"
            )
            place = {"module": "writer", "paths": [str(top)], "root": str(top)}
            request = {"op": "survey", "file": str(module), **place}
            async with interpreter.worker(readable=(top,)) as worker:
                with pytest.raises(WorkerLost, match="wrote too much"):
                    [answer async for answer in worker.ask(request, 60)]
                return [answer async for answer in worker.ask({"op": "hello"}, 60)]

    assert asyncio.run(ask())[-1]["done"]
