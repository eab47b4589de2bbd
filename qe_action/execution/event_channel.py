"""The channel through which a suite's own processes are heard while they run.

It is a folder that makes pytest find our plugin, with a pipe that the plugin writes to. Nobody at
the other end waits for us: the suite goes on where we are slow, and where we are gone.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qe_action.execution.live_module import write_live_module
from qe_action.execution.stack_dump import code_stack
from qe_action.worker.live_channel import MODULE, VARIABLE

if TYPE_CHECKING:  # a command is started before these are imported
    from qe_action.execution.heard import Heard
    from qe_action.execution.suite_port import Message, Run

PIPE = 1 << 20
"""Bytes that the pipe holds, where the system lets it."""
READ = 1 << 18
"""Bytes that are read at once."""
PAUSE = 0.05
"""Seconds between two looks into the pipe: waking up for each test would slow the tests down."""
STACK = 1 << 16
"""Bytes of the stacks that are read."""
WATCHED = 200
"""How many processes are asked for their stack."""


class EventChannel:
    """A channel for one run of a command, as an async context manager.

    `folder` is what the command's processes must see under the same path: they read it, and write
    to `events` and in `stacks`. With `shared` they may be another user's. `dropped` is how many
    messages were lost or not understood.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self._shared = shared
        self._heard: Heard | None = None
        self._ended = asyncio.Event()
        self._pipe = -1
        self._made: Path | None = None

    async def __aenter__(self) -> Self:
        self.open()
        return self

    def open(self) -> None:
        """Make the folder; where the disk takes none the command is run, and not heard."""
        try:
            # On PYTHONPATH a folder's name ends where the next one begins.
            place = "/tmp" if os.pathsep in tempfile.gettempdir() else None  # noqa: S108
            made = tempfile.mkdtemp(prefix="qe-action-suite-", dir=place)
            self._made = Path(made).resolve()
            write_live_module(self._made)
            if sys.platform != "win32":
                self._open()
        except OSError:
            self._remove()

    @property
    def folder(self) -> Path:
        """The folder, while `is_open`."""
        assert self._made is not None
        return self._made

    @property
    def is_open(self) -> bool:
        """Whether the command can be heard."""
        return self._pipe >= 0

    def _open(self) -> None:
        """Make the pipe, and the places that others write to."""
        others = 0o022 if self._shared else 0
        stacks, events = self.folder / "stacks", self.folder / "events"
        stacks.mkdir()
        stacks.chmod(0o711 | others)
        if self._shared:
            self.folder.chmod(0o755)
        os.mkfifo(events)
        events.chmod(0o600 | others)
        # Open for both, it neither waits for a writer nor ends with one.
        self._pipe = os.open(events, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        if sys.platform == "linux":
            import fcntl

            with suppress(OSError):
                fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, PIPE)

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the folder away."""
        self._ended.set()
        self._remove()

    def _remove(self) -> None:
        pipe, self._pipe = self._pipe, -1
        if pipe >= 0:
            os.close(pipe)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)

    @property
    def dropped(self) -> int:
        return self._heard.dropped if self._heard else 0

    def variables(self, run: Run, environment: Mapping[str, str]) -> dict[str, str]:
        """What the command's environment needs beside what it has: `environment`.

        Empty where nothing can be heard. Raises `OSError` where that is all that tests are run
        again for.
        """
        try:
            if self.is_open:
                return self._variables(run, environment)
        except OSError:
            self._remove()
        if run.is_part:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return {}

    def _variables(self, run: Run, environment: Mapping[str, str]) -> dict[str, str]:
        settings = self.folder / "settings.json"
        only = list(run.only) if run.only else None
        told = {"only": only, "without": run.without}
        settings.write_text(json.dumps(told), encoding="utf-8")
        settings.chmod(0o644)
        path = environment.get("PYTHONPATH", "")
        found = {
            VARIABLE: str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(self.folder), path))),
        }
        if environment.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            plugins = environment.get("PYTEST_PLUGINS", "")
            found["PYTEST_PLUGINS"] = ",".join(filter(None, (plugins, MODULE)))
        if run.is_part:  # the first run's data stays
            found["COVERAGE_FILE"] = str(self.folder / "stacks" / "coverage")
        return found

    def end(self) -> None:
        """All writers are gone: what they have written is the end of the messages."""
        self._ended.set()

    async def messages(self) -> AsyncGenerator[Message, None]:
        """What is heard, until `end` was called and all is read."""
        from qe_action.execution.heard import Heard

        heard = self._heard = Heard()
        rest = PIPE
        while True:
            ended = self._ended.is_set()
            data = self._read()
            for message in heard.take(data):
                yield message
            if ended:
                rest -= len(data)  # what has left the command behind may write on for ever
                if not data or rest <= 0:
                    return
                await asyncio.sleep(0)
            elif len(data) == READ:  # there is more
                await asyncio.sleep(0)
            elif data:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), PAUSE)
            else:
                await self._something()

    def _read(self) -> bytes:
        if self._pipe < 0:
            return b""
        try:
            return os.read(self._pipe, READ)
        except BlockingIOError:
            return b""

    async def _something(self) -> None:
        """Wait until there is something to read, or nothing more will come."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        if self._pipe >= 0:
            loop.add_reader(self._pipe, ready.set)
        waits = {asyncio.create_task(each.wait()) for each in (ready, self._ended)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._pipe >= 0:
                loop.remove_reader(self._pipe)
            for each in waits:
                each.cancel()

    def stack(self) -> str:
        """Where the processes were when a signal asked them; bounded."""
        parts: list[str] = []
        left = STACK
        for name in self._stacks():
            with suppress(OSError):
                text = _beginning(self.folder / "stacks" / name, left).strip()
                left -= len(text)
                if text:
                    parts.append(text)
        return code_stack("\n".join(parts))

    @property
    def stack_signal(self) -> int:
        """The signal at which they do; 0 where there is none."""
        return getattr(signal, "SIGRTMAX", 0) - 2

    def watched(self) -> frozenset[int]:
        """The processes that write their stack at a signal; a name may be forged."""
        return frozenset(map(int, self._stacks()))

    def _stacks(self) -> list[str]:
        """The files that stacks are written to, each named after a process."""
        if not self.is_open:
            return []
        with suppress(OSError), os.scandir(self.folder / "stacks") as entries:
            names = [entry.name for entry in islice(entries, WATCHED)]
            return sorted(name for name in names if name.isascii() and name.isdigit())
        return []


def _beginning(path: Path, most: int) -> str:
    """The first bytes of what may be no ordinary file. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(descriptor, most).decode("utf-8", "replace")
    finally:
        os.close(descriptor)
