"""The ports an agent works with where it was given none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qe_action.analysis.paths import PathIndex
from qe_action.workspace.change import Change, MeasuredTree, list_files, resolve_change
from qe_action.workspace.checkout import Checkout, GitCheckout
from qe_action.workspace.git import Git

if TYPE_CHECKING:  # what tests are made with is imported when they are wanted
    from qe_action.execution.suite_port import SuiteRunner
    from qe_action.project_worker.client import ProjectInterpreter
    from qe_action.sandbox.sandbox import Sandbox
    from qe_action.workspace.environment import Environment

monotonic = time.monotonic


def cores() -> int:
    """The processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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

    @property
    def top(self) -> str:
        return ""

    def link(self, path: str) -> str | None:
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


def suite_runner() -> SuiteRunner:
    """Runs a suite's command as a process of its own, with what this one inherited."""
    from qe_action.execution.plain import PlainRunner

    return PlainRunner(os.environ)


def below(repo: Path) -> str:
    """The folder from the top of its repository; empty where it is the top."""
    root = Git(repo, env=os.environ).toplevel
    inside = repo.resolve().relative_to(root.resolve()).as_posix() if root else "."
    return inside if inside != "." else ""


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
class ProjectInterpreters:
    """The interpreters of a project's own environment, and sentences on how it was made.

    `environment` is the first one's, and `sandbox` what its code is run in.
    """

    interpreters: tuple[ProjectInterpreter, ...]
    environment: Environment
    sandbox: Sandbox
    notes: tuple[str, ...] = ()


def closed(repo: Path | None) -> tuple[Path, ...]:
    """What no run sees, wherever it lies: the checkout, and the folders that the job fills."""
    from qe_action.import_path import CLOSED

    named = (os.environ.get(name) for name in CLOSED)
    return (*(Path(name) for name in named if name), *(() if repo is None else (repo,)))


async def interpreters(
    pythons: Sequence[Path], *, sandbox: str, repo: Path | None = None
) -> ProjectInterpreters:
    """An interpreter for each path, first the one that tests are made on.

    Without any it is the one that is found. Raises `QEError` where one can't be used.
    """
    from qe_action.sandbox.sandbox import Sandbox
    from qe_action.workspace.environment import asked, existing
    from qe_action.workspace.interpreter_search import find
    from qe_action.workspace.programs import Programs

    machine = Sandbox(off=sandbox == "off", closed=closed(repo))
    found: list[ProjectInterpreter] = []
    environments: list[Environment] = []
    notes: list[str] = []
    if not pythons:
        # What lies in the checkout, or where others may write, is started in the sandbox alone.
        programs = Programs(os.environ, () if repo is None else (repo,))
        others = machine.layers().user
        ask = partial(asked, programs=programs, sandbox=machine, others=others)
        chosen = await find(repo, os.environ, others=others, asked=ask)
        pythons, notes = (chosen.python,), [*chosen.notes]
    for python in pythons:
        environment = await existing(python, sandbox=machine, env=os.environ, repo=repo)
        if sandbox == "off":  # as it was named, which may be a wrapper
            environment = replace(environment, python=python.absolute())
        environments.append(environment)
        found.append(_interpreter(environment, machine, sandbox))
        notes += environment.notes
    said = (*_weaker(machine, sandbox), *notes)
    return ProjectInterpreters(tuple(found), environments[0], machine, said)


@asynccontextmanager
async def project_interpreters(setup: ProjectSetup) -> AsyncGenerator[ProjectInterpreters, None]:
    """Interpreters of a checked-out project, its environment set up in the sandbox or cached.

    Where the sandbox is switched off and nothing is said of the set-up, the active environment
    serves. Raises `QEError` where that can't be done.
    """
    if setup.sandbox == "off" and not setup.command and not setup.python_version:
        yield await interpreters((), sandbox="off", repo=setup.repo)
        return
    from qe_action.sandbox.sandbox import Sandbox
    from qe_action.workspace.environment import prepared
    from qe_action.workspace.tree import copied

    machine = Sandbox(off=setup.sandbox == "off", closed=closed(setup.repo))
    # On a desk, too, no program is taken from the checkout.
    env = {**os.environ, "GITHUB_WORKSPACE": str(setup.repo)}
    async with copied(setup.repo, env) as export:
        environment = await prepared(
            export.root,
            below=setup.below,
            sandbox=machine,
            env=env,
            cache_dir=setup.cache,
            setup_command=setup.command or "",
            python_version=setup.python_version or "",
        )
    interpreter = _interpreter(environment, machine, setup.sandbox)
    said = (*_weaker(machine, setup.sandbox), *environment.notes)
    yield ProjectInterpreters((interpreter,), environment, machine, said)


def _interpreter(environment: Environment, machine: Sandbox, sandbox: str) -> ProjectInterpreter:
    from qe_action.project_worker.client import PlainInterpreter
    from qe_action.project_worker.sandboxed import SandboxedInterpreter

    if sandbox == "off":
        return PlainInterpreter(str(environment.python), os.environ, environment.overlay)
    places = (environment.readable, environment.overlay, environment.built)
    return SandboxedInterpreter(machine, environment.python, *places)


def _weaker(machine: Sandbox, sandbox: str) -> tuple[str, ...]:
    """What does not hold around the project's code on this machine."""
    weaker = () if sandbox == "off" else machine.layers().weaker
    return (f"The sandbox is weaker on this machine: {'; '.join(weaker)}.",) if weaker else ()
