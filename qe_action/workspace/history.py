"""What the clone knows of a commit's past."""

from __future__ import annotations

from qe_action.errors import WorkspaceError
from qe_action.workspace.git import Git


async def first_parents(git: Git, sha: str, limit: int) -> tuple[str, ...]:
    """A commit's ancestors by first parents, the nearest first, at most `limit`.

    Fewer where history begins or, in a shallow clone, was cut off.
    """
    line: list[str] = []
    try:
        while len(line) < limit and (parents := await git.parents(line[-1] if line else sha)):
            line.append(parents[0])
    except WorkspaceError:
        pass  # the commit is not here
    return tuple(line)
