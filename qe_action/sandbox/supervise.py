"""What stands between us and the sandboxed processes: `python -I -S supervise.py`.

A program on its own, standard library only. Descriptor 0, 1 and 2 are the command's; it is told
two more: on the first comes the plan as one line of JSON, and its end, or any other byte, means
that all is to be killed; on the second it says as JSON lines that the command runs, and at the
end how it ended.

It is a child subreaper, so whatever the sandboxed processes start and leave stays its
descendant: it is done when it has no child any more. It holds no secret and no variable.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.03  # seconds between two looks at memory
_WALK_PAUSE = 0.3  # seconds between two looks at the disk
_WALK_SLICE = 0.005  # seconds of one that are spent at a time
_WALK_MOST = 200_000  # entries of the writable folders
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


def become_subreaper() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_ulong(value) for value in (1, 0, 0, 0)]
    if libc.prctl(ctypes.c_int(_PR_SET_CHILD_SUBREAPER), *values) != 0:
        raise OSError(ctypes.get_errno(), "no child subreaper")


def children(process: int) -> Iterator[int]:
    try:
        for task in (_PROC / str(process) / "task").iterdir():
            yield from map(int, (task / "children").read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return


def all_children() -> dict[int, list[int]]:
    """The children of every process, for kernels that don't list them."""
    found: dict[int, list[int]] = {}
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():  # noqa: PTH208 - names are enough
        try:
            text = (_PROC / name / "stat").read_bytes() if name.isdigit() else b""
            parent = int(text.rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        found.setdefault(parent, []).append(int(name))
    return found


_LISTED = (_PROC / "thread-self" / "children").exists()


def descendants() -> list[int]:
    """All processes below this one."""
    found: list[int] = []
    waiting = [os.getpid()]
    known = {} if _LISTED else all_children()
    while waiting:
        process = waiting.pop()
        below = list(children(process)) if _LISTED else known.get(process, [])
        found += below
        waiting += below
    return found


def as_user(plan: dict[str, Any], act: Callable[[], bytes]) -> bytes:
    """What `act` gives, called in a process with the sandbox's user (here if there is none).

    Its real user is another one, which makes it a process that the sandboxed can't signal.
    """
    uid, guard = plan["uid"], plan["guard"]
    if uid is None:
        return act()
    source, target = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(guard, uid, guard)
            os.write(target, act())
        finally:
            os._exit(0)
    os.close(target)
    with open(source, "rb") as pipe:  # noqa: PTH123 - a descriptor
        said = pipe.read()
    os.waitpid(helper, 0)
    return said


def resident(process: int) -> int:
    """Bytes of memory, with what it shares."""
    try:
        text = (_PROC / str(process) / "statm").read_text(encoding="ascii")
        return int(text.split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def proportional(process: int) -> int:
    """Bytes of memory, what it shares counted in parts."""
    try:
        for line in (_PROC / str(process) / "smaps_rollup").read_text(encoding="ascii").split("\n"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (ProcessLookupError, FileNotFoundError):
        return 0
    except (OSError, ValueError, IndexError):
        pass
    return resident(process)


class Watch:
    """Looks after memory, disk, number of processes and time of all descendants."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.peak = 0
        self._plan = plan
        self._limits = plan["limits"]
        self._ends = time.monotonic() + plan["wall"]
        self._free = [free_space(folder) for folder in plan["writable"]]
        *_, (self._before, _) = walked(plan["writable"])
        self._walk = walked(plan["writable"])
        self._next_walk = 0.0

    def broken(self) -> str:
        """Which limit is broken; empty while none is."""
        if time.monotonic() > self._ends:
            return "wall"
        processes = descendants()
        if len(processes) > self._limits["processes"] + 1:
            return "processes"
        if self._too_much_memory(processes):
            return "memory"
        return "disk" if self._too_much_disk() else ""

    def _too_much_memory(self, processes: list[int]) -> bool:
        most: int = self._limits["memory"]
        used = sum(map(resident, processes))
        if used > most:  # what forks share is counted once a process; only its user may see more
            said = as_user(self._plan, lambda: str(sum(map(proportional, processes))).encode())
            used = int(said) if said.isdigit() else used
        self.peak = max(self.peak, used)
        return used > most

    def _too_much_disk(self) -> bool:
        """Goes on with the look at the folders for a moment, so that memory is not left alone."""
        began = time.monotonic()
        if began < self._next_walk:
            return False
        used = self._before
        for used, entries in self._walk:
            if used - self._before > self._plan["disk"] or entries > _WALK_MOST:
                return True
            if time.monotonic() - began > _WALK_SLICE:
                return False
        self._walk = walked(self._plan["writable"])
        self._next_walk = time.monotonic() + _WALK_PAUSE
        return self._hides_too_much(used)

    def _hides_too_much(self, used: int) -> bool:
        """Whether files that have no name any more take too much; looks where space is going."""
        most: int = self._plan["disk"]
        gone = [
            before - free_space(folder)
            for before, folder in zip(self._free, self._plan["writable"])  # noqa: B905
        ]
        if max(gone, default=0) <= most:
            return False
        processes = descendants()
        said = as_user(self._plan, lambda: str(sum(unlinked(processes).values())).encode())
        hidden = int(said) if said.isdigit() else 0
        # What is mapped and closed besides is not found: half of the space stays free.
        halved = any(2 * lost > before for lost, before in zip(gone, self._free))  # noqa: B905
        return used - self._before + hidden > most or halved


def walked(folders: list[str]) -> Iterator[tuple[int, int]]:
    """Bytes and entries in the folders, as far as was looked."""
    used = entries = 0
    waiting = list(folders)
    yield 0, 0
    while waiting:
        for entry in listed(waiting.pop()):
            entries += 1
            try:
                used += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
            except OSError:
                continue
            if entries % 100 == 0:
                yield used, entries
        yield used, entries


def listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return list(itertools.islice(listing, _WALK_MOST))
    except OSError:
        return []


def unlinked(processes: list[int]) -> dict[tuple[int, int], int]:
    """Bytes of the open files without a name, each once."""
    found: dict[tuple[int, int], int] = {}
    for process in processes:
        for entry in listed(f"{_PROC}/{process}/fd"):
            try:
                about = entry.stat()
            except OSError:
                continue
            if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                found[about.st_dev, about.st_ino] = about.st_blocks * 512
    return found


def free_space(folder: str) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


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


def start(plan: dict[str, Any], control: int, report: int) -> tuple[int, bytes]:
    """The launched process, and why it did not become the command; empty where it did."""
    plan_source, plan_target = os.pipe()
    status_source, status_target = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            for descriptor in (plan_target, status_source, control, report):
                os.close(descriptor)
            for descriptor in (plan_source, status_target):
                os.set_inheritable(descriptor, True)
            python = [sys.executable, "-I", "-S", plan["launch"]]
            os.execve(  # noqa: S606 - no shell is wanted
                python[0], [*python, str(plan_source), str(status_target)], {}
            )
        finally:
            os._exit(127)
    os.close(plan_source)
    os.close(status_target)
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


def attend(process: int, watch: Watch, control: int) -> tuple[str, int | None, float]:
    """Wait for the command's end, or end it: why, its status, and its processor time."""
    wake, waker = os.pipe()
    for descriptor in (wake, waker):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        while True:
            try:
                gone, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return "lost", None, 0.0
            if gone == process:
                return "", status, usage.ru_utime + usage.ru_stime
            if gone == 0:
                break
        why = watch.broken()
        if why:
            return why, None, 0.0
        ready, _, _ = select.select([wake, control], [], [], _TICK)
        if control in ready:
            return "killed", None, 0.0
        if wake in ready:
            os.read(wake, 4096)


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
    try:
        process, failed = start(plan, control, report)
        if failed:
            ended = json.loads(failed)
        else:
            os.write(report, b'{"runs": true}\n')
            why, status, processor = attend(process, watch, control)
            ended = {
                "why": why,
                "status": None if status is None else os.waitstatus_to_exitcode(status),
                "processor": round(processor, 3),
                "layers": plan["layers"],
            }
    finally:
        left = kill_all(plan, process or None)
    ended.update(left=left, peak=watch.peak, seconds=round(time.monotonic() - began, 3))
    os.write(report, json.dumps(ended).encode() + b"\n")


if __name__ == "__main__":
    supervise(*(int(argument) for argument in sys.argv[1:]))
