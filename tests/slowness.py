"""Limits in seconds that mean the same on a machine that others keep busy."""

from __future__ import annotations

import time

_SAMPLE = 0.1


def slowness() -> float:
    """How many times as long as alone this machine takes now for the same work: 1 when idle."""
    began, spent = time.perf_counter(), time.thread_time()
    while time.thread_time() - spent < _SAMPLE:
        pass
    return max(1.0, (time.perf_counter() - began) / _SAMPLE)


def in_time(seconds: float, limit: float) -> bool:
    """Whether `seconds` are below the limit, or would be if the machine had nothing else to do."""
    return seconds < limit or seconds < limit * slowness()
