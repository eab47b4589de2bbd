"""Holds back the first Ctrl-C while a suite runs and what shows it is not imported yet.

The suite has heard that key itself, and ends by it as it would alone. The second is not held back.
"""

from __future__ import annotations

import signal
from types import FrameType

_HANG_UP = getattr(signal, "SIGHUP", None)
_held: list[int] = []
_holding = False


def ending_signals() -> tuple[int, ...]:
    """The signals that end a run in good order; a hang-up is none below `nohup`."""
    numbers: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM)
    if _HANG_UP is None or signal.getsignal(_HANG_UP) is signal.SIG_IGN:
        return numbers
    return (*numbers, _HANG_UP)


def hold() -> None:
    """From now on keep the first signal; `release` gives it."""
    global _holding  # noqa: PLW0603 - signals are the process's
    _holding = True
    for number in ending_signals():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hold)


def are_held() -> bool:
    """Whether signals are still held back."""
    return signal.getsignal(signal.SIGINT) is _hold


def release() -> None:
    """Send the signal that was kept, if one was, to whoever takes them by now."""
    global _holding  # noqa: PLW0603
    _holding = False
    if _held:
        signal.raise_signal(_held.pop())


def _hold(number: int, frame: FrameType | None) -> None:
    if _held or not _holding:
        signal.default_int_handler(number, frame)
    _held.append(number)
