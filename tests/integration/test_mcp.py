"""The MCP server as the SDK's own client meets it, over both wires and in both protocols."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gitrepo import GitRepo, git_env
from mcp import Client
from mcp.client.stdio import stdio_client
from mcp_project import (
    MODES,
    SLEEPER,
    Heard,
    Served,
    arguments,
    over_stdio,
    processes,
    project,
    report,
    runnable_python,
)
from project_python import project_python
from sandbox_here import MISSING, open_folder

MANY = 400
"""Gaps of the large file."""
EXECUTE = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def repo() -> Iterator[GitRepo]:
    lines = "".join(f"def f{n}():\n    return {n}\n" for n in range(MANY))
    with open_folder() as folder:
        yield project(
            folder / "project",
            **{
                "large.py": lines,
                "large.xml": report({"large.py": [1, 0] * MANY}),
                "sleeps/test_sleeper.py": SLEEPER,
            },
        )


@pytest.fixture(scope="module")
def served(repo: GitRepo) -> Iterator[Served]:
    server = Served(repo.root, "--sandbox", "off", "--python", project_python())
    yield server
    server.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(bounded())


@pytest.mark.parametrize("mode", MODES)
def test_over_http_every_event_is_a_numbered_notification_and_the_journal_has_the_same(
    served: Served, mode: str
) -> None:
    async def work() -> None:
        heard = Heard()
        async with served.client(mode, message_handler=heard.handler) as client:
            result = await client.call_tool(
                "coverage_analyze_stream", {"all_files": True}, progress_callback=heard.progress
            )
            journal = await client.read_resource(result.structured_content["journal"])
        events = heard.events()
        assert [event["type"] for event in events].count("gap") == 1
        assert events[-1]["type"] == "complete"
        assert heard.values == sorted(set(heard.values))
        assert heard.values[-1] == 100
        assert "Gap, low: shop.py:3 in price, not covered: 1 statement" in heard.messages
        header, *lines = journal.contents[0].text.splitlines()
        assert json.loads(header)["journal"] == "qe-action"
        assert [json.loads(line) for line in lines] == events
        assert result.structured_content["result"]["total_gaps"] == 1
        assert not result.is_error

    run(work)


@pytest.mark.parametrize("mode", MODES)
def test_over_stdio_it_serves_both_protocols_and_says_nothing_else_on_the_wire(
    repo: GitRepo, mode: str, tmp_path: Path
) -> None:
    async def work() -> None:
        heard = Heard()
        options = ("--sandbox", "off", "--python", project_python())
        with (tmp_path / "errors").open("w") as errors:
            transport = stdio_client(over_stdio(repo.root, *options), errlog=errors)
            async with Client(transport, mode=mode, message_handler=heard.handler) as client:
                noisy = [*EXECUTE, "-s", "test_shop.py"]
                result = await client.call_tool(
                    "test_execute_stream", {"command": noisy}, progress_callback=heard.progress
                )
                assert result.structured_content["result"]["counts"]["failed"] == 1
                assert heard.faults == []
        assert [event["id"] for event in heard.events() if event["type"] == "finished"] == [
            "test_shop.py::test_price",
            "test_shop.py::test_bad",
        ]
        assert any("test_bad failed at test_shop.py:7" in message for message in heard.messages)

    run(work)


def test_a_draining_twin_answers_the_same_and_tells_nothing(served: Served) -> None:
    async def work() -> None:
        heard, silent = Heard(), Heard()
        given = {"all_files": True}
        async with served.client(message_handler=silent.handler) as client:
            drained = await client.call_tool(
                "coverage_analyze", given, progress_callback=silent.progress
            )
            assert silent.notes == []
            live = await client.call_tool(
                "coverage_analyze_stream", given, progress_callback=heard.progress
            )
        one, other = (answer.structured_content["result"] for answer in (drained, live))
        assert {**one, "analysis_time_ms": 0} == {**other, "analysis_time_ms": 0}
        assert silent.messages == []

    run(work)


@pytest.mark.parametrize("mode", MODES)
def test_a_slow_client_gets_every_event(served: Served, mode: str) -> None:
    async def work() -> None:
        heard = Heard()

        async def slow(value: float, total: float | None, message: str | None) -> None:
            await asyncio.sleep(0.002)
            await heard.progress(value, total, message)

        async with served.client(mode, message_handler=heard.handler) as client:
            given = {"reports": ["large.xml"], "all_files": True}
            await client.call_tool("coverage_analyze_stream", given, progress_callback=slow)
            for _ in range(200):
                if len(heard.notes) > MANY and heard.events()[-1]["type"] == "complete":
                    break
                await asyncio.sleep(0.02)
        assert [event["type"] for event in heard.events()].count("gap") == MANY

    run(work)


def test_two_calls_at_once_each_get_their_own_events(served: Served) -> None:
    async def work() -> None:
        small, large = Heard(), Heard()
        async with served.client() as one, served.client("legacy") as other:
            await asyncio.gather(
                one.call_tool(
                    "coverage_analyze_stream",
                    {"all_files": True},
                    progress_callback=small.progress,
                ),
                other.call_tool(
                    "coverage_analyze_stream",
                    {"reports": ["large.xml"], "all_files": True},
                    progress_callback=large.progress,
                ),
            )
        assert sum(message.startswith("Gap, ") for message in small.messages) == 1
        assert sum(message.startswith("Gap, ") for message in large.messages) == MANY

    run(work)


async def sleeping(client: Client, name: str) -> asyncio.Task[Any]:
    """A call whose suite sleeps: the task, once the test runs."""
    begun = asyncio.Event()

    async def progress(_value: float, _total: float | None, message: str | None) -> None:
        if message == "1 test collected":
            begun.set()

    command = [*EXECUTE, "sleeps", "-k", f"sleeps or {name}"]
    call = asyncio.create_task(
        client.call_tool("test_execute_stream", {"command": command}, progress_callback=progress)
    )
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait({call, waiting}, return_when=asyncio.FIRST_COMPLETED)
    assert begun.is_set(), call
    return call


async def gone(name: str, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not processes(name):
            return True
        await asyncio.sleep(0.02)
    return False


LATEST = 5.0
"""Seconds in which all is gone: one is enough on a machine with nothing else to do."""


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_call_leaves_no_process_and_a_journal_that_says_so(
    served: Served, mode: str
) -> None:
    async def work() -> None:
        name = f"cancelled_{mode}"
        async with served.client(mode) as client:
            call = await sleeping(client, name)
            assert processes(name)
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call
            assert await gone(name, LATEST)
            listed = (await client.list_resources()).resources
            for _ in range(100):
                journal = (await client.read_resource(listed[-1].uri)).contents[0].text
                if '"complete"' in journal:
                    break
                await asyncio.sleep(0.02)
            assert json.loads(journal.splitlines()[-1])["conclusion"] == "cancelled"

    run(work)


def test_a_client_that_drops_its_connection_ends_the_work(served: Served) -> None:
    async def work() -> None:
        async def dropped() -> None:
            async with served.client() as client:
                await sleeping(client, "dropped")
                raise ConnectionError("pulled out")

        with suppress(Exception, BaseExceptionGroup):
            await dropped()
        assert await gone("dropped", LATEST)

    run(work)


@pytest.mark.skipif(MISSING, reason="needs Linux with Landlock")
@pytest.mark.parametrize(
    "how",
    [
        "cancel",
        pytest.param("end of input", marks=pytest.mark.slow),
        pytest.param("SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_in_the_sandbox_and_over_stdio_nothing_is_left(repo: GitRepo, how: str) -> None:
    """However a sandboxed suite is ended: its call, its client, or the server."""
    name = f"boxed_{how.split(maxsplit=1)[0]}"

    async def work(python: str) -> None:
        options = ("--python", python)
        with Path(os.devnull).open("w") as errors:
            transport = stdio_client(over_stdio(repo.root, *options), errlog=errors)
            async with Client(transport) as client:
                call = await sleeping(client, name)
                if how == "SIGTERM":
                    (pid,) = pids_of_server(python)
                    subprocess.run(["kill", "-TERM", pid], check=True)
                if how != "end of input":
                    call.cancel()
                    assert await gone(name, LATEST)
                call.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await call
        assert await gone(name, LATEST)

    with runnable_python() as python:
        if python is None:
            pytest.skip("no interpreter here that every user may run")
        run(lambda: work(python))


def pids_of_server(python: str) -> list[str]:
    """The server that was told to use this interpreter."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"mcp" in words and python.encode() in words and b"qe_action" in words:
                found.append(entry.name)
    return found


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_it_although_its_client_says_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = subprocess.Popen(
        [sys.executable, *arguments(tmp_path)],
        env=git_env(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    hello = {"protocolVersion": "2024-11-05", "capabilities": {}}
    hello["clientInfo"] = {"name": "old", "version": "1"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    server.stdin.write(b"no json\n" + json.dumps(request).encode() + b"\n")
    server.stdin.flush()
    answers = iter(server.stdout.readline, b"")
    answer = next(answer for line in answers if (answer := json.loads(line)).get("id") == 1)
    assert answer["result"]["protocolVersion"] == "2024-11-05"
    server.send_signal(number)
    out, errors = server.communicate(timeout=10)
    assert (server.returncode, out, errors) == (130, b"", b"")


def test_a_client_from_before_structured_results_gets_the_structure_as_text(repo: GitRepo) -> None:
    hello = {"protocolVersion": "2024-11-05", "capabilities": {}}
    hello["clientInfo"] = {"name": "old", "version": "1"}
    called = {"name": "coverage_analyze", "arguments": {"all_files": True}}
    messages = (
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": called},
    )
    server = subprocess.Popen(
        [sys.executable, *arguments(repo.root)],
        env=git_env(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    for message in messages:
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    server.stdin.flush()
    lines = map(json.loads, iter(server.stdout.readline, b""))
    result = next(line["result"] for line in lines if line.get("id") == 2)
    server.communicate(timeout=10)
    text, structure = result["content"]
    assert text["text"].startswith("No changed statement, project 75%")
    assert json.loads(structure["text"])["result"]["total_gaps"] == 1


@pytest.mark.slow
def test_a_server_over_http_that_is_told_to_end_ends_its_runs_and_says_nothing_more(
    repo: GitRepo,
) -> None:
    server = Served(repo.root, "--sandbox", "off", "--python", project_python())

    async def work() -> None:
        async with server.client() as client:
            call = await sleeping(client, "ended")
            server.process.send_signal(signal.SIGTERM)
            assert await gone("ended", LATEST)
            call.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await call

    with suppress(Exception):  # as the client says goodbye to a server that is gone
        run(work)
    assert not processes("sleeps or ended")
    _, errors = server.process.communicate(timeout=20)
    assert (server.process.returncode, errors) == (130, "")
