"""A copy of the tracked files for code that nobody has read, and its Python files."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from qe_action.errors import WorkspaceError
from qe_action.workspace.export import Export, exported
from qe_action.workspace.folders import scratch
from qe_action.workspace.git import Git

SOURCES = 2 * 1024 * 1024
"""Bytes of the largest Python file that is read."""
CONFIG = 1 << 20
"""Bytes of the largest configuration that is read."""


@asynccontextmanager
async def copied(
    repo: Path, env: Mapping[str, str], parent: Path | None = None
) -> AsyncIterator[Export]:
    """The tracked files as they are in the working tree, without `.git` and links that lead out.

    Every user may read them, so that several sandboxes can share them.
    """
    git = Git(repo, env=env)
    if git.toplevel is None:
        raise WorkspaceError(
            f"{repo} is in no git repository.", hint="Tests are made for tracked files."
        )
    async with exported(git, None, parent=parent or _parent(), writable=True) as export:
        yield export


@asynccontextmanager
async def written(files: Mapping[str, str]) -> AsyncIterator[Path]:
    """A folder with these files."""
    async with scratch(_parent()) as folder:
        folder.chmod(0o755)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield folder


def python_files(tree: Path) -> dict[str, bytes]:
    """The contents of all Python files, by their path in the tree."""
    found = {}
    for path in sorted(tree.rglob("*.py")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= SOURCES:
            found[path.relative_to(tree).as_posix()] = path.read_bytes()
    return found


def small_texts(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """What the files of these names hold that are there; empty for links and what is too large."""
    texts = {name: "" for name in names if (folder / name).is_file()}
    for name in texts:
        place = folder / name
        if place.stat().st_size < CONFIG and not place.is_symlink():
            texts[name] = place.read_text(encoding="utf-8", errors="replace")
    return texts


def _parent() -> Path:
    return Path(tempfile.gettempdir())
