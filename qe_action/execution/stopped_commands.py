"""Nothing that a suite prints in a workflow is a command to GitHub's runner."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping

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
        # What the suite has printed may have no end of its line.
        sys.stdout.write(f"\n::{_stopped.pop()}::\n")
        sys.stdout.flush()
