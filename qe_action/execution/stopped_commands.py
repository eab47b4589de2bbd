"""Nothing that a suite prints in a workflow is a command to GitHub's runner."""

from __future__ import annotations

import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Mapping

READ = 2.0
"""Seconds that the runner may take to read what was printed on standard error."""
_stopped: list[str] = []
"""The words that let the runner take commands again: one while it takes none."""


def are_stopped() -> bool:
    """Whether a command of ours would only be a line of the log now."""
    return bool(_stopped)


def stop_commands(environment: Mapping[str, str]) -> Callable[[], None]:
    """Have the runner take no commands, until what this returns is called.

    Outside of a workflow nothing is printed.
    """
    if environment.get("GITHUB_ACTIONS") != "true" or _stopped:
        return lambda: None
    word = secrets.token_hex(16)
    sys.stdout.write(f"::stop-commands::{word}\n")
    sys.stdout.flush()
    _stopped.append(word)
    return _go_on


def _go_on() -> None:
    if _stopped:
        _wait_for_reader()
        # What the suite has printed may have no end of its line.
        sys.stdout.write(f"\n::{_stopped.pop()}::\n")
        sys.stdout.flush()


def _wait_for_reader() -> None:
    """Let the runner read what stands in standard error: it keeps no order between the two."""
    if sys.platform != "linux":
        return
    import fcntl
    import termios

    until = time.monotonic() + READ
    try:
        if not stat.S_ISFIFO(os.fstat(2).st_mode):
            return
        while time.monotonic() < until:
            unread = fcntl.ioctl(2, termios.FIONREAD, b"\0" * 4)
            if not int.from_bytes(unread, sys.byteorder):
                return
            time.sleep(0.01)
    except OSError:  # it is closed
        pass
