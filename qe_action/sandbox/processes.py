"""The supervisor's view of the processes below it. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LISTED = (PROC / "thread-self" / "children").exists()


def children(process: int) -> Iterator[int]:
    try:
        for task in (PROC / str(process) / "task").iterdir():
            yield from map(int, (task / "children").read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return


def all_children() -> dict[int, list[int]]:
    """The children of every process, for kernels that don't list them."""
    found: dict[int, list[int]] = {}
    for name in os.listdir(PROC) if PROC.is_dir() else ():  # noqa: PTH208 - names are enough
        try:
            text = (PROC / name / "stat").read_bytes() if name.isdigit() else b""
            parent = int(text.rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        found.setdefault(parent, []).append(int(name))
    return found


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


def threads(process: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(PROC / str(process) / "task")]  # noqa: PTH208
    except (OSError, ValueError):
        return []


def descriptors(task: int) -> dict[str, str]:
    """What a thread has open, by number. Raises `OSError`; `PermissionError` where it hides it."""
    found = {}
    folder = f"{PROC}/{task}/fd"
    for name in os.listdir(folder):  # noqa: PTH208 - names are enough
        try:
            found[name] = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - as short as can be
        except FileNotFoundError:
            continue
    return found


def sends_descriptors(task: int, number: str) -> bool:
    """Whether descriptors wait in a socket: they may be in no process any more."""
    try:
        text = Path(f"{PROC}/{task}/fdinfo/{number}").read_text(encoding="ascii")
    except OSError:
        return False
    return any(
        line.startswith("scm_fds:") and line.split()[-1] != "0" for line in text.splitlines()
    )


def resident(process: int) -> int:
    """Bytes of memory, with what it shares."""
    found = pages(process)
    if found:
        return found
    # The first thread may have ended before the others, and tells nothing any more.
    return max(map(pages, threads(process)), default=0)


def pages(task: int) -> int:
    """Bytes of a thread's memory; none where it has ended."""
    try:
        text = (PROC / str(task) / "statm").read_text(encoding="ascii")
        return int(text.split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def proportional(process: int) -> tuple[int, int]:
    """Bytes of memory, what it shares counted in parts; and those of it in shared memory."""
    speaking = process if pages(process) else max(threads(process), key=pages, default=process)
    found = dict.fromkeys(("Pss", "Pss_Shmem"), 0)
    try:
        text = (PROC / str(speaking) / "smaps_rollup").read_text(encoding="ascii")
        for line in text.splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0]) * 1024
    except (ProcessLookupError, FileNotFoundError):
        return 0, 0
    except (OSError, ValueError, IndexError):
        pass
    return found["Pss"] or resident(process), found["Pss_Shmem"]
