"""A live page that is really served, and what asks for it: HTTP by hand, and WebSocket clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect

from qe_action.events import AnalyzerProgress, Event, Gap, GapFound
from qe_action.servers.live_access import Access
from qe_action.servers.live_history import Shown
from qe_action.servers.live_routes import Routes, RunSources
from qe_action.servers.live_server import Limits, LiveServer, bound

QUICK = Limits(gather=0.0, close=0.1)


class Page(NamedTuple):
    access: Access
    shown: Shown
    server: LiveServer

    @property
    def cookie(self) -> str:
        return self.access.set_cookie.partition(";")[0]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.access.port}"


@asynccontextmanager
async def served(
    root: Path, *, limits: Limits = QUICK, shown: Shown | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Page]:
    shown = shown or Shown("a run")
    place, _ = bound(host, 0)
    access = Access(host, place.getsockname()[1])
    server = LiveServer(Routes(access, shown, RunSources(root)), shown, limits)
    async with server.serving(place):
        yield Page(access, shown, server)
    shown.run.close()


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


async def ask(page: Page, target: str, method: str = "GET", **headers: str) -> Answered:
    """An answer by HTTP; with the right Host and the cookie where none are given."""
    given = {"host": page.host, "cookie": page.cookie, **headers}
    return await ask_plainly(page, target, [*given.items()], method)


async def ask_plainly(
    page: Page, target: str, headers: list[tuple[str, str]], method: str = "GET"
) -> Answered:
    """An answer to exactly these headers; `_` in a name stands for `-`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", page.access.port)
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers]
    writer.write("\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode())
    data = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    head, _, body = data.partition("\r\n\r\n")
    first, *rest = head.split("\r\n")
    pairs = [line.partition(": ") for line in rest]
    return Answered(int(first.split()[1]), {n.lower(): v for n, _, v in pairs}, body)


def browser(
    page: Page, query: str = "", headers: Mapping[str, str] | None = None, **options: Any
) -> connect:
    """A browser's connection for the events."""
    given = {"Cookie": page.cookie, "Origin": f"http://{page.host}", **(headers or {})}
    return connect(
        f"ws://{page.host}/ws{query}",
        additional_headers=given,
        compression=None,
        proxy=None,
        max_size=None,
        **options,
    )


async def frames_until(client: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """What is told up to a frame of this kind."""
    found = []
    while not found or found[-1]["kind"] != kind:
        found.append(json.loads(await asyncio.wait_for(client.recv(), 10)))
    return found


def told(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events of frames, each of which begins where the one before ended."""
    events: list[dict[str, Any]] = []
    begin = frames[0]["first"]
    for each in frames:
        if each["kind"] == "events":
            assert each["first"] == begin + len(events)
            events += each["events"]
    return events


def step(number: int, message: str = "step") -> Event:
    return AnalyzerProgress(percent=0, message=message, files_analyzed=number)


def gap(path: str) -> Event:
    return GapFound(
        gap=Gap(
            id="g",
            file_path=path,
            line_start=1,
            line_end=1,
            gap_type="uncovered",
            severity="low",
        )
    )
