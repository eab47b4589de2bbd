"""The live page's events: everybody hears all of them, whenever they come and however slowly."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from live_pages import QUICK, Page, browser, frames_until, gap, served, step, told
from websockets.exceptions import ConnectionClosed, InvalidStatus

from qe_action.journal import encode
from qe_action.servers.live_history import FRAME, SHARED, History, Shown
from qe_action.servers.live_server import Limits

LONG = 2000
"""Events of 10 kB that fit no buffer of the system."""


def on_page(
    tmp_path: Path, work: Callable[[Page], Awaitable[None]], limits: Limits = QUICK
) -> None:
    async def main() -> None:
        async with served(tmp_path, limits=limits) as page:
            await work(page)

    asyncio.run(main())


def numbers(events: list[dict[str, object]]) -> list[object]:
    return [event["files_analyzed"] for event in events]


def test_browsers_that_come_early_late_or_at_the_end_are_told_the_same(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        run = page.shown.run
        async with browser(page) as early:
            greeting = json.loads(await early.recv())
            assert greeting == {
                "kind": "hello",
                "run": run.id,
                "title": "a run",
                "first": 0,
                "live": True,
            }
            for number in range(300):
                run.add(step(number))
                await asyncio.sleep(0)
            async with browser(page) as late:
                for number in range(300, 400):
                    run.add(step(number))
                run.end()
                frames = [{"first": 0, "kind": "hello"}, *await frames_until(early, "end")]
                assert numbers(told(frames)) == list(range(400))
                assert numbers(told(await frames_until(late, "end"))) == list(range(400))
        async with browser(page) as last:
            frames = await frames_until(last, "end")
            assert numbers(told(frames)) == list(range(400))
            assert frames[0]["live"] is False

    on_page(tmp_path, work)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("?run={run}&after=7", 7),
        ("?run={run}&after=10", 10),
        ("?run={run}&after=11", 0),
        ("?run=another&after=7", 0),
        ("?run={run}&after=-1", 0),
        ("?run={run}&after=٣", 0),
        ("?run={run}", 0),
    ],
)
def test_a_browser_that_comes_back_goes_on_where_it_was(
    tmp_path: Path, query: str, first: int
) -> None:
    async def work(page: Page) -> None:
        for number in range(10):
            page.shown.run.add(step(number))
        page.shown.run.end()
        async with browser(page, query.format(run=page.shown.run.id)) as client:
            frames = await frames_until(client, "end")
        assert frames[0]["first"] == first
        assert numbers(told(frames)) == list(range(first, 10))

    on_page(tmp_path, work)


def test_an_event_is_told_as_the_journal_has_it(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        event = gap('a"\n\u2028</script>.py')
        page.shown.run.add(event)
        page.shown.run.end()
        async with browser(page) as client:
            assert told(await frames_until(client, "end")) == [json.loads(encode(event))]

    on_page(tmp_path, work)


def test_frames_are_of_bounded_size_and_shared() -> None:
    async def main() -> None:
        run = History("long")
        for number in range(200):
            run.add(step(number, "x" * 10_000))
        run.add(step(200, "x" * (FRAME * 2)))
        index, sizes = 0, []
        while index < len(run):
            data, after = run.frame(index)
            assert run.frame(index)[0] is data
            assert len(json.loads(data)["events"]) == after - index
            sizes.append(len(data))
            index = after
        assert max(sizes[:-1]) <= FRAME + 100
        assert len(sizes) == 2 + 200 // 12
        assert run._size <= SHARED
        run.close()

    asyncio.run(main())


def test_a_full_disk_costs_no_event(tmp_path: Path) -> None:
    async def main() -> None:
        run = History("full")
        with Path("/dev/full").open("r+b", buffering=0) as full:
            for number in range(5):
                run.add(step(number))
            spool, run._log._spool = run._log._spool, full
            for number in range(5, 2000):
                run.add(step(number))
            run._log._spool = spool
            run.add(step(2000))
            index, seen = 0, []
            while index < len(run):
                data, index = run.frame(index)
                seen += numbers(json.loads(data)["events"])
        assert seen == list(range(2001))
        run.close()

    asyncio.run(main())


def test_who_takes_nothing_is_dropped_with_a_reason_and_keeps_nobody_waiting(
    tmp_path: Path,
) -> None:
    async def work(page: Page) -> None:
        run = page.shown.run
        async with (
            browser(page, max_queue=1, ping_interval=None) as deaf,
            browser(page) as other,
        ):
            for number in range(LONG):
                run.add(step(number, "x" * 10_000))
            run.end()
            assert len(told(await frames_until(other, "end"))) == LONG
            await asyncio.sleep(0.5)
            assert len(page.server._browsers) == 1
            with pytest.raises(ConnectionClosed):
                await frames_until(deaf, "end")

    on_page(tmp_path, work, Limits(gather=0, close=0.1, slow=0.2))


def test_who_reads_again_in_time_hears_why_it_is_dropped(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        run = page.shown.run
        async with browser(page, max_queue=1, ping_interval=None) as deaf:
            for number in range(LONG):
                run.add(step(number, "x" * 10_000))
            await asyncio.sleep(0.5)
            frames = await frames_until(deaf, "dropped")
            assert frames[-1]["reason"] == "It took nothing for 0.2 s."
            with pytest.raises(ConnectionClosed) as closed:
                await deaf.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013

    on_page(tmp_path, work, Limits(gather=0, close=5, slow=0.2))


@pytest.mark.parametrize(("said", "code"), [("hello", 1008), (b"x", 1008), ("x" * 2000, 1009)])
def test_a_browser_that_speaks_is_hung_up_on(tmp_path: Path, said: str | bytes, code: int) -> None:
    async def work(page: Page) -> None:
        async with browser(page) as client:
            await client.send(said)
            with pytest.raises(ConnectionClosed) as closed:
                await frames_until(client, "end")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code

    on_page(tmp_path, work)


def test_one_browser_too_many_is_told_so_and_takes_the_place_of_one_that_left(
    tmp_path: Path,
) -> None:
    async def work(page: Page) -> None:
        async with browser(page), browser(page) as second:
            with pytest.raises(InvalidStatus) as refused:
                await browser(page)
            assert refused.value.response.status_code == 503
            assert b"2 browsers show this page already" in refused.value.response.body
            await second.close()
            async with browser(page) as third:
                assert json.loads(await third.recv())["kind"] == "hello"

    on_page(tmp_path, work, Limits(browsers=2, gather=0, close=0.1))


def test_of_a_thousand_connections_those_within_the_limit_are_served(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        waiting, refused = [], 0
        for _ in range(300):
            waiting.append(await asyncio.open_connection("127.0.0.1", page.access.port))
        for reader, writer in waiting[50:]:
            refused += (await reader.read()).startswith(b"HTTP/1.1 503 ")
            writer.close()
        assert refused == 250
        for _, writer in waiting[:50]:
            writer.close()
        await asyncio.sleep(0.1)
        async with browser(page) as client:
            assert json.loads(await client.recv())["kind"] == "hello"

    on_page(tmp_path, work, Limits(connections=50, gather=0, close=0.1))


FEW_FILES = """
import asyncio, resource, sys
from pathlib import Path
from live_pages import served
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

async def main():
    async with served(Path.cwd()) as page:
        print(page.access.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


def test_a_process_of_few_files_stays_up_under_a_thousand_connections(tmp_path: Path) -> None:
    """As many as some systems let a process open; it would hear nobody any more."""
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", FEW_FILES],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process, ExitStack() as idle:  # fmt: skip
        assert process.stdout is not None
        port = int(process.stdout.readline())
        for _ in range(700):
            one = idle.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        time.sleep(1)
        idle.close()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
            answered = one.recv(100)
        assert process.communicate(timeout=10)[1] == ""
    assert answered.startswith(b"HTTP/1.1 421 ")


def test_another_run_in_its_place_is_told_from_the_start(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        before = page.shown.run
        before.add(step(1))
        async with browser(page) as client:
            await frames_until(client, "events")
            page.shown.begin()
            page.shown.run.add(step(2))
            page.shown.run.end()
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        async with browser(page, f"?run={before.id}&after=1") as client:
            assert numbers(told(await frames_until(client, "end"))) == [2]

    on_page(tmp_path, work)


def test_an_end_with_the_run_waits_until_browsers_have_heard_it(tmp_path: Path) -> None:
    async def work(page: Page) -> None:
        async with browser(page) as client:
            await client.recv()
            for number in range(100):
                page.shown.run.add(step(number))
            page.shown.run.end()
            await page.server.told_all(10)
            assert client.state.name == "OPEN"
            frames = [{"first": 0, "kind": "hello"}, *await frames_until(client, "end")]
            assert len(told(frames)) == 100

    on_page(tmp_path, work)


def test_nothing_is_left_when_the_page_ends(tmp_path: Path) -> None:
    async def main() -> None:
        async with served(tmp_path, shown=Shown("x")) as page:
            clients = [await browser(page) for _ in range(5)]
        for client in clients:
            await client.wait_closed()
            assert client.close_code == 1001
        mine = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not mine]
        assert [task for task in left if "live_server" in repr(task)] == []

    asyncio.run(main())


def test_who_takes_nothing_does_not_keep_the_page_from_ending(tmp_path: Path) -> None:
    async def main() -> None:
        limits = Limits(gather=0, close=0.1, slow=60)
        async with served(tmp_path, limits=limits) as page:
            client = await browser(page, max_queue=1, ping_interval=None)
            for number in range(LONG):
                page.shown.run.add(step(number, "x" * 10_000))
            await asyncio.sleep(0.2)
        assert page.server._open == set()
        client.transport.abort()

    asyncio.run(main())
