"""Files written into the workspace: only where asked for, and never through a link.

The workspace holds the pull request's files, so a name we are told to write may be a link
that leads elsewhere, and we may run as root.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from qe_action.errors import UsageError, WorkspaceError
from qe_action.inputs import INPUTS
from qe_action.workspace.successor_file import SuccessorFile

_WRONG_NAME = {
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL),
    errno.ENOENT,
}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


WRITTEN = tuple(item for item in INPUTS if item.written)
"""The inputs that name files to be written."""


class OutputFile:
    """A file made anew under its name, owned as the workspace is.

    So a root container leaves nothing behind that the next checkout can't remove. A file or
    link of that name is replaced, not followed.
    """

    def __init__(self, workspace: Path, name: str) -> None:
        """Raises `UsageError` where `name` leads out of the workspace or can be no file there.

        Raises `WorkspaceError` where it could be one, but nothing can be written now.
        """
        try:
            root = workspace.resolve()
            self.path = _inside(root, name)
            self.relative = self.path.relative_to(root).as_posix()
            _make_folders(root, self.path.parent)
            self.path.unlink(missing_ok=True)
            handle = os.open(self.path, _NEW, 0o644)
            _own(handle, root)
        except (OSError, RuntimeError) as error:  # the latter for links in a circle
            why = getattr(error, "strerror", error)
            wrong = getattr(error, "errno", None) in _WRONG_NAME or isinstance(error, RuntimeError)
            kind = UsageError if wrong else WorkspaceError
            raise kind(f"{name} can't be written: {why}.", anchor="inputs") from None
        self.stream: IO[bytes] = os.fdopen(handle, "wb")

    def close(self) -> None:
        """Write what is still held back."""
        self.stream.close()


class SuccessorOutput(OutputFile):
    """A journal that replaces the one of its name as soon as it has `owed` lines of its work."""

    def __init__(self, workspace: Path, name: str, owed: int) -> None:
        """Raises as an `OutputFile` does."""
        try:
            root = workspace.resolve()
            self.path = _inside(root, name)
            self.relative = self.path.relative_to(root).as_posix()
            _make_folders(root, self.path.parent)
            successor = SuccessorFile(self.path, owed)
            _own(successor.fileno(), root)
        except (OSError, RuntimeError) as error:
            raise WorkspaceError(f"{name} can't be written: {error}.", anchor="inputs") from None
        self.stream = successor


def check_names(workspace: Path, written: Iterable[str], reads: Iterable[Path]) -> None:
    """Writing one file must not cost another, nor lead out of the workspace.

    Raises `UsageError` where it would.
    """
    root = workspace.resolve()
    named = []
    for name in written:
        with suppress(OSError, RuntimeError):  # said when it is opened
            named.append(_same(_inside(root, name)))
    if len(set(named)) < len(named) or set(named).intersection(map(_same, reads)):
        raise UsageError(
            f"{', '.join(item.name for item in WRITTEN)} and what is read must be different files.",
            anchor="inputs",
        )


def _same(path: Path) -> str:
    """A path as it is compared with others."""
    return os.path.normcase(os.path.realpath(path))


def _inside(root: Path, name: str) -> Path:
    path = (root / name).parent.resolve() / Path(name).name
    inside = path.is_relative_to(root) and path != root and not path.is_dir()
    if not inside or ".git" in (part.lower() for part in path.relative_to(root).parts):
        raise UsageError(
            f"{name} is no file inside the workspace that may be written.",
            hint="Give a path relative to the workspace, outside of .git.",
            anchor="inputs",
        )
    return path


def _make_folders(root: Path, folder: Path) -> None:
    missing = [folder, *folder.parents]
    missing = [path for path in missing[: missing.index(root)] if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
        _own(path, root)


def _own(target: int | Path, root: Path) -> None:
    """Give `target` the workspace's owner, where we may."""
    owner = root.stat()
    if hasattr(os, "chown") and os.geteuid() == 0:
        with suppress(OSError):
            os.chown(target, owner.st_uid, owner.st_gid)
