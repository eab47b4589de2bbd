"""Processor time for what strangers' sources and patterns make of other people's code.

A regular expression of a project's settings, or a source written against coverage.py's own ones,
may take longer than anybody lives.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qe_action.reports.coverage_settings import Settings, read_settings

LEAST = 1.0
"""Seconds of processor time that every source may take."""
A_BYTE = 10e-6
"""Seconds of processor time that a source may take for each of its bytes."""
MOST = 30.0
"""Seconds of processor time that no source may exceed."""
STRIKES = 3
"""Sources that may take too long; after them none is looked at any more."""
_AGAIN = 0.5  # seconds until it is said again, where the first word was lost


class TooSlowError(Exception):
    """It took longer than it may."""


class Allowance:
    """What all the sources of a run may take.

    It holds where signals reach the work: in the main thread, and not on Windows.
    """

    def __init__(self, least: float = LEAST) -> None:
        self._least = least
        self._left = STRIKES

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """End what is done for a source of so many bytes in time. Raises `TooSlowError`."""
        if self._left <= 0:
            raise TooSlowError
        try:
            with _ended_after(min(MOST, self._least + A_BYTE * size)):
                yield
        except TooSlowError:
            self._left -= 1
            raise


def settings_in_time(content: Callable[[str], bytes | None], allowance: Allowance) -> Settings:
    """`read_settings`, less those whose patterns can't even be read in time."""
    try:
        with allowance.of(0):
            return read_settings(content)
    except TooSlowError:
        return Settings(
            notes=("What coverage.py is told in this project is left out: it takes too long.",)
        )


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def end(*_: object) -> None:
        if armed:
            raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
    try:
        try:
            yield
        finally:
            armed = False
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
