"""Tests into the files of a checkout: nothing that is there is lost, and all can be put back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qe_action.errors import UsageError
from qe_action.events import TestCase
from qe_action.input_file import shown
from qe_action.verify.writing import ParsingError, additions, moved


@dataclass(frozen=True)
class Added:
    """A file that tests were added to: what it held, None where it is new, and what it holds."""

    place: Path
    before: bytes | None
    after: bytes
    folders: tuple[Path, ...]

    def put_back(self) -> None:
        """The file as it was; a new one is gone, with the folders that were made for it."""
        if self.before is not None:
            self.place.write_bytes(self.before)
            return
        self.place.unlink(missing_ok=True)
        with suppress(OSError):  # somebody else has put a file there
            for folder in self.folders:
                folder.rmdir()


def add_to_project(tests: Iterable[TestCase], root: Path) -> list[Added]:
    """The tests into the project's files, as `add` writes them.

    Raises `UsageError`, also where a link leads out of the project.
    """
    cases = list(tests)
    return add(cases, {case.path: in_project(root, case.path) for case in cases})


def add_to(out: str, tests: Iterable[TestCase]) -> list[Added]:
    """The tests into the file `out`, or into files in that folder, as `add` writes them."""
    cases = moved(tests, out, folder=out.endswith("/") or Path(out).is_dir())
    return add(cases, {case.path: Path(case.path) for case in cases})


def add(tests: Iterable[TestCase], places: Mapping[str, Path]) -> list[Added]:
    """Write the tests to the places that their paths have; all of them or, on an error, none.

    Raises `UsageError` where a file can't be read, written or parsed.
    """
    there = {path: place for path, place in places.items() if os.path.lexists(place)}
    present = {path: _read(place) for path, place in there.items()}
    try:
        texts = additions(tests, present)
    except ParsingError as error:
        place = shown(places[error.path])
        raise UsageError(f"Tests can't be added to {place}: {error}.") from None
    added: list[Added] = []
    try:
        for path, data in texts.items():
            added.append(_write(places[path], present.get(path), data))
    except UsageError:
        for one in added:
            one.put_back()
        raise
    return added


def _read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown(place)} can't be read: {error.strerror}.") from None


def _write(place: Path, before: bytes | None, data: bytes) -> Added:
    folders = tuple(folder for folder in place.parents if not folder.exists())
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{shown(place)} can't be written: {error.strerror}.") from None
    return Added(place, before, data, folders)


def in_project(root: Path, path: str) -> Path:
    """Where a file of the project lies. Raises `UsageError` where a link leads out of it."""
    try:
        inside = (root / path).resolve().relative_to(root.resolve()).parts
    except (OSError, RuntimeError, ValueError):
        inside = ()
    if not inside or ".git" in inside:
        raise UsageError(
            f"{path} is not written: a link on the way to it leads out of the project.",
            hint="Take --out.",
        )
    return root / path
