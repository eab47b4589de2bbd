"""Tests into the files of a checkout: nothing that is there is lost, and all can be put back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qe_action.errors import UsageError
from qe_action.events import TestCase
from qe_action.verify.writing import additions


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


def add(tests: Iterable[TestCase], places: Mapping[str, Path]) -> list[Added]:
    """Write the tests to the places that their paths have; all of them or, on an error, none.

    Raises `UsageError` where a file can't be read, written or parsed.
    """
    there = {path: place for path, place in places.items() if os.path.lexists(place)}
    present = {path: _read(place) for path, place in there.items()}
    added: list[Added] = []
    try:
        for path, data in _texts(tests, present, places).items():
            added.append(_write(places[path], present.get(path), data))
    except UsageError:
        for one in added:
            one.put_back()
        raise
    return added


def _texts(
    tests: Iterable[TestCase], present: Mapping[str, bytes], places: Mapping[str, Path]
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    cases = list(tests)
    for path in dict.fromkeys(case.path for case in cases):
        try:
            found |= additions([case for case in cases if case.path == path], present)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise UsageError(f"Tests can't be added to {shown(places[path])}: {error}.") from None
    return found


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


def chosen_places(tests: Iterable[TestCase], out: str) -> dict[str, Path]:
    """Where `--out` puts each path: into a file of that name in a folder, or all into one file."""
    folder = out.endswith("/") or Path(out).is_dir()
    return {case.path: Path(out, Path(case.path).name) if folder else Path(out) for case in tests}


def shown(place: Path) -> str:
    """A path that exists from the current folder, as short as it can be said."""
    if not place.is_absolute():
        return str(place)
    try:
        near = os.path.relpath(place)
    except ValueError:  # another drive
        return str(place)
    return near if len(near) < len(str(place)) else str(place)
