"""What stands between us and the sandboxed processes: `python -I -S supervisor.py`.

A program on its own: the standard library and what lies beside it. Descriptor 0, 1 and 2 are the
command's; it is told two more: on the first comes the plan as one line of JSON, and its end, or
any other byte, means that all is to be killed; on the second it says as JSON lines that the
command runs, and at the end how it ended.

It is a child subreaper, so whatever the sandboxed processes start and leave stays its
descendant: it is done when it has no child any more. It holds no secret and no variable.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # isolated, it finds nothing but the standard library
    sys.path.append(str(Path(__file__).parents[2]))

from qe_action.sandbox.disk import Disk
from qe_action.sandbox.loopback import Loopback, received
from qe_action.sandbox.memory import Memory
from qe_action.sandbox.processes import as_user, descendants

_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.03  # seconds between two looks at memory


def become_subreaper() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_ulong(value) for value in (1, 0, 0, 0)]
    if libc.prctl(ctypes.c_int(_PR_SET_CHILD_SUBREAPER), *values) != 0:
        raise OSError(ctypes.get_errno(), "no child subreaper")


class Watch:
    """Looks after memory, disk, number of processes and time of all descendants."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.memory = Memory(plan)
        self.disk = Disk(plan, descendants)
        self._most: int = plan["limits"]["processes"]
        self._ends = time.monotonic() + plan["wall"]

    def broken(self) -> str:
        """Which limit is broken; empty while none is."""
        if time.monotonic() > self._ends:
            return "wall"
        processes = descendants()
        if len(processes) > self._most + 1:
            return "processes"
        if self.memory.too_much(processes):
            return "memory"
        return "disk" if self.disk.too_much() else ""


def kill_user() -> bytes:
    os.kill(-1, signal.SIGKILL)
    return b""


def kill_all(plan: dict[str, Any], group: int | None = None) -> int:
    """Kill until no descendant is left; how many were still alive at first."""
    left = len(descendants())
    while True:
        if plan["uid"] is not None:  # in one step, so that nothing forks away
            as_user(plan, kill_user)
        for process in (*descendants(), *(() if group is None else (-group,))):
            try:
                os.kill(process, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return left
        time.sleep(0.002)


def forget_shared(plan: dict[str, Any]) -> None:
    """Remove what the user has left in memory that has names. Nothing of it runs any more."""
    if not plan["shared"] or plan["uid"] is None:
        return
    for path in Path(plan["shared"]).iterdir():
        with suppress(OSError):
            if path.lstat().st_uid == plan["uid"]:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def start(
    plan: dict[str, Any], control: int, report: int, way: socket.socket | None
) -> tuple[int, bytes]:
    """The launched process, and why it did not become the command; empty where it did.

    By `way` it sends what listens to its filter.
    """
    plan_source, plan_target = os.pipe()
    status_source, status_target = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            for descriptor in (plan_target, status_source, control, report):
                os.close(descriptor)
            told = [plan_source, status_target, *(() if way is None else (way.fileno(),))]
            for descriptor in told:
                os.set_inheritable(descriptor, True)
            python = [sys.executable, "-I", "-S", plan["launch"]]
            os.execve(  # noqa: S606 - no shell is wanted
                python[0], [*python, *map(str, told)], {}
            )
        finally:
            os._exit(127)
    os.close(plan_source)
    os.close(status_target)
    if way is not None:
        way.close()
    try:
        with open(plan_target, "wb") as pipe:  # noqa: PTH123 - a descriptor
            pipe.write(json.dumps({**plan, "parent": os.getpid()}).encode())
    except BrokenPipeError:
        pass  # it says why on the other pipe, or nothing
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    with open(status_source, "rb") as pipe:  # noqa: PTH123 - a descriptor
        said = pipe.read()
    if not said:  # killed, perhaps by its own filter
        said = b'{"layer": "the launcher ended early"}'
    return process, said.lstrip(b"\n")


def attend(
    process: int, watch: Watch, control: int, loopback: Loopback | None
) -> tuple[str, int | None, float]:
    """Wait for the command's end, or end it: why, its status, and its processor time."""
    wake, waker = os.pipe()
    for descriptor in (wake, waker):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ended = reaped(process)
        if ended is not None:
            return ended
        why = watch.broken()
        if why:
            return why, None, 0.0
        asked = [] if loopback is None else [loopback.listener]
        ready, _, _ = select.select([wake, control, *asked], [], [], _TICK)
        if loopback is not None and not loopback.answer():
            loopback = None
        if control in ready:
            return "killed", None, 0.0
        if wake in ready:
            os.read(wake, 4096)


def reaped(process: int) -> tuple[str, int | None, float] | None:
    """Take leave of who has ended: how the command did, where it is among them."""
    while True:
        try:
            gone, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return "lost", None, 0.0
        if gone == process:
            return "", status, usage.ru_utime + usage.ru_stime
        if gone == 0:
            return None


def supervise(control: int, report: int) -> None:
    with open(control, "rb", closefd=False) as pipe:
        line = pipe.readline()
    if not line.endswith(b"\n"):
        return
    plan = json.loads(line)
    if plan.get("sweep"):
        kill_all(plan)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if sys.platform == "linux":
        become_subreaper()
    began = time.monotonic()
    watch = Watch(plan)
    process = 0
    ended: dict[str, Any] = {}
    ours, theirs = socket.socketpair() if plan["loopback"] else (None, None)
    try:
        process, failed = start(plan, control, report, theirs)
        if failed:
            ended = json.loads(failed)
        else:
            os.write(report, b'{"runs": true}\n')
            listener = None if ours is None else received(ours)
            loopback = None if listener is None else Loopback(listener)
            why, status, processor = attend(process, watch, control, loopback)
            ended = {
                "why": why,
                "status": None if status is None else os.waitstatus_to_exitcode(status),
                "processor": round(processor, 3),
                "layers": plan["layers"],
            }
    finally:
        left = kill_all(plan, process or None)
        forget_shared(plan)
    ended.update(
        left=left,
        peak=watch.memory.peak,
        before=watch.disk.before,
        seconds=round(time.monotonic() - began, 3),
    )
    os.write(report, json.dumps(ended).encode() + b"\n")


if __name__ == "__main__":
    supervise(*(int(argument) for argument in sys.argv[1:]))
