"""How patient a sender is, and the world outside that it is handed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """How patient to be. All in seconds, but `retry_total`.

    `write_gap` lies between two writes (GitHub asks for one second). A request is tried
    `retry_total` times more, waiting `backoff`, doubled each time, or what GitHub asks for,
    together at most `max_wait`; all requests of a run together wait at most `total_wait`.
    `timeout` bounds connecting and each wait for bytes; twice that bounds a request. After
    `hurry` there are `last_word` seconds for everything; what is unanswered after `grace` is
    repeated or looked up, beside the first request.
    """

    write_gap: float = 1.0
    retry_total: int = 5
    max_wait: float = 60.0
    total_wait: float = 240.0  # below what the sinks are given after the last event
    backoff: float = 1.0
    timeout: float = 15.0
    # A cancelled process must be gone after 7 s, and its sinks are cut off after 6; a second of
    # that is left to summary, outputs and a slow machine. In 5 s fits the longest chain for a
    # check run, a creation whose answer never comes: `grace`, look-up, completion, `grace`, its
    # repeat. Where every answer takes 3 s, the creation's comes at 3 and the completion is sent
    # then; it takes effect although nobody hears its answer.
    grace: float = 1.5
    last_word: float = 5.0


def policy_of(pacing: Callable[[str], float]) -> RetryPolicy:
    """The policy with the seconds that `pacing` gives for the names of `settings.PACING`."""
    return RetryPolicy(
        write_gap=pacing("WRITE_GAP"),
        max_wait=pacing("MAX_WAIT"),
        backoff=pacing("BACKOFF"),
        timeout=pacing("TIMEOUT"),
    )


@dataclass(frozen=True)
class Ports:
    """The world outside: seconds since 1970, sleeping, and a number in 0-1 to spread retries.

    `authorities` is where the certificates to trust are, see `ApiConnection`.
    """

    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    authorities: str | None = None
