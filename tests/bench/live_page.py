"""What the live page costs: 10,000 events to 50 browsers at once, all of them told everything.

    python tests/bench/live_page.py [--events 10000] [--browsers 50] [--rate 0]

By hand. The server is a process of its own; its peak memory and processor time are read there. The
browsers connect first, half of them then when half of the events are there. With `--rate` so many
events come a second, else as fast as they can.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from websockets.asyncio.client import connect

from qe_action.events import Event, Gap, GapFound


def an_event(number: int) -> Event:
    return GapFound(
        gap=Gap(
            id=f"{number:016x}",
            file_path=f"src/package_{number % 70}/module_{number % 500}.py",
            line_start=number % 900 + 1,
            line_end=number % 900 + 4,
            gap_type="uncovered",
            severity="medium",
            function="Service.handle_request",
            statements=4,
            missing_branches=("12", "exit"),
            branch_words=("the condition on line 12 was never true",),
            suggested_tests=("Call Service.handle_request with an empty body and see it raise.",),
            reasons=("not covered", "an error path", "called by 12 functions"),
        )
    )


async def serve(events: int, rate: float) -> None:
    from live_pages import served

    from qe_action.servers.live_server import Limits

    async with served(Path.cwd(), limits=Limits()) as page:
        print(json.dumps([page.host, page.access.token]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        begin = used()
        for number in range(events):
            page.shown.run.add(an_event(number))
            if rate:
                await asyncio.sleep(1 / rate)
            elif number % 50 == 0:
                await asyncio.sleep(0)
        page.shown.run.end()
        await asyncio.to_thread(sys.stdin.readline)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([used() - begin, peak]), flush=True)


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def hear(host: str, token: str, late: float) -> tuple[int, int]:
    """How many events a browser was told in their order, and in how many frames."""
    await asyncio.sleep(late)
    count = frames = 0
    address = f"ws://{host}/ws?token={token}"
    async with connect(address, compression=None, proxy=None, max_size=None) as client:
        async for message in client:
            said: Any = json.loads(message)
            if said["kind"] == "end":
                return count, frames
            if said["kind"] == "events":
                assert said["first"] == count
                count += len(said["events"])
                frames += 1
    raise AssertionError(f"cut off after {count} events")


async def measure(events: int, browsers: int, rate: float) -> None:
    command = [sys.executable, __file__, "--serve", "--events", str(events), "--rate", str(rate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        host, token = json.loads(server.stdout.readline())
        tasks = [
            asyncio.create_task(hear(host, token, 0.5 if number % 2 else 0))
            for number in range(browsers)
        ]
        await asyncio.sleep(0.3)
        begin = time.monotonic()
        print("", file=server.stdin, flush=True)
        heard = await asyncio.gather(*tasks)
        took = time.monotonic() - begin
        print("", file=server.stdin, flush=True)
        seconds, peak = json.loads(server.stdout.readline())
    assert {count for count, _ in heard} == {events}, "events were lost"
    print(f"{browsers} browsers were told {events:,} events each, none lost, in {took:.1f} s")
    print(f"frames to a browser: {min(f for _, f in heard)} to {max(f for _, f in heard)}")
    print(f"server: {seconds:.2f} s of processor time, {peak:.0f} MB at its peak")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--browsers", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    work = serve(given.events, given.rate)
    if not given.serve:
        work.close()
        work = measure(given.events, given.browsers, given.rate)
    asyncio.run(work)


if __name__ == "__main__":
    main()
