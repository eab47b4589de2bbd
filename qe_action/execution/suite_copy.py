"""A copy of the checkout that a suite runs in, and the files that are taken from it afterwards.

The suite may write to the copy, so nothing of it comes into the workspace, and what it leaves there
is a stranger's: a report may be a link to a file of ours, or a pipe that never ends.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from qe_action.errors import ReportError, WorkspaceError
from qe_action.workspace.built_files import lay_over
from qe_action.workspace.environment import Environment
from qe_action.workspace.folders import claimed, scratch
from qe_action.workspace.report_file import expand
from qe_action.workspace.tree import copied

REPORTS = 1000
"""How many files are taken."""


@dataclass(frozen=True)
class SuiteCopy:
    """The copy's top, a folder for home and temporary files, and one for what is taken."""

    root: Path
    home: Path
    taken: Path
    _before: dict[Path, int] = field(default_factory=dict)

    def note(self, names: Iterable[str]) -> None:
        """Remember the files of these names that are there before the suite runs."""
        for _, path, about in self._files(names):
            self._before[path] = about.st_mtime_ns

    def take(self, names: Iterable[str]) -> None:
        """Copy the files of these names that the suite has written to `taken`.

        `names` are files or globs relative to the copy's top; what leads out of it, or is no plain
        file, is left. Nothing of the suite may run any more.
        """
        for number, (opened, path, about) in enumerate(self._files(names)):
            place = self.taken / path.relative_to(self.root)
            if self._before.get(path) == about.st_mtime_ns or number >= REPORTS:
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.dup(opened), "rb") as source, place.open("wb") as target:
                shutil.copyfileobj(source, target)
            os.utime(place, ns=(about.st_atime_ns, about.st_mtime_ns))

    def _files(self, names: Iterable[str]) -> Iterator[tuple[int, Path, os.stat_result]]:
        """Each plain file within the copy: opened, by its real path, and what is known of it."""
        found: set[Path] = set()
        for name in names:
            with suppress(ReportError, OSError, ValueError, RuntimeError):
                found |= {path.resolve() for path in expand(self.root / name)}
        for path in sorted(found):
            if not path.is_relative_to(self.root):
                continue
            with suppress(OSError):
                opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    about = os.fstat(opened)
                    if stat.S_ISREG(about.st_mode):
                        yield opened, path, about
                finally:
                    os.close(opened)


@asynccontextmanager
async def suite_copy(
    repo: Path, environment: Environment, env: Mapping[str, str], taken: Path
) -> AsyncIterator[SuiteCopy]:
    """The tracked files of `repo` with what the set-up has built; gone when the block ends.

    It lies where the project lay while its environment was set up, so that what was installed in
    place is found. There is no `.git`: it holds the job's credentials. Raises `WorkspaceError`.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    async with AsyncExitStack() as stack:
        try:
            place = (
                scratch(temporary)
                if environment.project is None
                else claimed(environment.project.parent)
            )
            top = await stack.enter_async_context(place)
        except BlockingIOError:
            raise WorkspaceError(
                "Another run uses this project's environment.",
                hint="Wait for it, or name another folder with cache-dir.",
            ) from None
        top.chmod(0o755)
        export = await stack.enter_async_context(copied(repo, env, parent=top))
        root = top / "project"
        export.root.rename(root)
        if environment.built is not None:
            await asyncio.to_thread(lay_over, environment.built, root)
        home = await stack.enter_async_context(scratch(temporary))
        yield SuiteCopy(root, home, taken)
