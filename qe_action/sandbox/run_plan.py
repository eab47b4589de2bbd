"""What supervisor and launcher are told of a run."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from qe_action.sandbox import landlock, seccomp
from qe_action.sandbox.machine import Layers
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.users import User

_LAUNCHER = str(Path(__file__).parent / "launch.py")


def make_plan(
    command: tuple[str, ...],
    policy: Policy,
    held: Layers,
    slot: User,
    shielded: tuple[int, int],
    processor: str,
    closed: Collection[Path] = (),
) -> dict[str, Any]:
    """All that supervisor and launcher are told."""
    plan: dict[str, Any] = {
        "launch": _LAUNCHER,
        "command": command,
        "environment": policy.variables(),
        "folder": str(policy.folder),
        "writable": [str(folder) for folder in policy.writable],
        "uid": slot.uid,
        "guard": slot.guard,
        "network": policy.network,
        "loopback": policy.loopback and held.seccomp,
        "shared": landlock.SHARED_MEMORY if policy.shared_memory else "",
        "wall": policy.wall,
        "disk": policy.disk,
        "entries": policy.entries,
        "before": slot.before,
        "limits": _limits(policy),
        "landlock": None,
        "seccomp": None,
        "layers": {"user": slot.uid, "landlock": held.landlock, "weaker": held.weaker},
    }
    if held.seccomp:
        safe = held.user or landlock.keeps_signals(held.landlock)
        plan.update(_kernel(policy, held, None if safe else shielded, processor, closed))
    return plan


def _kernel(
    policy: Policy,
    held: Layers,
    shielded: tuple[int, int] | None,
    processor: str,
    closed: Collection[Path],
) -> dict[str, Any]:
    """What the kernel is to refuse: files and calls."""
    return {
        "landlock": {
            "attributes": landlock.attributes(held.landlock, network=policy.sockets).hex(),
            "rules": list(landlock.rules(policy, held.landlock, closed)),
        },
        "seccomp": seccomp.program(
            network=policy.network,
            loopback=policy.loopback,
            modes=held.user or policy.modes,
            shielded=shielded,
            machine=processor,
        ).hex(),
    }


def _limits(policy: Policy) -> dict[str, int | None]:
    return {
        "cpu": policy.cpu,
        "memory": policy.memory,
        "file_size": policy.file_size,
        "open_files": policy.open_files,
        "processes": policy.processes,
    }
