"""A worker's folder: a working copy of the project, and what else it may write to."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from qe_action.project_worker.client import Worker
from qe_action.workspace.folders import remove


@dataclass
class WorkingCopy:
    """One worker and the copy that it may write to. `dirty`: it may hold what it should not."""

    folder: Path
    worker: Worker
    closing: AsyncExitStack
    dirty: bool = False
    used: bool = False

    @property
    def root(self) -> Path:
        return self.folder / "project"


@asynccontextmanager
async def own_folder() -> AsyncIterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="qe-action-")).resolve()
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(remove, folder))


def fill(tree: Path, folder: Path) -> None:
    """All that a worker's folder holds. Made before it starts: later a name there may be a link."""
    shutil.copytree(tree, folder / "project", symlinks=True)
    for parent, _, files in os.walk(folder / "project"):
        Path(parent).chmod(0o755)
        for path in (Path(parent, name) for name in files):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o600)
    for name in ("home", "tmp", "elsewhere"):
        (folder / name).mkdir()
