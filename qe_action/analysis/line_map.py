"""Where the lines of a measured tree stand at the head commit, and the other way round."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from qe_action.analysis.patch import Edit, parse_patch

NEAR = 3
"""Lines at the head that may lie between two parts of an annotation that the merge parted."""


@dataclass(frozen=True, slots=True)
class _FileMap:
    """How one file came from the head to the measured tree; `edits` None where unknown."""

    head_path: str | None
    edits: tuple[Edit, ...] | None


@dataclass(frozen=True, slots=True)
class LineMap:
    """Where the measured tree's lines stand at the head commit, and the other way round.

    A file that the map does not name is the same in both trees.
    """

    _files: Mapping[str, _FileMap] = field(default_factory=dict)
    _measured: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def identity(cls) -> LineMap:
        """The map where the head itself was measured."""
        return cls()

    @classmethod
    def from_diff(cls, text: str) -> LineMap:
        """The map of a diff from the head commit (old) to the measured tree (new).

        Raises `WorkspaceError` as `parse_diff` does.
        """
        files: dict[str, _FileMap] = {}
        measured: dict[str, str | None] = {}
        for patch in parse_patch(text):
            edits = None if patch.binary or patch.new_path in files else patch.edits
            if patch.status in ("added", "copied"):
                files[patch.new_path] = _FileMap(None, ())
            elif patch.status == "deleted":
                measured.setdefault(patch.old_path, None)
            else:
                files[patch.new_path] = _FileMap(patch.old_path, edits)
                measured[patch.old_path] = patch.new_path
        return cls(files, measured)

    def to_head(self, path: str, line: int) -> tuple[str, int] | None:
        """Path and line at the head of a measured line; None where the head lacks it."""
        found = self.range_to_head(path, line, line)
        return None if found is None else found[:2]

    def range_to_head(self, path: str, start: int, end: int) -> tuple[str, int, int] | None:
        """Path, first and last line at the head of a measured range, both inclusive.

        Lines that the head lacks fall away. Where the rest lies apart there (more than
        `NEAR` foreign lines between), the longest part is given, the first of equals. None
        where nothing of the range exists at the head.
        """
        if start < 1 or end < start:
            return None
        file = self._files.get(path)
        if file is None:
            # A head file that went away in the measured tree can't have been measured.
            return None if self._gone(path) else (path, start, end)
        if file.head_path is None or file.edits is None:
            return None
        parts = _joined_parts(_unchanged(file.edits, start, end))
        if not parts:
            return None
        first, last = max(parts, key=lambda part: part[1] - part[0])
        return file.head_path, first, last

    def _gone(self, path: str) -> bool:
        return path in self._measured

    def measured_path(self, path: str) -> str | None:
        """A head file's name in the measured tree; None where it is gone."""
        return self._measured.get(path, path)

    def to_measured(self, path: str, lines: Iterable[int]) -> frozenset[int] | None:
        """The measured tree's lines of a head file's lines; None where that is not known."""
        name = self.measured_path(path)
        if name is None:
            return frozenset()
        file = self._files.get(name)
        if file is None:
            return frozenset(lines)
        if file.edits is None or file.head_path != path:
            return None
        turned = [Edit(new, n, old, m) for old, m, new, n in file.edits]
        moved = (_shifted(turned, line) for line in lines)
        return frozenset(line for line in moved if line is not None)


def _shifted(edits: list[Edit], line: int) -> int | None:
    """The old line of a new one; None where an edit brought it."""
    at = bisect_right(edits, line, key=lambda edit: edit.new_start) - 1
    if at < 0:
        return line
    edit = edits[at]
    past = line - edit.new_start - edit.new_count
    return None if past < 0 else edit.old_start + edit.old_count + past


def _unchanged(edits: tuple[Edit, ...], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The runs of old lines that stand unchanged in the new lines `start` to `end`."""
    at = max(0, bisect_right(edits, start, key=lambda edit: edit.new_start) - 1)
    new, old = 1, 1
    if at:
        before = edits[at - 1]
        new, old = before.new_start + before.new_count, before.old_start + before.old_count
    for edit in (*edits[at:], Edit(0, 0, end + 1, 0)):
        first, last = max(new, start), min(edit.new_start - 1, end)
        if first <= last:
            yield old + first - new, old + last - new
        if edit.new_start > end:
            return
        new, old = edit.new_start + edit.new_count, edit.old_start + edit.old_count


def _joined_parts(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in parts:
        if joined and first - joined[-1][1] - 1 <= NEAR:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
