"""The way to a worker: real ones, and ones that hang, die, flood or talk nonsense."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from generation import interpreter

from qe_action.project_worker.client import ChannelWorker, PlainChannel, WorkerLost


async def answers(worker: Any, request: dict[str, Any], timeout: float = 30) -> list[Any]:
    return [answer async for answer in worker.ask(request, timeout)]


def started(program: str) -> Callable[[], Any]:
    """Starts a program in the place of a worker."""

    async def start() -> PlainChannel:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=8 << 20,
            start_new_session=True,
        )
        return PlainChannel(process)

    return start


def ask(program: str, timeout: float = 30, within: float | None = None) -> list[Any]:
    async def run() -> list[Any]:
        worker = ChannelWorker(started(program))
        try:
            return [one async for one in worker.ask({"op": "x"}, timeout, within)]
        finally:
            await worker.kill()

    return asyncio.run(run())


def test_a_worker_says_what_it_is_and_answers_again() -> None:
    async def run() -> None:
        async with interpreter().worker() as worker:
            for _ in range(2):
                (answer,) = await answers(worker, {"op": "hello"})
                assert answer["python"] == ".".join(map(str, sys.version_info[:3]))
                assert answer["pytest"] == pytest.__version__
                assert answer["coverage"]

    asyncio.run(run())


def test_an_unknown_request_is_an_error_and_the_next_one_works() -> None:
    async def run() -> None:
        async with interpreter().worker() as worker:
            with pytest.raises(WorkerLost, match="KeyError"):
                await answers(worker, {"op": "no such"})
            assert (await answers(worker, {"op": "hello"}))[-1]["done"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("pass", "its process ended"),
        ("input(); print('hello')", "no known form"),
        ("input(); print('[1]')", "no known form"),
        ("input(); print('{\"op\": 1}')", "no known form"),
        ('input(); print(\'{"op": "y"}\')', "not asked"),
        ('input(); print(\'{"op": "x", "done": "yes"}\')', "no known form"),
        ('input(); print(\'{"op": "x", "error": "E", "detail": "d"}\')', "E: d"),
        ("input(); print('x' * (9 << 20))", "limit|long"),
        ("import sys; sys.stdout.write('{'); sys.stdout.flush()", "its process ended"),
        ("import os; os.kill(os.getpid(), 9)", "its process ended"),
    ],
)
def test_what_is_no_answer_loses_the_worker(program: str, why: str) -> None:
    with pytest.raises(WorkerLost, match=why):
        ask(program)


def test_one_that_hangs_is_killed_in_time() -> None:
    with pytest.raises(WorkerLost, match="too long"):
        ask("import time; time.sleep(600)", timeout=0.3)


def test_one_without_end_is_killed() -> None:
    line = json.dumps({"op": "x"})
    with pytest.raises(WorkerLost, match="without end"):
        ask(f"while True: print({line!r})")


def test_one_that_answers_on_and_on_is_killed_in_time() -> None:
    program = 'import time\nwhile True: print(\'{"op": "x"}\', flush=True); time.sleep(0.1)'
    with pytest.raises(WorkerLost, match="too long"):
        ask(program, timeout=30, within=1)


def test_all_answers_to_a_request_are_bounded_together() -> None:
    program = f'while True: print(\'{{"op": "x", "y": "\' + \'y\' * {1 << 20} + \'"}}\')'
    with pytest.raises(WorkerLost, match="answer is too long"):
        ask(program)


def test_closing_early_ends_the_worker_and_what_it_started(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        f"    print(os.getpid(), end='', file=open({str(tmp_path / 'pid')!r}, 'w'), flush=True)\n"
        "    time.sleep(600)\n"
        f"while not (os.path.exists({str(tmp_path / 'pid')!r})"
        f" and os.path.getsize({str(tmp_path / 'pid')!r})): time.sleep(0.05)\n"
        'print(\'{"op": "x"}\', flush=True)\n'
        "time.sleep(600)\n"
    )

    async def run() -> None:
        worker = ChannelWorker(started(program))
        async with aclosing(worker.ask({"op": "x"})) as stream:
            async for _ in stream:
                break

    asyncio.run(run())
    assert (tmp_path / "pid").read_text(), "the child had not begun"
    child = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    until = time.monotonic() + 30.0  # a process that is killed ends when it has its turn
    while _runs(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_printing_can_t_forge_an_answer(tmp_path: Path) -> None:
    forged = json.dumps({"op": "check", "done": True, "end": "done", "outcomes": {}})
    (tmp_path / "m.py").write_text("x = 1\n")
    test = (
        f"import os\n\ndef test_x():\n    print({forged!r})\n    os.write(1, {forged.encode()!r})\n"
    )

    async def run() -> Any:
        async with interpreter().worker() as worker:
            request = {
                "op": "check",
                "root": str(tmp_path),
                "files": {"test_x.py": test},
                "arguments": ["-s", "-p", "no:cacheprovider", str(tmp_path / "test_x.py")],
                "file": str(tmp_path / "m.py"),
                "timeout": 30,
            }
            return (await answers(worker, request))[-1]

    answer = asyncio.run(run())
    assert list(answer["outcomes"].values()) == [["passed", ""]]
    assert not (tmp_path / "test_x.py").exists()


def test_the_environment_of_a_worker_is_its_own(tmp_path: Path) -> None:
    os.environ["QE_SECRET_FOR_TEST"] = "secret"
    try:
        test = 'import os\n\ndef test_x():\n    assert "QE_SECRET_FOR_TEST" not in os.environ\n'
        request = {
            "op": "check",
            "root": str(tmp_path),
            "files": {"test_x.py": test},
            "arguments": ["-p", "no:cacheprovider", str(tmp_path / "test_x.py")],
            "file": str(tmp_path / "m.py"),
            "timeout": 30,
        }

        async def run() -> Any:
            async with interpreter().worker(tmp_path) as worker:
                return (await answers(worker, request))[-1]

        assert list(asyncio.run(run())["outcomes"].values()) == [["passed", ""]]
    finally:
        del os.environ["QE_SECRET_FOR_TEST"]
