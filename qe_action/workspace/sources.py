"""The checkout's files by the names that a report has for them."""

from __future__ import annotations

from pathlib import Path

from qe_action.analysis.paths import Ambiguous, Match, PathMapper
from qe_action.workspace.checkout import Checkout

FOREIGN = 10_000
"""Files that the repository lacks and that are looked for on disk."""


class Sources:
    """Finds the sources of a report that can't be read without them."""

    def __init__(self, mapper: PathMapper, checkout: Checkout) -> None:
        self._mapper = mapper
        self._checkout = checkout

    def locate(self, name: str) -> Path | None:
        """Where the file is that the report calls `name`; None where the checkout lacks it."""
        found = self._mapper.resolve(name)
        return self._checkout.path(found.path) if isinstance(found, Match) else None

    def path(self, path: str) -> Path | None:
        """Where a file of the checkout really is; None where it is missing or too large."""
        return self._checkout.path(path)


class Foreign:
    """Looks whether files that are not tracked are there all the same, as generated ones are.

    `unchecked` is a mapper that knows no tracked files, and so gives any path inside.
    """

    def __init__(self, mapper: PathMapper, unchecked: PathMapper, checkout: Checkout) -> None:
        self._mapper = mapper
        self._unchecked = unchecked
        self._checkout = checkout
        self._left = FOREIGN

    def is_here(self, name: str) -> bool:
        """Whether the report's file `name` is in the checkout, or is one of several there."""
        if isinstance(self._mapper.resolve(name), Ambiguous):
            return True
        self._left -= 1
        if self._left < 0:
            return False
        found = self._unchecked.resolve(name)
        return isinstance(found, Match) and self._checkout.path(found.path) is not None
