"""A process that has imported the target: a run in a fork of it pays for no import."""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
import types

from . import mutant_loader, pytest_run

SLACK = 5.0
"""Seconds that an answer may come later than a run's own time-out."""
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What keeps libraries from starting threads unasked."""
_current: list = []
"""The server in use, if there is one."""


class ForkServer:
    """The process, seen from the worker. `why` says what keeps it from being of use."""

    def __init__(self, spec: dict) -> None:
        pytest_run.warm()
        reading, self._requests = os.pipe()
        self._answers, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.setpgid(0, 0)
                pytest_run.only(reading, writing)
                _serve(spec, reading, writing)
            finally:
                os._exit(70)
        os.close(reading)
        os.close(writing)
        answer = self._receive(time.monotonic() + spec["timeout"])
        self.why = "its import ends or hangs" if answer is None else str(answer.get("why", ""))
        if self.why:
            self.end()

    def run(self, spec: dict):
        """The result of a run in a fork; None where the process is of no use."""
        if self.why:
            return None
        kept = {key: value for key, value in spec.items() if key not in ("files", "mutants")}
        data = json.dumps(kept).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._requests, data) :]
        except OSError:
            self.end()
            return None
        answer = self._receive(time.monotonic() + spec["timeout"] + SLACK)
        if answer is None:
            self.end()
        return answer

    def _receive(self, deadline: float):
        data = bytearray()
        while not data.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                return None
            chunk = os.read(self._answers, 1 << 16)
            data += chunk
            if not chunk or len(data) > pytest_run.RESULT:
                return None
        try:
            answer = json.loads(data)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def end(self) -> None:
        """Kill the process and all of its group."""
        self.why = self.why or "it has ended"
        for kill in (os.killpg, os.kill):
            try:
                kill(self._pid, signal.SIGKILL)
            except OSError:
                pass
        os.waitpid(self._pid, 0)
        os.close(self._requests)
        os.close(self._answers)


def start(spec: dict) -> str:
    """Have a process import the target; what keeps it from being of use, if anything does."""
    for server in _current:
        if not server.why:
            server.end()
    _current[:] = [ForkServer(spec)]
    return str(_current[0].why)


def run(spec: dict):
    """A run in a fork of the process that has imported the target; None where there is none."""
    return _current[0].run(spec) if _current else None


def _serve(spec: dict, reading: int, writing: int) -> None:
    """Import the target, say whether that left a process that can be forked, and fork it."""
    why = _imported(spec)
    _say(writing, {"why": why})
    if why:
        return
    functions = [
        found
        for found in gc.get_objects()
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == spec["file"]
    ]
    mutant_loader.LOADED[:] = functions
    gc.collect()
    gc.freeze()
    with os.fdopen(reading, "r", encoding="utf-8") as requests:
        for line in iter(requests.readline, ""):
            _say(writing, pytest_run.in_fork(json.loads(line)))
    os._exit(0)


def _imported(spec: dict) -> str:
    """Import it as a test would do first; what it leaves that forks must not share."""
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    pytest_run.enter(spec)
    files = _open_files()
    try:
        importlib.import_module(spec["module"])
    except BaseException as error:
        return type(error).__name__
    for name in added:
        os.environ.pop(name, None)
    if _threads() > 1:
        return "it starts threads"
    if _open_files() != files:
        return "it leaves files open"
    if os.getcwd() != os.path.realpath(spec["root"]):
        return "it changes the folder"
    if sys.gettrace() or sys.getprofile():
        return "it follows what is run"
    return _children()


def _threads() -> int:
    """All of the process; where /proc is closed, those that Python knows."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _open_files() -> list:
    found = []
    for number in range(1024):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return found


def _children() -> str:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return ""
    return "it starts processes"


def _say(writing: int, answer: dict) -> None:
    data = json.dumps(answer).encode() + b"\n"
    while data:
        data = data[os.write(writing, data) :]
