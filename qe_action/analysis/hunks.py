"""Which lines of a pull request can carry a review comment: those inside the diff's hunks.

GitHub judges by its own diff, so the hunks are read from the patches that it lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from qe_action.analysis.diff import PullFile, diff_from_patches
from qe_action.analysis.patch import read_hunks
from qe_action.errors import WorkspaceError


@dataclass(frozen=True, slots=True)
class Hunk:
    """A hunk's lines at the head, context included: `lines[0]` is line `start`."""

    start: int
    lines: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.lines) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Lines inside one hunk, both ends inclusive; `text` is the first of them."""

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hunks:
    """The hunks of a pull request's files by their names at the head.

    A file that GitHub lists without its lines (it is too large) has None.
    """

    files: Mapping[str, tuple[Hunk, ...] | None] = field(default_factory=dict)

    def place(self, path: str, start: int, end: int) -> Place | None:
        """The longest part of the lines that lies in one hunk, the first of equals."""
        parts = [
            (max(start, hunk.start), min(end, hunk.end), hunk)
            for hunk in self.files.get(path) or ()
            if hunk.start <= end and start <= hunk.end
        ]
        if not parts:
            return None
        first, last, hunk = max(parts, key=lambda part: part[1] - part[0])
        return Place(path, first, last, hunk.lines[first - hunk.start])

    def unknown(self, path: str) -> bool:
        """Whether GitHub lists the file and does not give its lines."""
        return path in self.files and self.files[path] is None


def hunks_of(files: Iterable[PullFile]) -> Hunks:
    """The hunks of GitHub's list of a pull request's files."""
    return Hunks({file.filename: _read(file) for file in files})


def _read(file: PullFile) -> tuple[Hunk, ...] | None:
    if not diff_from_patches([file]).files[file.filename].lines_known:
        return None
    if file.patch is None:
        return ()
    try:
        return tuple(_head_side(file.patch))
    except WorkspaceError:
        return None


def _head_side(patch: str) -> Iterator[Hunk]:
    for file in read_hunks(["--- a", "+++ b", *patch.split("\n")]):
        for hunk in file:
            lines = tuple(line.value.rstrip("\r\n") for line in hunk.target_lines())
            if lines:
                yield Hunk(hunk.target_start, lines)
