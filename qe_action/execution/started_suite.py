"""A suite's command as a child of this process: the same terminal, streams and process group.

It is started before what reads its reports is imported, so that nobody waits for that.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from qe_action.errors import UsageError
from qe_action.execution.event_channel import EventChannel
from qe_action.execution.process_tree import ProcessTree
from qe_action.execution.stopped_commands import are_stopped, stop_commands
from qe_action.execution.suite_port import Run

MARK = "QE_ACTION_COMMAND"
"""The variable by which all that a command has started is found."""


class StartedSuite:
    """A command that runs, and the channel that it is heard through.

    `began` is when, as files are dated.
    """

    def __init__(self, run: Run, environment: Mapping[str, str], channel: EventChannel) -> None:
        mark = secrets.token_hex(8)
        given = {**environment, **channel.variables(run, environment), MARK: mark}
        self.run = run
        self.channel = channel
        self.began = time.time()
        _look_up(run.command[0], environment)  # before anything is said in the log
        self._go_on = stop_commands(environment)
        try:
            self._process = subprocess.Popen(run.command, cwd=run.folder, env=given)
        except BaseException:
            self._go_on()
            raise
        self.tree = ProcessTree(self._process.pid, f"{MARK}={mark}")

    @classmethod
    def start(cls, run: Run, environment: Mapping[str, str]) -> Self:
        """Start a command. Raises `UsageError` where there is none of its name."""
        channel = EventChannel()
        channel.open()
        try:
            return cls(run, environment, channel)
        except OSError as error:
            channel.close()
            raise _refused(run, error) from None
        except BaseException:
            channel.close()
            raise

    @property
    def code(self) -> int | None:
        """How it ended, as a shell says it; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    async def wait(self) -> int:
        """Wait until it has ended."""
        if sys.platform == "linux":
            with suppress(OSError):  # an old kernel
                await self._wait_for_descriptor(os.pidfd_open(self._process.pid))
        while (code := self.code) is None:
            await asyncio.sleep(0.05)
        return code

    async def _wait_for_descriptor(self, descriptor: int) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        try:
            loop.add_reader(descriptor, ended.set)
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def kill(self) -> None:
        """End it and all that it has started, now."""
        with suppress(OSError):
            self.tree.kill()
        with suppress(OSError):
            self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)

    def close(self) -> None:
        """Forget it; it is ended where it still runs."""
        if self.code is None:
            self.kill()
        elif are_stopped():  # what it has left behind could print commands for as long as it likes
            with suppress(OSError):
                self.tree.kill()
        self.channel.close()
        go_on, self._go_on = self._go_on, lambda: None
        go_on()


def start_early(words: Sequence[str], environment: Mapping[str, str]) -> StartedSuite | None:
    """The command in this folder, begun before anything is known of where it is shown.

    None where that has to be found out first: a comment may come from anybody, and where there is
    no such command the run says so.
    """
    if environment.get("GITHUB_EVENT_NAME") == "issue_comment":
        return None
    try:
        return StartedSuite.start(Run(tuple(words), Path.cwd()), environment)
    except UsageError:
        return None


def _look_up(name: str, environment: Mapping[str, str]) -> None:
    """Raises `FileNotFoundError` where no program of that name is on the path."""
    if not os.path.dirname(name) and shutil.which(name, path=environment.get("PATH")) is None:  # noqa: PTH120
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _refused(run: Run, error: OSError) -> UsageError:
    """Why a command can't be started."""
    name = run.command[0]
    if not run.folder.is_dir():
        return UsageError(f"There is no folder {run.folder} to run the tests in.")
    if isinstance(error, FileNotFoundError) and " " in name:
        return UsageError(
            f"There is no command {name!r}.",
            hint="It was given as one word: leave the quotes around it out.",
        )
    if isinstance(error, FileNotFoundError):
        return UsageError(
            f"There is no command {name!r}.",
            hint="It is started without a shell: name a program that is on the path, and install "
            "what runs the tests in an earlier step.",
        )
    return UsageError(
        f"The command {name!r} can't be started: {error.strerror}.",
        hint="It has to be a program that may be executed.",
    )
