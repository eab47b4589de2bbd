"""How much memory the sandboxed processes hold, the kernel's for them included.

Sockets, pipes, locks, tables and shared memory that nobody has mapped any more are in no process's
figure, and a container may make no control group. So two figures bound them: by how much the
kernel's own memory on the machine has grown since the run began, and what the descriptors and
mappings of the processes can hold at the most. The smaller one counts, but no less than half of
what the descriptors can hold: others may give memory back while a run takes it.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from qe_action.sandbox.processes import (
    PROC,
    as_user,
    descriptors,
    pages,
    proportional,
    resident,
    sends_descriptors,
    threads,
)

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PIPE = 16 * _PAGE
_BESIDE = 32 << 20  # a process's page tables, mappings and watched descriptors
_LOCK = 256
_PAUSE = 1.0  # seconds between two close looks
_NOISE = 16 << 20  # of the kernel's own, which comes and goes
_USUAL_BUFFER = 212_992
_TCP_BUFFERS = 10 << 20
_GIVEN_BACK = ("MemFree", "Buffers", "Cached", "SwapCached", "SReclaimable", "AnonPages")


class Memory:
    """What is held, against a limit; `peak` is the most that was seen."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.peak = 0
        self._plan = plan
        self._most: int = plan["limits"]["memory"]
        self._kernel, self._shared = of_the_machine()
        self._socket = socket_size(network=plan["network"] or plan["loopback"])
        self._next = time.monotonic() + _PAUSE

    def too_much(self, processes: list[int]) -> bool:
        """Looks closer, which costs a process, where the quick figures add up to too much.

        And now and then, since they may deceive.
        """
        kernel, shared = of_the_machine()
        self._kernel, self._shared = min(kernel, self._kernel), min(shared, self._shared)
        grown = max(0, kernel - self._kernel - _NOISE), max(0, shared - self._shared)
        used = sum(map(resident, processes))
        if used + sum(grown) > self._most or time.monotonic() > self._next:
            self._next = time.monotonic() + _PAUSE
            used = self._closely(processes, *grown, used)
        self.peak = max(self.peak, used)
        return used > self._most

    def _closely(self, processes: list[int], kernel: int, shared: int, used: int) -> int:
        """What forks share is counted once a process above; only their user may see more."""
        said = as_user(self._plan, lambda: json.dumps(self._look(processes)).encode())
        if not said:  # the look failed: believe the quick figures
            return used + kernel + shared
        held, in_shared, opened, shares = json.loads(said)
        most = opened + _BESIDE * len(processes)
        unmapped = max(0, shared - in_shared) if shares else 0
        return int(held + max(min(kernel, most), opened // 2) + unmapped)

    def _look(self, processes: list[int]) -> tuple[int, int, int, bool]:
        parts = [proportional(process) for process in processes]
        tasks = [task for process in processes for task in threads(process)]
        held = Held(self._socket)
        for task in tasks:
            held.add(task, self._plan["limits"]["open_files"])
        return sum(a for a, _ in parts), sum(b for _, b in parts), held.most(), held.shares


class Held:
    """What the kernel can hold for the descriptors of some threads; each is counted once."""

    def __init__(self, socket: int) -> None:
        self.shares = False
        self._socket = socket
        self._hidden = 0
        self._under_way = 0
        self._seen: set[str] = set()

    def add(self, task: int, files: int) -> None:
        try:
            opened = descriptors(task)
        except PermissionError:
            # It made itself unreadable, or has ended: as many as there can be.
            self._hidden += files if pages(task) else 0
            opened = {}
        except OSError:
            opened = {}  # gone in the meantime
        self._seen.update(opened.values())
        for number, target in opened.items():
            if target.startswith("socket:") and sends_descriptors(task, number):
                self._under_way = files  # the kernel lets a user have no more of them
        self.shares = self.shares or shares(task)

    def most(self) -> int:
        sockets = sum(target.startswith("socket:") for target in self._seen)
        sockets += self._hidden + self._under_way
        pipes = sum(target.startswith("pipe:") for target in self._seen)
        try:
            with open(f"{PROC}/locks", "rb") as listing:  # noqa: PTH123 - as short as can be
                locks = sum(1 for _ in listing)
        except OSError:
            locks = 0
        return sockets * self._socket + pipes * _PIPE + locks * _LOCK


def shares(task: int) -> bool:
    """Whether it has memory that it may share and that lies in no file with a name."""
    try:
        with open(f"{PROC}/{task}/maps", "rb") as listing:  # noqa: PTH123 - as short as can be
            return any(line.rstrip().endswith(b"(deleted)") for line in listing)
    except PermissionError:
        return True
    except OSError:
        return False


def socket_size(*, network: bool) -> int:
    """Bytes that wait in one socket at the most: what is sent last may go over the limit."""
    if network:
        return sum(_sysctl(f"ipv4/tcp_{way}mem", _TCP_BUFFERS) for way in "rw")
    return _sysctl("core/wmem_default", _USUAL_BUFFER) * 3 // 2


def _sysctl(name: str, usual: int) -> int:
    try:
        return int((PROC / "sys/net" / name).read_text(encoding="ascii").split()[-1])
    except (OSError, ValueError, IndexError):
        return usual


def of_the_machine() -> tuple[int, int]:
    """Bytes that the kernel holds for itself and can't give back, and bytes of shared memory."""
    try:
        text = (PROC / "meminfo").read_text(encoding="ascii")
        found = {
            name: int(rest.split()[0])
            for name, _, rest in (line.partition(":") for line in text.splitlines()[:40])
        }
        kernel = found["MemTotal"] - sum(found.get(name, 0) for name in _GIVEN_BACK)
        return kernel * 1024, found["Shmem"] * 1024
    except (OSError, ValueError, IndexError, KeyError):
        return 0, 0
