"""What this machine has for a sandbox, and what a run there would be protected by."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from qe_action.errors import SandboxUnavailable
from qe_action.sandbox import landlock
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.syscall_numbers import MACHINES

_OFF = "Only with code you trust, on a machine of your own: set `sandbox: off`."
_ELSEWHERE = "Run them on Linux, in the action or in a container."
_LEAST = {True: 1, False: 3}
"""The oldest version of Landlock that is enough, by whether we are root."""


@dataclass(frozen=True)
class Machine:
    """The facts that decide."""

    system: str
    processor: str
    root: bool
    landlock: int

    @classmethod
    def here(cls) -> Machine:
        if sys.platform != "linux":
            return cls(sys.platform, platform.machine(), False, 0)
        return cls("linux", platform.machine(), os.geteuid() == 0, landlock.version())


@dataclass(frozen=True)
class Layers:
    """What holds around a run. `weaker` says, for people, what does not."""

    user: bool
    landlock: int
    seccomp: bool
    weaker: tuple[str, ...] = ()


def layers(machine: Machine, policy: Policy, *, off: bool = False) -> Layers:
    """What a run under `policy` is protected by.

    Raises `SandboxUnavailable` where a layer is missing, unless the user wants none.
    """
    if machine.system == "win32":
        raise SandboxUnavailable("Generated tests can't be run on Windows.", hint=_ELSEWHERE)
    if off:
        return Layers(False, 0, False, ("the sandbox is switched off",))
    if machine.system != "linux":
        raise SandboxUnavailable("The sandbox for generated tests needs Linux.", hint=_OFF)
    if machine.processor not in MACHINES:
        raise SandboxUnavailable(
            f"The sandbox knows no system calls of {machine.processor}.", hint=_OFF
        )
    least = _LEAST[machine.root]
    if machine.landlock < least:
        raise SandboxUnavailable(
            f"The kernel has version {machine.landlock} of Landlock; {least} is needed"
            f"{'' if machine.root else ' when not root'}.",
            hint=_OFF,
        )
    if (policy.proc or policy.shared_memory) and not machine.root:
        what = "/proc" if policy.proc else "Shared memory"
        raise SandboxUnavailable(f"{what} can't be shown without a user of its own.", hint=_OFF)
    return Layers(machine.root, machine.landlock, True, tuple(_weaker(machine, policy)))


def _weaker(machine: Machine, policy: Policy) -> list[str]:
    found = []
    if policy.network:
        found.append("the network is open, this machine's own services with it")
    elif policy.loopback:
        found.append("services that listen on this machine can be reached by TCP")
    if machine.landlock < 2:
        found.append("files can't be moved between folders")
    if machine.landlock < 3:
        found.append("files that every user may write can be cut short")
    if machine.root:
        return found
    found.append("no user of its own: Landlock alone keeps files and /proc out of reach")
    found.append("times of the user's files can be changed")
    if policy.modes:
        found.append("modes of all files of the user can be changed")
    if not landlock.keeps_signals(machine.landlock):
        found.append("signals may reach younger processes of the user (Linux 6.12 keeps them in)")
    return found
