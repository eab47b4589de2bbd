"""Keeps what a call does to its process away from the next call, and refuses the worst of it."""

from __future__ import annotations

import io
import locale
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from typing import Any

LIMIT = 4096
"""How many characters of printed text are kept."""
_REFUSED = {
    "socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system",
    "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.kill", "os.killpg",
    "pty.spawn", "webbrowser.open", "urllib.Request", "ctypes.dlopen", "os.chown", "os.chmod",
}  # fmt: skip
"""Audit events of what is refused wherever it is done."""
_PATHS = {
    "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.truncate": 1, "shutil.rmtree": 1,
    "os.rename": 2, "os.link": 2, "os.symlink": 2, "shutil.move": 2, "shutil.copyfile": 2,
}  # fmt: skip
"""Audit events of what is refused outside of the call's folder, and how many paths they have."""


class Refused(PermissionError):
    """What the code under test may not do here."""


class AuditGuard:
    """An audit hook that refuses effects outside `folder` while it is armed."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.realpath(folder) + os.sep
        self.armed = False
        self.refused = ""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event in _REFUSED or (event == "open" and self._writes(args)):
            self._refuse(event)
        elif event in _PATHS:
            for path in args[-_PATHS[event] :] if event == "os.rename" else args[: _PATHS[event]]:
                if not self._inside(path):
                    self._refuse(event)

    def _writes(self, args: tuple[Any, ...]) -> bool:
        path, mode, flags = (*args, None, None)[:3]
        changing = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        if isinstance(flags, int):
            changing = changing or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        return changing and not isinstance(path, int) and not self._inside(path)

    def _inside(self, path: object) -> bool:
        if not isinstance(path, (str, bytes)):
            return isinstance(path, int)
        text = os.fsdecode(path)
        if text == os.devnull:
            return True
        return (os.path.realpath(os.path.abspath(text)) + os.sep).startswith(self.folder)

    def _refuse(self, event: str) -> None:
        self.refused = event
        raise Refused(event)


class Printed(io.TextIOBase):
    """A standard stream that keeps the beginning of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.dropped = 0

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = LIMIT - len(self.text)
        self.text += text[:room]
        self.dropped += max(0, len(text) - room)
        return len(text)


class ProcessState:
    """The process' state as it was, and the way back to it. Made once in a child."""

    def __init__(self) -> None:
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="qe-call-"))
        self.tmp_path = os.path.join(self.folder, "tmp_path")
        self.guard = AuditGuard(self.folder)
        self._environ = dict(os.environ)
        self._raw = dict(getattr(os.environ, "_data", {}))
        self._locale = locale.setlocale(locale.LC_ALL)
        self._path = list(sys.path)
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._recursion = sys.getrecursionlimit()
        self.out, self.err = Printed(), Printed()
        self.seed = 0
        self._threads = threading.active_count()

    def enter(self) -> None:
        """Give a call a folder, streams and a random seed of its own."""
        os.makedirs(self.tmp_path, exist_ok=True)
        os.chdir(self.tmp_path)
        random.seed(self.seed)
        self.out, self.err = Printed(), Printed()
        sys.stdin = io.StringIO("")
        sys.stdout, sys.stderr = self.out, self.err
        self.guard.refused = ""
        self.guard.armed = True

    def leave(self) -> list[Any]:
        """Undo what can be undone; says what the call changed."""
        self.guard.armed = False
        changed = []
        sys.stdin, sys.stdout, sys.stderr = self._streams
        if getattr(os.environ, "_data", self._raw) != self._raw:
            changed.append("environment")
            os.environ.clear()
            os.environ.update(self._environ)
        try:
            moved = os.getcwd() != self.tmp_path
        except OSError:
            moved = True
        if moved:
            changed.append("folder")
        if locale.setlocale(locale.LC_ALL) != self._locale:
            changed.append("locale")
            locale.setlocale(locale.LC_ALL, self._locale)
        if sys.path != self._path:
            changed.append("path")
            sys.path[:] = self._path
        if sys.getrecursionlimit() != self._recursion:
            changed.append("recursion limit")
            sys.setrecursionlimit(self._recursion)
        if threading.active_count() > self._threads:
            changed.append("threads")
        return changed

    def files(self) -> dict[Any, Any]:
        """Text files below `tmp_path` after the call, and an empty folder for the next."""
        found: dict[str, str] = {}
        if not os.path.isdir(self.tmp_path) or not os.listdir(self.tmp_path):
            return found
        for folder, _, names in os.walk(self.tmp_path):
            for name in sorted(names)[:5]:
                path = os.path.join(folder, name)
                try:
                    with open(path, encoding="utf-8") as file:
                        found[os.path.relpath(path, self.tmp_path)] = file.read(500)
                except (OSError, ValueError):
                    continue
        shutil.rmtree(self.tmp_path, ignore_errors=True)
        return found

    def clean(self) -> None:
        """Remove the folder."""
        self.guard.armed = False
        os.chdir("/")
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_limit(more: int) -> tuple[int, int]:
    """The limit that leaves `more` bytes to this process."""
    return resource.RLIMIT_AS, _size() + more


def limit(memory: int) -> None:
    """Bound a child's memory beyond what it has, its files, and leave no core behind.

    Bounds that the process came with are never raised, and where one can't be set, it goes on.
    """
    for what, bound in (
        memory_limit(memory),
        (resource.RLIMIT_FSIZE, 16 << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            soft, hard = resource.getrlimit(what)
            there = [one for one in (soft, hard) if one != resource.RLIM_INFINITY]
            bound = min([bound, *there])
            resource.setrlimit(what, (bound, bound))
        except (OSError, ValueError):
            continue
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")


def _size() -> int:
    """The bytes of address space that the process has."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):  # a sandbox may hide it: more than the peak can't be told
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (1 << 30)


def fork() -> int:
    """A fork; where the system refuses it for the moment, a few more times."""
    for wait in (0.01, 0.05, 0.2, 0.5, 1.0):
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(wait)
    return os.fork()
