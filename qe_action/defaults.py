"""The ports an agent works with where it was given none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qe_action.analysis.paths import PathIndex
from qe_action.errors import SandboxUnavailable, UsageError
from qe_action.lab import Lab, PlainLab
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


def labs(pythons: Sequence[Path], *, sandbox: str) -> tuple[Lab, ...]:
    """A lab for each interpreter, first the one that tests are made on.

    Raises `SandboxUnavailable` unless the user wants none, on a machine of their own.
    """
    if sandbox != "off":
        raise SandboxUnavailable(
            "Generated tests run the project's code, and there is no sandbox for it here.",
            hint="hint: --sandbox off on a machine of your own",
        )
    for python in pythons:
        if not python.is_file():
            raise UsageError(f"There is no interpreter {python}.", anchor="command-line")
    return tuple(PlainLab(str(python), os.environ) for python in pythons or (_interpreter(),))


@dataclass(frozen=True)
class ProjectSetup:
    """How a project is made to run: its checkout, and what of the inputs is about it.

    `below` is the folder of the checkout that is installed, `cache` where its environment is kept
    for later runs.
    """

    repo: Path
    below: str = "."
    sandbox: str = "on"
    command: str | None = None
    python_version: str | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class ProjectLabs:
    """Labs in a project's own environment, and sentences on how it was made."""

    labs: tuple[Lab, ...]
    notes: tuple[str, ...] = ()


@asynccontextmanager
async def project_labs(setup: ProjectSetup) -> AsyncGenerator[ProjectLabs, None]:
    """Labs for a checked-out project, its environment set up for as long as they are used.

    Raises `QEError` where that can't be done.
    """
    yield ProjectLabs(labs((), sandbox=setup.sandbox))


def _interpreter() -> Path:
    """That of the active virtual environment; else our own."""
    active = os.environ.get("VIRTUAL_ENV")
    found = Path(active, "bin", "python") if active else Path(sys.executable)
    return found if found.is_file() else Path(sys.executable)
