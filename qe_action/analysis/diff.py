"""What a change touches: the lines of each file.

Lines are those of the new side of the diff. Everything here is pure; the texts come from
git or from GitHub's API and are hostile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from qe_action.analysis.line_map import LineMap
from qe_action.analysis.patch import Edit, FilePatch, Status, parse_hunks, parse_patch
from qe_action.errors import WorkspaceError


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
