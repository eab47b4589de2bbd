"""A copy of the tracked files, without `.git`, for code that nobody has read.

Landlock can't take a file out of a readable folder, and the checkout has the job's credentials
in `.git/config`. Contents come from git's objects, or from the working tree's files where the
measured tree is no commit; in neither case does git run a hook, a filter or a monitor.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qe_action.errors import WorkspaceError
from qe_action.workspace.folders import scratch
from qe_action.workspace.git import Git
from qe_action.workspace.tree_entries import Entry, batches, contents, entries_of

MEBIBYTE = 1024 * 1024
_LINK, _SUBMODULE, _FILES = "120000", "160000", ("100644", "100755", "100664")


@dataclass(frozen=True)
class Bounds:
    """What an export may hold."""

    files: int = 100_000
    """How many files."""
    file: int = 64 * MEBIBYTE
    """Bytes of the largest file."""
    total: int = 1024 * MEBIBYTE
    """Bytes of all files together."""
    batch: int = 32 * MEBIBYTE
    """Bytes of contents that are in memory at the same time, if one file is not longer."""


BOUNDS = Bounds()


@dataclass(frozen=True)
class LeftOut:
    """A tracked path that the export lacks, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Export:
    """The copy, and what of the tree is not in it."""

    root: Path
    left_out: tuple[LeftOut, ...]


@asynccontextmanager
async def exported(
    git: Git,
    sha: str | None,
    *,
    parent: Path,
    owner: int | None = None,
    writable: bool = False,
    bounds: Bounds = BOUNDS,
) -> AsyncIterator[Export]:
    """The tracked files of a commit, or of the working tree, in a new folder under `parent`.

    It belongs to `owner` (a uid) alone, or else is readable by every user, since several
    sandboxes may share it; nobody may write unless `writable`. Removed when the block ends.
    Raises `WorkspaceError` where git fails or the tree is too large.
    """
    async with scratch(parent) as root:
        left_out: list[LeftOut] = []
        entries = list(_safe(await entries_of(git, sha), left_out))
        if len(entries) > bounds.files:
            raise WorkspaceError(
                f"The repository has more than {bounds.files} files, too many to copy for tests."
            )
        files = [entry for entry in entries if entry.mode in _FILES]
        links = [entry for entry in entries if entry.mode == _LINK]
        if sha is None:
            assert git.toplevel is not None
            await asyncio.to_thread(_copy, git.toplevel, files, root, bounds, left_out)
            targets = {link.path: _read_link(git.toplevel, link.path) for link in links}
        else:
            await _write(git, files, root, bounds, left_out)
            targets = await _link_targets(git, links)
        for entry in entries:
            if entry.mode == _SUBMODULE:
                _make_folder(root, entry.path)
        left_out += _link(root, targets)
        await asyncio.to_thread(_hand_over, root, owner, writable=writable)
        yield Export(root, tuple(left_out))


def _safe(entries: Iterable[Entry], left_out: list[LeftOut]) -> Iterator[Entry]:
    """The entries whose paths stay inside; each path once, as an unmerged index has it thrice."""
    seen = set()
    for entry in entries:
        parts = entry.path.split("/")
        if entry.path in seen:
            continue
        seen.add(entry.path)
        if any(part in ("", ".", "..") or part.lower() in (".git", "git~1") for part in parts):
            left_out.append(LeftOut(_printable(entry.path), "no path for a file"))
        else:
            yield entry


async def _write(
    git: Git, files: Sequence[Entry], root: Path, bounds: Bounds, left_out: list[LeftOut]
) -> None:
    """Contents from git's objects, a few at a time."""
    kept = []
    for entry in files:
        if entry.size > bounds.file:
            left_out.append(LeftOut(_printable(entry.path), "too large"))
        else:
            kept.append(entry)
    if sum(entry.size for entry in kept) > bounds.total:
        raise _too_large(bounds)
    for batch in batches(kept, bounds.batch):
        found = await contents(git, batch)
        for entry, content in zip(batch, found, strict=True):
            if content is None:
                left_out.append(LeftOut(_printable(entry.path), "its content is not here"))
            elif not _create(root, entry, content):
                left_out.append(LeftOut(_printable(entry.path), "no path for a file"))


async def _link_targets(git: Git, links: Sequence[Entry]) -> dict[str, bytes | None]:
    short = [link for link in links if link.size < 4096]
    targets: dict[str, bytes | None] = {link.path: None for link in links}
    for batch in batches(short, MEBIBYTE):
        found = await contents(git, batch)
        targets.update({e.path: content for e, content in zip(batch, found, strict=True)})
    return targets


def _copy(
    top: Path, files: Sequence[Entry], root: Path, bounds: Bounds, left_out: list[LeftOut]
) -> None:
    """Contents from the working tree; what is deleted there is not in the measured tree."""
    total = 0
    for entry in files:
        try:
            content = _read(top, entry.path, bounds.file)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            left_out.append(LeftOut(_printable(entry.path), str(error)))
            continue
        total += len(content)
        if total > bounds.total:
            raise _too_large(bounds)
        if not _create(root, entry, content):
            left_out.append(LeftOut(_printable(entry.path), "no path for a file"))


def _read(top: Path, path: str, most: int) -> bytes:
    """A file's content; no link is followed on the way to it."""
    source = top / path
    if source.parent.resolve() != source.parent:
        raise ValueError("a folder on the way is a link")
    opened = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("no regular file")
        if found.st_size > most:
            raise ValueError("too large")
        return file.read(most)


def _read_link(top: Path, path: str) -> bytes | None:
    with suppress(OSError):
        return os.fsencode((top / path).readlink())
    return None


def _make_folder(root: Path, path: str) -> bool:
    try:
        (root / path).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _create(root: Path, entry: Entry, content: bytes) -> bool:
    """Write a new file. As yet there is no link in the folder that could lead outside."""
    if not _make_folder(root, str(PurePosixPath(entry.path).parent)):
        return False
    try:
        with (root / entry.path).open("xb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o755 if entry.mode == "100755" else 0o644)
    except (FileExistsError, IsADirectoryError, FileNotFoundError):
        return False
    return True


def _link(root: Path, targets: dict[str, bytes | None]) -> Iterator[LeftOut]:
    """Make the links, last of all, and take away those that lead outside.

    What a link comes to depends on the others (`a/b/..` is elsewhere if `b` is a link), so all
    are followed when all are there, until every one that is left stays inside.
    """
    made = []
    for path, target in targets.items():
        if target is not None and _create_link(root, path, target):
            made.append(path)
        else:
            yield LeftOut(_printable(path), "no link that can be made")
    while outside := [path for path in made if not _stays_inside(root, path)]:
        for path in outside:
            (root / path).unlink()
            made.remove(path)
            yield LeftOut(_printable(path), "a link that leads outside")


def _create_link(root: Path, path: str, target: bytes) -> bool:
    folder = (root / path).parent
    if not _make_folder(root, str(PurePosixPath(path).parent)) or folder.resolve() != folder:
        return False
    try:
        (root / path).symlink_to(os.fsdecode(target))
    except (OSError, ValueError):
        return False
    return True


def _stays_inside(root: Path, path: str) -> bool:
    link = root / path
    if link.readlink().is_absolute():
        return False
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a circle of links leads nowhere
        return True


def _hand_over(root: Path, owner: int | None, *, writable: bool) -> None:
    """Modes and owner, from the inside out; links are not followed."""
    for parent, folders, files in os.walk(root, topdown=False):
        for name in (*files, *folders):
            path = Path(parent, name)
            if owner is not None:
                os.chown(path, owner, owner, follow_symlinks=False)
            if not writable and not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o555)
    if owner is not None:
        os.chown(root, owner, owner)
    root.chmod((0o700 if owner is not None else 0o755) & (0o777 if writable else 0o555))


def _too_large(bounds: Bounds) -> WorkspaceError:
    return WorkspaceError(
        f"The repository's files have more than {bounds.total // MEBIBYTE} MB, "
        "too many to copy for tests."
    )


def _printable(path: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in path)
