"""Follows lines and arcs of one file, per thread, and bounds a call by lines and CPU time."""

from __future__ import annotations

import dis
import sys
import threading
import time
from typing import Any

_RESUME = dis.opmap.get("RESUME")
_YIELD = dis.opmap["YIELD_VALUE"]
_FROM = dis.opmap.get("YIELD_FROM")
_EVERY = 64
"""After how many lines the time is looked at."""


class Stop(BaseException):
    """The call has used up its time."""


def _is_start(frame: Any) -> Any:
    """Whether the frame is entered, not resumed."""
    last = getattr(frame, "f_lasti", -1)
    if _RESUME is None:
        return last < 0
    code = frame.f_code.co_code
    return last < 0 or code[last] != _RESUME or code[last + 1] == 0


def _is_end(frame: Any) -> Any:
    """Whether the frame is left for good, not suspended."""
    code, last = frame.f_code.co_code, frame.f_lasti
    if _RESUME is not None:
        if sys.version_info >= (3, 13):
            return code[last] != _YIELD and code[last] != _RESUME
        return len(code) == last + 2 or code[last + 2] != _RESUME
    if code[last] == _YIELD:
        return False
    return not (len(code) > last + 2 and code[last + 2] == _FROM)


class Tracer:
    """A trace function; `arcs` are what ran, entries as `-first line`, exits likewise."""

    def __init__(self, filename: str, lines: int = 20000, seconds: float = 0.05) -> None:
        self.filename = filename
        self.arcs: set[Any] = set()
        self._lines, self._seconds = lines, seconds
        self._count = 0
        self._deadline = 0.0
        self._call = self._enter
        self.running = False

    def start(self, seconds: float | None = None) -> None:
        """Follow what is run from now on, for so many CPU seconds."""
        self.arcs = set()
        self._count = 0
        self._deadline = time.thread_time() + (self._seconds if seconds is None else seconds)
        self.running = True
        threading.settrace(self._call)
        sys.settrace(self._call)

    def start_again(self) -> None:
        """Go on after `stop`, with the arcs so far."""
        self.running = True
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self) -> bool:
        """Stop following; False where the code under test put its own trace function in place."""
        kept = sys.gettrace() is self._call
        sys.settrace(None)
        threading.settrace(None)
        self.running = False
        return kept

    def _enter(self, frame: Any, event: Any, arg: Any) -> Any:
        code = frame.f_code
        if code.co_filename != self.filename:
            return None
        first = code.co_firstlineno
        add = self.arcs.add
        tick = self._tick
        last = -first if _is_start(frame) else frame.f_lineno

        def local(frame: Any, event: Any, arg: Any) -> Any:
            nonlocal last
            if event == "line":
                line = frame.f_lineno
                add((last, line))
                last = line
                tick()
            elif event == "return" and _is_end(frame):
                add((last, -first))
            return local

        return local

    def _tick(self) -> None:
        self._count += 1
        if not self._count % _EVERY:
            self._check()

    def _check(self) -> None:
        late = self._count > self._lines or time.thread_time() > self._deadline
        if late and self.running and threading.current_thread() is threading.main_thread():
            raise Stop
