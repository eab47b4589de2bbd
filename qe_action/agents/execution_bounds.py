"""How much of a suite is kept and told, whatever it says."""

from __future__ import annotations

REMEMBERED = 200_000
"""Tests whose names are kept; more are counted alone, and of those no event tells that passed."""
SHORT = 200
"""Characters of a name that counts as one: a longer one as several."""
TOLD = 2 * REMEMBERED
"""Events of tests: one that is said to end again and again is told no more."""
FAILURES = 2000
"""Failures that are kept, and told, and other tests whose long texts are told."""
FILES = 100
"""Files of which it is told how many tests each has."""
SESSIONS = 500
"""Sessions of a command that are heard."""
RUNNING = 1000
"""Tests of a session that run at once."""
REASONS = 1000
"""Different reasons for skipping that are kept."""


class Budget:
    """What is left of the names that are kept, and of the events that are told."""

    def __init__(self) -> None:
        self._names = REMEMBERED
        self._told = TOLD
        self._long = {True: FAILURES, False: FAILURES}

    def keeps(self, name: str) -> bool:
        """Whether another name is kept; it is counted then."""
        cost = 1 + len(name) // SHORT
        if self._names < cost:
            return False
        self._names -= cost
        return True

    def tells(self, *, bad: bool) -> bool:
        """Whether another event is told; it is counted then. Those that are `bad` are kept too."""
        if bad:
            return self.tells_texts(bad=True)
        self._told -= 1
        return self._told >= 0

    def tells_texts(self, *, bad: bool) -> bool:
        """Whether long texts are told once more."""
        self._long[bad] -= 1
        return self._long[bad] >= 0
