"""How the program starts: what is secret leaves the environment before anything else is done.

The environment that a process was started with stays readable in /proc, to its children and to
other programs of its user, whatever is removed from it later. So the secrets are overwritten where
the kernel has put them, and from then on nobody may look into this process. It is not started
again for that: a new program can be looked into until it says otherwise, and who has opened its
memory or its pipes by then keeps them. This comes before all that takes time to import.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

SECRETS: Mapping[str, str] = {
    "INPUT_TOKEN": "GITHUB_TOKEN",
    "INPUT_MODEL-KEY": "QE_MODEL_KEY",
    "INPUT_MODEL-HEADERS": "QE_MODEL_HEADERS",
    "INPUT_PR-TOKEN": "QE_PR_TOKEN",
}
"""Variables of the secrets that we need, each with another that may hold it in place of that."""
FORGOTTEN = ("GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN", "RUNNER_TOKEN")
"""Variables with secrets that we need for nothing."""
FORGOTTEN_KINDS = ("ACTIONS_",)
"""Beginnings of the names of the runner's own secrets."""
STRANGE = (
    *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE"),
    *("_ARGCOMPLETE", "_ARGCOMPLETE_STDOUT_FILENAME"),
)
"""Variables by which a library of ours would load a stranger's code, write our keys down, or do
something else than it was asked to. An earlier step of a job may have set them."""
_SET_DUMPABLE = 4


def main() -> int:
    """Run a command and return its exit code."""
    if os.environ.get("GITHUB_ACTIONS"):  # elsewhere they are the user's own
        for name in STRANGE:
            os.environ.pop(name, None)
    secrets = _secrets()
    from qe_action.cli import main as command

    return command(secrets=secrets)


def _secrets() -> Mapping[str, str]:
    """Our secrets by their first names, once this process's environment has nothing secret."""
    names = [name for name in os.environ if _is_secret(name)]
    if not any(os.environ[name] for name in names):
        return {}
    if sys.platform == "linux":
        _close_to_others()
        places = _places()
    held = {name: os.environ.pop(name) for name in names}
    if sys.platform == "linux":
        _overwrite(places)
    found = {}
    for first, other in SECRETS.items():
        value = next((held[name] for name in (first, other) if held.get(name, "").strip()), "")
        if value:
            found[first] = value
    return found


def _is_secret(name: str) -> bool:
    ours = name in SECRETS or name in SECRETS.values()
    return ours or name in FORGOTTEN or name.startswith(FORGOTTEN_KINDS)


def _close_to_others() -> None:
    """Keep other processes of our user out of our memory and out of what /proc has of us.

    It also keeps the kernel from writing our memory to a file; that of the programs we start, the
    limit does.
    """
    import ctypes
    import resource

    ctypes.CDLL(None).prctl(*map(ctypes.c_ulong, (_SET_DUMPABLE, 0, 0, 0, 0)))
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard != 0:  # with 0 a crash would still start the machine's handler
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def _places() -> list[tuple[int, int]]:
    """Where in memory the secrets of the environment are: address and length."""
    import ctypes

    entries = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    found = []
    number = 0
    while address := entries[number]:
        entry = ctypes.string_at(address)
        if _is_secret(os.fsdecode(entry.partition(b"=")[0])):
            found.append((address, len(entry)))
        number += 1
    return found


def _overwrite(places: list[tuple[int, int]]) -> None:
    """Write over them; only once the environment no longer leads to them."""
    import ctypes

    for address, length in places:
        ctypes.memset(address, 0, length)
