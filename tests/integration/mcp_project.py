"""A project with a report, and servers of it: in this process, and as programs over both wires."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from gitrepo import GitRepo, git_env
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ProgressNotification
from sandbox_here import open_folder, overlay, sandboxed_python

SHOP = "def price(n):\n    if n > 3:\n        return n * 2\n    return n\n"
TESTS = """\
from shop import price


def test_price(): assert price(1) == 1


def test_bad(): assert 0
"""
SLEEPER = """\
import os, subprocess, sys, time


def test_sleeps():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    time.sleep(600)
"""
MODES = ("auto", "legacy")
"""The newest version of the protocol, and the one before with its handshake."""


def report(files: dict[str, list[int]]) -> str:
    """A report in which each of these files has lines with so many hits."""
    classes = "".join(
        f'<class filename="{name}"><lines>'
        + "".join(f'<line number="{n}" hits="{hits}"/>' for n, hits in enumerate(lines, 1))
        + "</lines></class>"
        for name, lines in files.items()
    )
    package = f"<packages><package><classes>{classes}</classes></package></packages>"
    return f'<?xml version="1.0"?><coverage version="7">{package}</coverage>'


def project(root: Path, **more: str) -> GitRepo:
    """A repository whose tests miss one line."""
    made = GitRepo(root)
    made.commit(
        {
            "shop.py": SHOP,
            "test_shop.py": TESTS,
            "coverage.xml": report({"shop.py": [1, 1, 0, 1]}),
            **more,
        }
    )
    return made


@contextmanager
def runnable_python() -> Iterator[str | None]:
    """An interpreter with pytest that the sandbox's users may run; None where there is none."""
    python = sandboxed_python()
    if python is None:
        yield None
        return
    with open_folder() as folder:
        subprocess.run(
            [python, "-m", "venv", "--without-pip", folder / "venv"], check=True, timeout=60
        )
        (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        packages.rmdir()
        overlay(packages)
        yield str(folder / "venv" / "bin" / "python")


def arguments(repo: Path, *more: str) -> list[str]:
    return ["-P", "-m", "qe_action", "mcp", "--repo", str(repo), *more]


def over_stdio(repo: Path, *more: str) -> StdioServerParameters:
    """A server that the client starts."""
    env = {**git_env(), "HOME": tempfile.gettempdir()}
    return StdioServerParameters(command=sys.executable, args=arguments(repo, *more), env=env)


class Served:
    """A server over HTTP, as a program."""

    def __init__(self, repo: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments(repo, "--http", "0", *more)],
            env={**git_env(), "HOME": tempfile.gettempdir()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.url = self.process.stderr.readline().split()[3].rstrip(";")
        self.token = self.process.stderr.readline().split()[-1]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @asynccontextmanager
    async def client(self, mode: str = "auto", **more: Any) -> AsyncIterator[Client]:
        async with (
            httpx2.AsyncClient(headers=self.headers, timeout=60) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode, **more) as client,
        ):
            yield client

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()


class Heard:
    """What a client hears of its calls: the messages for people, and the notifications whole."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.values: list[float] = []
        self.notes: list[ProgressNotification] = []
        self.faults: list[Exception] = []

    async def progress(self, value: float, total: float | None, message: str | None) -> None:
        assert total == 100
        self.values.append(value)
        self.messages.append(message or "")

    async def handler(self, message: Any) -> None:
        if isinstance(message, ProgressNotification):
            self.notes.append(message)
        if isinstance(message, Exception):  # a line that is no message of the protocol
            self.faults.append(message)

    def events(self) -> list[dict[str, Any]]:
        """The events in the order of their numbers."""
        metas = [note.params.meta or {} for note in self.notes]
        ordered = sorted(metas, key=lambda meta: int(meta["qe/number"]))
        assert [meta["qe/number"] for meta in ordered] == list(range(len(ordered)))
        return [meta["qe/event"] for meta in ordered]


def processes(word: str) -> list[str]:
    """Command lines on this machine that have a word in them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (
                    (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                )
            except OSError:
                continue
            if word in line:
                found.append(line)
    return found
