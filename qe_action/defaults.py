"""The ports an agent works with where it was given none."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from qe_action.analysis.paths import PathIndex
from qe_action.workspace.change import Change, MeasuredTree, list_files, resolve_change
from qe_action.workspace.checkout import Checkout, GitCheckout
from qe_action.workspace.git import Git

monotonic = time.monotonic


class NoCheckout:
    """No repository: every file is as the report names it, and nothing is known to be changed.

    `why` is a sentence for the result's notes.
    """

    def __init__(self, why: str = "") -> None:
        self._why = why

    async def change(self) -> Change:
        notes = (self._why,) if self._why else ()
        tree = MeasuredTree(kind="unknown", sha=None)
        return Change(tree=tree, diff=None, line_map=None, notes=notes)

    async def index(self) -> PathIndex | None:
        return None

    def path(self, path: str) -> Path | None:
        return None

    def source(self, path: str) -> bytes | None:
        return None

    def modified(self, path: str) -> float | None:
        return None


def checkout(repo: Path | None, base: str | None) -> Checkout:
    """The working tree at `repo` against the merge base with `base`."""
    if repo is None:
        return NoCheckout()
    git = Git(repo, env=os.environ)
    root = git.toplevel or repo
    return GitCheckout(
        root,
        resolve=partial(resolve_change, git, base=base),
        list_files=partial(list_files, git),
    )
