"""What a change touches: the lines of each file, and where a line stands at the head.

Lines are those of the new side of the diff. Everything here is pure; the texts come from
git or from GitHub's API and are hostile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from qe_action.analysis.patch import Edit, FilePatch, Status, parse_hunks, parse_patch
from qe_action.errors import WorkspaceError

__all__ = [
    "Diff",
    "FileChange",
    "LineMap",
    "PullFile",
    "Status",
    "diff_from_patches",
    "diff_in_tree",
    "parse_diff",
]

NEAR = 3
"""Lines at the head that may lie between two parts of an annotation that the merge parted."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a diff.

    `path` is its name on the new side, for a deleted file the old one; `old_path` is given
    for renames and copies. `added` holds the added and changed lines of the new file,
    `removed` counts lines that went. `binary` stands for content without source lines: also
    a submodule or a symbolic link. `lines_known` is False where nobody told us the lines.
    """

    path: str
    old_path: str | None
    status: Status
    binary: bool = False
    added: frozenset[int] = frozenset()
    removed: int = 0
    lines_known: bool = True


@dataclass(frozen=True, slots=True)
class Diff:
    """The files of a change by path; not `whole` where there may be others."""

    files: Mapping[str, FileChange]
    whole: bool = True

    def added(self, path: str) -> frozenset[int]:
        """The file's added and changed lines; empty for a file outside the diff."""
        change = self.files.get(path)
        return change.added if change else frozenset()

    @property
    def incomplete(self) -> int:
        """How many files have changed lines that are not known."""
        return sum(not change.lines_known for change in self.files.values())

    def names(self, files: Iterable[str]) -> tuple[str, ...]:
        """The files of the new side, where `files` are those of the old one."""
        names = dict.fromkeys(files)
        for change in self.files.values():
            if change.status == "deleted":
                names.pop(change.path, None)
            elif change.status == "renamed" and change.old_path is not None:
                names.pop(change.old_path, None)
        names.update((path, None) for path, c in self.files.items() if c.status != "deleted")
        return tuple(names)


@dataclass(frozen=True, slots=True)
class PullFile:
    """One entry of GitHub's list of a pull request's files, in the API's own words.

    `patch` holds bare hunks; GitHub leaves it out for binary files and for large ones.
    """

    filename: str
    status: str
    patch: str | None = None
    previous_filename: str | None = None
    additions: int = 0
    deletions: int = 0


def parse_diff(text: str) -> Diff:
    """The diff of a text; an empty text is an empty diff.

    Raises `WorkspaceError` where the text is no diff or a garbled one.
    """
    return _collect(_change(patch) for patch in parse_patch(text))


def _change(patch: FilePatch) -> FileChange:
    moved = patch.status in ("renamed", "copied")
    return FileChange(
        path=patch.new_path,
        old_path=patch.old_path if moved else None,
        status=patch.status,
        binary=patch.binary,
        added=_added(patch.edits),
        removed=sum(edit.old_count for edit in patch.edits),
    )


def _added(edits: Iterable[Edit]) -> frozenset[int]:
    return frozenset(
        line for edit in edits for line in range(edit.new_start, edit.new_start + edit.new_count)
    )


def _collect(changes: Iterable[FileChange]) -> Diff:
    files: dict[str, FileChange] = {}
    for change in changes:
        earlier = files.get(change.path)
        files[change.path] = change if earlier is None else _joined(earlier, change)
    return Diff(files)


def _joined(one: FileChange, other: FileChange) -> FileChange:
    """Two entries of one name: git splits a change of type into a deletion and an addition.

    Any other pair (names that differ only in bytes that are no UTF-8) leaves the lines open.
    """
    by_status = {one.status: one, other.status: other}
    if by_status.keys() == {"deleted", "added"}:
        removed = by_status["deleted"].removed
        return replace(by_status["added"], status="modified", removed=removed)
    return FileChange(one.path, None, "modified", lines_known=False)


_API_STATUS: Mapping[str, Status] = {
    "added": "added",
    "removed": "deleted",
    "renamed": "renamed",
    "copied": "copied",
}


def diff_from_patches(files: Iterable[PullFile]) -> Diff:
    """The diff of GitHub's list of a pull request's files. Its lines are those of the head.

    A file whose patch is missing, cut short or garbled is kept with its lines unknown.
    """
    return _collect(_listed(file) for file in files)


def _listed(file: PullFile) -> FileChange:
    status = _API_STATUS.get(file.status, "modified")
    moved = status in ("renamed", "copied")
    old_path = file.previous_filename if moved else None
    bare = FileChange(file.filename, old_path, status)
    if file.patch is None:
        # Without counts either it is binary, empty, or only its name or mode changed.
        return replace(bare, lines_known=not (file.additions or file.deletions))
    try:
        edits = parse_hunks(file.patch)
    except WorkspaceError:
        return replace(bare, lines_known=False)
    added = _added(edits)
    removed = sum(edit.old_count for edit in edits)
    if (len(added), removed) != (file.additions, file.deletions):
        return replace(bare, lines_known=False)
    return replace(bare, added=added, removed=removed)


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


def diff_in_tree(diff: Diff, line_map: LineMap | None) -> Diff:
    """A diff whose lines are the head's, told in the measured tree's names and lines.

    Without a map the files are kept and their lines are unknown: no line rather than a
    wrong one.
    """
    return _collect(
        moved for change in diff.files.values() if (moved := _in_tree(change, line_map)) is not None
    )


def _in_tree(change: FileChange, line_map: LineMap | None) -> FileChange | None:
    if change.status == "deleted":
        return change
    if line_map is None:
        known = change.lines_known and not change.added
        return replace(change, added=frozenset(), lines_known=known)
    path = line_map.measured_path(change.path)
    if path is None:
        return None
    lines = line_map.to_measured(change.path, change.added)
    if lines is None:
        return replace(change, path=path, added=frozenset(), lines_known=False)
    return replace(change, path=path, added=lines)
