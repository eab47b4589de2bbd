"""Standard output and error: what may be written there, and that nobody may be reading."""

from __future__ import annotations

import io
import os
import sys

CLOSED_PIPE = 141
"""128 and the number of SIGPIPE: what a shell gives a program that SIGPIPE ends."""


def prepare() -> None:
    """File names know no code page: a pipe on Windows would stop at the first foreign one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def flush() -> None:
    """Write what is held back, while an error of it can still be told."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def mute() -> None:
    """Let the interpreter's last flush go nowhere where nobody reads any more."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
