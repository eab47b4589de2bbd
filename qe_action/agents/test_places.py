"""Where tests and their failures are, by the repository's paths."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from qe_action.analysis.line_map import LineMap
from qe_action.analysis.paths import PathIndex, is_absolute, split_path
from qe_action.events import Anchor
from qe_action.execution.suite_port import Frame

INSTALLED = frozenset(
    {"site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox", "node_modules"}
)
"""Folders that hold what others wrote, also inside a repository."""
FILES = 10_000
"""Files whose places are remembered."""


@dataclass(slots=True)
class Timed:
    """A test and how long it took; smaller than an event of it, as there are many."""

    id: str
    seconds: float
    file_path: str
    line: int | None


class Places:
    """Turns places of the machine into the repository's.

    `tops` are the names that the repository's top has on this machine. `index` are its files,
    `line_map` leads to the pull request's head; both are known a moment after the run begins.
    """

    def __init__(self, tops: Iterable[str]) -> None:
        self._tops = tuple({split_path(top).parts for top in tops if is_absolute(top)})
        self._files: dict[tuple[str | None, str], str] = {}
        self.index: PathIndex | None = None
        self.line_map: LineMap | None = None

    def folder(self, path: str) -> str | None:
        """A folder of the machine from the repository's top, empty for it; None outside."""
        parts = split_path(path).parts
        for top in self._tops:
            if parts[: len(top)] == top:
                return "/".join(parts[len(top) :])
        return None

    def file(self, folder: str | None, path: str) -> str:
        """A file from the top; `path` is relative to `folder`, or absolute. Empty outside."""
        if not path:
            return ""
        key = folder, path
        if key not in self._files:
            if len(self._files) >= FILES:
                self._files.clear()
            self._files[key] = self._file(folder, path)
        return self._files[key]

    def _file(self, folder: str | None, path: str) -> str:
        split = split_path(path)
        if split.absolute:
            return self.folder(path) or ""
        if folder is None:
            return ""
        base = split_path(folder).parts
        if split.up > len(base):
            return ""
        return "/".join((*base[: len(base) - split.up], *split.parts))

    def owned(self, path: str) -> bool:
        """Whether a file is one of the repository's own."""
        if not path:
            return False
        if self.index is not None:
            return path in self.index
        return INSTALLED.isdisjoint(path.split("/"))

    def failed_at(self, frames: Sequence[Frame], folder: str | None) -> Anchor | None:
        """The innermost line of the repository."""
        for frame in reversed(frames):
            path = self.file(folder, frame.path)
            if frame.line > 0 and self.owned(path):
                return line_of(path, frame.line)
        return None

    def at_head(self, place: Anchor | None) -> Anchor | None:
        """Where a line of the measured tree stands at the head; None where it is not there."""
        if place is None or self.line_map is None:
            return None
        found = self.line_map.to_head(place.path, place.line_start)
        return None if found is None else line_of(*found)


def line_of(path: str, line: int) -> Anchor:
    """One line."""
    return Anchor(path=path, line_start=line, line_end=line)


def named_file(name: str, index: Container[str] | None) -> tuple[str, tuple[str, ...]]:
    """The file that a dotted name begins with, and the rest of the name: classes of it.

    As pytest's JUnit files name tests: `tests.test_a.TestThing`. Empty where no file fits.
    """
    parts = name.split(".")
    for length in range(len(parts) if index is not None else 0, 0, -1):
        path = "/".join(parts[:length]) + ".py"
        if index is not None and path in index:
            return path, tuple(parts[length:])
    return "", ()
