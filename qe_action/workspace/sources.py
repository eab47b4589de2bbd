"""The checkout's files by the names that a report has for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import Match
from qe_action.workspace.checkout import Checkout


class Sources:
    """Finds the sources of a report that can't be read without them."""

    def __init__(self, mapper: PathMapper, checkout: Checkout) -> None:
        self._mapper = mapper
        self._checkout = checkout

    def locate(self, names: Iterable[str], report: Path) -> dict[str, str]:
        """The tracked file of each name that `report` has for one; those without are left out."""
        names = list(names)
        self._mapper.begin(str(report), place=folder_of(report))
        for name in names:
            self._mapper.resolve(name)
        self._mapper.settle(str(report))
        found = {name: self._mapper.resolve(name) for name in names}
        return {name: each.path for name, each in found.items() if isinstance(each, Match)}

    def path(self, path: str) -> Path | None:
        """Where a file of the checkout really is; None where it is missing or too large."""
        return self._checkout.path(path)

    @property
    def working(self) -> str:
        """The folder of the repository that the run is about; empty for its top."""
        return "/".join(self._mapper.tree.working)


def folder_of(report: Path) -> str | None:
    """The folder that a report lies in, links resolved; None where that can't be told."""
    try:
        return str(report.resolve().parent)
    except (OSError, RuntimeError):
        return None
