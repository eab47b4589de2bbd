"""The repository that a server works in: what clients name is looked for there and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from qe_action.errors import ReportError, UsageError
from qe_action.input_file import content
from qe_action.quoting import quoted
from qe_action.workspace.report_file import expand

REPORT = "coverage.xml"
SOURCE_LIMIT = 2 * 1024 * 1024
"""Bytes of the largest source of which lines are shown."""


class Desk(NamedTuple):
    """What is fixed when a server starts: no client can change it.

    `root` is the repository's top, `folder` the one in it that names are relative to.
    """

    root: Path
    folder: Path
    sandbox: Literal["on", "off"] = "on"
    network: bool = False
    pythons: tuple[Path, ...] = ()

    def reports(self, names: Sequence[str]) -> tuple[Path, ...]:
        """The report files of these names or globs. Raises `UsageError` where one lies elsewhere.

        A name of which there is no file stays, for the analysis to say so.
        """
        found: list[Path] = []
        for name in names or (REPORT,):
            place = self._inside(name)
            try:
                files = expand(place)
            except ReportError:
                files = [place]
            for file in files:
                self._check(file, name)
            found += files
        return tuple(found)

    def file(self, name: str) -> str:
        """A file's path from the repository's top, where it may be named from there as well.

        Events name files so. Raises `UsageError` where it lies elsewhere.
        """
        place = self._inside(name)
        if not os.path.lexists(place) and os.path.lexists(self.root / name):
            place = self.root / name
        self._check(place, name)
        return place.relative_to(self.root).as_posix()

    def source(self, path: str) -> str:
        """The text of a file by its path from the top; empty where there is none to show."""
        try:
            place = Path(self.root, path)
            self._check(place, path)
            return content(place, SOURCE_LIMIT).decode("utf-8-sig", "replace")
        except (OSError, ValueError, UsageError):
            return ""

    def _inside(self, name: str) -> Path:
        """The place as it is named, below the root; `..` is never needed and so refused."""
        path = Path(name)
        if not name or "\0" in name or "\\" in name or ".." in path.parts:
            raise _outside(name)
        place = self.folder / path
        if not place.is_relative_to(self.root) or ".git" in place.relative_to(self.root).parts:
            raise _outside(name)
        return place

    def _check(self, place: Path, name: str) -> None:
        """Refuse what a link leads to that is not in the repository."""
        try:
            real = place.resolve()
        except (OSError, RuntimeError, ValueError):
            raise _outside(name) from None
        if not real.is_relative_to(self.root) or ".git" in real.relative_to(self.root).parts:
            raise _outside(name)


def _outside(name: str) -> UsageError:
    return UsageError(
        f"{quoted(name)} is not in the repository of this server.",
        hint="Name files by their path in it, without `..`.",
    )
