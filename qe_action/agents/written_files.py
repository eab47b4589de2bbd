"""Written test files, looked at once more: each is run as it is, in a new copy of the project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from qe_action.project_worker.client import ProjectInterpreter
from qe_action.verify.rerun import Rerun, Written
from qe_action.workspace import tree as trees


async def broken_files(
    interpreter: ProjectInterpreter,
    repo: Path,
    files: Mapping[str, tuple[bytes | None, bytes]],
    start: str,
    timeout: float,
) -> dict[str, str]:
    """The files with which something is red that was not before, and what that is.

    `files` hold what was at a path of the repository before, and what is there now; `start` is the
    folder in which tests are run.
    """
    found = {}
    async with trees.copied(repo, os.environ) as export:
        for path, (before, after) in files.items():
            async with Rerun.open(interpreter, export.root, timeout) as rerun:
                if why := await rerun.broken(Written(path, before, after), start):
                    found[path] = why
                    before_again = export.root / path
                    before_again.unlink(missing_ok=True)
                    if before is not None:
                        before_again.write_bytes(before)
    return found
