"""How far a suite has come, and how long it will take."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from qe_action.agents.executed_tests import ExecutedTests
from qe_action.analysis.test_baseline import TestDigest
from qe_action.events import ExecutorProgress
from qe_action.text import plural

MOST = 101
"""Progress events of a run."""
SHARE = 0.75
"""What a session may have of the events that are left; another may follow it."""
SAYS_SOMETHING = 20
"""Tests, and the share of all in percent, that must have ended before their pace says something."""
ALIKE = 0.8
"""The share of tests in common from which on the base's durations are this run's."""
FASTEST, SLOWEST = 0.25, 4.0
"""Bounds of how this machine compares with the base's."""


class Pace:
    """The time that is left, from the base's durations or else from the pace so far."""

    def __init__(self) -> None:
        self.digest: TestDigest | None = None
        self._began: float | None = None

    def began(self, now: float) -> None:
        """Tests run from now on."""
        if self._began is None:
            self._began = now

    def left(self, tests: ExecutedTests, now: float) -> float | None:
        """Seconds until all tests have ended; None where nothing tells."""
        total, finished = tests.total, tests.finished
        if total is None or self._began is None:
            return None
        if finished >= total:
            return 0.0
        if self.digest is not None and self.digest.timed >= ALIKE * total:
            known = self._known(self.digest, tests, total - finished)
            if known is not None:
                return known / tests.workers
        elapsed = now - self._began
        if finished < max(SAYS_SOMETHING, total // 20) or elapsed < 1:
            return None
        return elapsed / finished * (total - finished)

    @staticmethod
    def _known(digest: TestDigest, tests: ExecutedTests, left: int) -> float | None:
        """What the tests that have not ended took at the base, at this machine's speed."""
        here = there = 0.0
        met = 0
        for name, test in tests.seconds.items():
            before = digest.seconds.get(name)
            if before is not None:
                met += 1
                here += test.seconds
                there += before
        if met < ALIKE * len(tests.seconds) and len(digest.seconds) == digest.timed:
            return None  # other tests than those that run here
        rest = max(0.0, sum(digest.seconds.values()) - there)
        kept = max(1, len(digest.seconds) - met)
        named = min(left, kept)
        expected = rest * named / kept + (left - named) * (digest.usual or rest / kept)
        speed = min(SLOWEST, max(FASTEST, here / there)) if there >= 1 else 1.0
        return expected * speed


class Progress:
    """Gives at most `MOST` events, their percentages never falling, the last one 100.

    `again` are events that are kept for repeated runs.
    """

    def __init__(self, again: int = 0) -> None:
        self.pace = Pace()
        self._left = MOST - 2 - again  # without the first and the last
        self._percent = 0.0
        self._next = 1
        self._total: int | None = None
        self._step = 1

    def first(self) -> ExecutorProgress:
        return ExecutorProgress(percent=0, message="Starting the tests", finished=0)

    def step(self, tests: ExecutedTests, now: float) -> Iterator[ExecutorProgress]:
        """An event, where it is time for one."""
        finished, total = tests.finished, tests.total
        if finished < 1 or self._left < 1:
            return
        if total != self._total:
            self._total = total
            self._share_out(finished, total)
        if finished < self._next:
            return
        self._left -= 1
        growth = self._step if total is not None else ceil(finished / 8)
        self._next = finished + growth
        yield self._event(tests, self.pace.left(tests, now))

    def _share_out(self, finished: int, total: int | None) -> None:
        """Spread events over the tests that are known to come."""
        if total is None:
            return
        events = max(1, int(self._left * SHARE))
        self._step = max(1, ceil((total - finished + 1) / events))
        self._next = min(self._next, finished + self._step) if self._step > 1 else finished

    def again(self, tests: ExecutedTests, failures: int, number: int) -> ExecutorProgress:
        """Failures are run again for the time `number`."""
        message = f"Running {plural(failures, 'failed test')} again, time {number}"
        told = {"message": message, "attempt": number + 1}
        return self._event(tests, None).model_copy(update=told)

    def last(self, tests: ExecutedTests, flaky: int) -> ExecutorProgress:
        counts = tests.test_counts()
        more = [(counts.skipped, "skipped"), (flaky, "flaky")]
        message = said(tests, flaky) + "".join(f", {n:,} {what}" for n, what in more if n)
        return ExecutorProgress(
            percent=100,
            message=message,
            finished=tests.finished,
            total=tests.total,
            counts=counts,
            seconds_left=0,
        )

    def _event(self, tests: ExecutedTests, left: float | None) -> ExecutorProgress:
        if tests.total:
            whole = int(tests.finished * 100 / tests.total)
            self._percent = max(self._percent, float(min(99, whole)))
        return ExecutorProgress(
            percent=self._percent,
            message=said(tests) + (f", {about(left)} left" if left else ""),
            finished=tests.finished,
            total=tests.total,
            counts=tests.test_counts(),
            seconds_left=left,
        )


def said(tests: ExecutedTests, flaky: int = 0) -> str:
    """`412 of 1,083 passed, 2 failed`."""
    counts, total = tests.test_counts(), tests.total
    passed = f"{counts.passed:,} of {total:,} passed" if total else f"{counts.passed:,} passed"
    failed = max(0, counts.failed - flaky)
    parts = [passed]
    if failed:
        parts.append(f"{failed:,} failed")
    if errors := max(0, counts.error - max(0, flaky - counts.failed)):
        parts.append(plural(errors, "error"))
    return ", ".join(parts)


def about(seconds: float) -> str:
    """A time as far as an estimate goes: `a few seconds`, `about 40 s`, `about 3 min`."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 58:
        return f"about {5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {max(1, minutes)} min"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"
