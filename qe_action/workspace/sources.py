"""The checkout's files by the names that a report has for them."""

from __future__ import annotations

from pathlib import Path

from qe_action.analysis.paths import Match, PathMapper
from qe_action.workspace.checkout import Checkout


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
