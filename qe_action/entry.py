"""How the program starts: what is secret leaves the environment before anything else is done.

The environment that a process was started with stays readable to its children in /proc, whatever
is removed from it later. So the program starts itself once more, in the same process, with the
token handed over through a pipe. This comes before all that takes time to import.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping

TOKENS = ("INPUT_TOKEN", "GITHUB_TOKEN")
"""Variables that may hold the token; the first that does goes."""
FORGOTTEN = ("GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN", "RUNNER_TOKEN")
"""Variables with secrets that we need for nothing."""
FORGOTTEN_KINDS = ("ACTIONS_",)
"""Beginnings of the names of the runner's own secrets."""
_HANDED = "QE_ACTION_HANDED"
"""Names the pipe, after the process that it is for: anybody may set a variable."""
_LONGEST = 4096
"""Bytes of the longest token that is handed over; a pipe takes as much at once."""
_SET_DUMPABLE = 4


def main() -> int:
    """Run a command and return its exit code."""
    secrets = _secrets()
    if secrets:
        _close_to_others()
    from qe_action.cli import main as command

    return command(secrets=secrets)


def _secrets() -> Mapping[str, str]:
    """The token by its variable's name, once this process's environment has nothing secret.

    Where the program can't start itself again, it is out of `os.environ` all the same.
    """
    handed = os.environ.pop(_HANDED, "")
    held = {name: os.environ.pop(name) for name in list(os.environ) if _is_secret(name)}
    if not any(held.values()):
        return _named(_received(handed))
    token = next((held[name] for name in TOKENS if held.get(name, "").strip()), "")
    if sys.platform != "win32" and not _debugged():
        _start_again(os.fsencode(token))
    return _named(token)


def _is_secret(name: str) -> bool:
    return name in TOKENS or name in FORGOTTEN or name.startswith(FORGOTTEN_KINDS)


def _named(token: str) -> Mapping[str, str]:
    return {TOKENS[0]: token} if token else {}


def _debugged() -> bool:
    """Whether a debugger holds this interpreter: it would lose hold of the next."""
    return not {"bdb", "pydevd"}.isdisjoint(sys.modules)


def _start_again(token: bytes) -> None:
    """The same command in the same process; returns only where that can't be done."""
    if len(token) > _LONGEST or not sys.executable:
        return
    source, target = os.pipe()
    try:
        os.write(target, token)
        os.set_inheritable(source, True)
        os.execve(  # noqa: S606 - no shell is wanted
            sys.executable,
            [sys.executable, *sys.orig_argv[1:]],
            {**os.environ, _HANDED: f"{os.getpid()} {source}"},
        )
    except OSError:
        os.close(source)
    finally:
        os.close(target)


def _received(handed: str) -> str:
    """The token that the start before this one has handed over."""
    process, _, number = handed.partition(" ")
    if process != str(os.getpid()) or not number.isdecimal():
        return ""
    try:
        if not stat.S_ISFIFO(os.fstat(int(number)).st_mode):
            return ""
        with os.fdopen(int(number), "rb") as pipe:
            return os.fsdecode(pipe.read(_LONGEST))
    except (OSError, OverflowError):
        return ""


def _close_to_others() -> None:
    """Keep other processes of our user out of our memory and out of what /proc has of us."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(*map(ctypes.c_ulong, (_SET_DUMPABLE, 0, 0, 0, 0)))
