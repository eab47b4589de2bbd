"""The project's environment: an interpreter that is there, or one that is set up for a run.

`existing` and `prepared` are the two ways to an `Environment`. The first trusts what the user
named. The second runs code of the pull request (build backends), in the sandbox with nothing
but the network added; what comes of it is made ours and never run outside the sandbox.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from qe_action.errors import SetupFailed, UsageError, WorkspaceError
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.cache_entries import Entries
from qe_action.workspace.environment_setup import Setup, set_up
from qe_action.workspace.installer import TIMEOUT, installer
from qe_action.workspace.interpreter import (
    Facts,
    ask,
    ask_inside,
    bases,
    check_version,
    needs,
    opened,
    unreachable,
)
from qe_action.workspace.interpreter_search import TOOLS, can_add, remedy
from qe_action.workspace.overlay import NAMES, lacking, overlay, search_path
from qe_action.workspace.programs import Programs

_ANCHOR = "the-environment-of-the-project"


@dataclass(frozen=True)
class Environment:
    """An interpreter with pytest and coverage for the sandbox."""

    python: Path
    """Runnable by the sandbox's user."""
    readable: tuple[Path, ...]
    """What a sandbox has to be able to read for it."""
    overlay: Path | None
    """A folder with pytest and coverage for PYTHONPATH where it lacks them."""
    notes: tuple[str, ...]
    """Sentences for the user."""
    built: Path | None = None
    """Files that the set-up made in the project; `built.lay_over` puts them into a copy."""
    project: Path | None = None
    """Where a copy of the repository has to lie so that what is installed in place is found."""


def default_cache(env: Mapping[str, str]) -> Path:
    """Where environments are kept if nobody says: root's home is closed to the sandbox's users."""
    if sys.platform == "linux" and os.geteuid() == 0:
        return Path("/var/cache/qe-action")
    named, home = env.get("XDG_CACHE_HOME", ""), env.get("HOME", "")
    if named.startswith("/"):
        return Path(named, "qe-action")
    if home.startswith("/"):
        return Path(home, ".cache", "qe-action")
    raise WorkspaceError(
        "There is no folder to keep the project's environment in.",
        hint="Name one with cache-dir.",
        anchor=_ANCHOR,
    )


async def existing(
    python: Path,
    *,
    sandbox: Sandbox,
    env: Mapping[str, str],
    cache_dir: Path | None = None,
    repo: Path | None = None,
) -> Environment:
    """The environment of an interpreter that is there.

    One that lies in `repo`, or where others may write, is asked in the sandbox alone. Nothing of
    `repo` is opened beside the environment itself. Raises `UsageError` where it is too old,
    `WorkspaceError` where it can't be used.
    """
    if not python.is_file():
        raise UsageError(f"There is no interpreter {python}.", anchor=_ANCHOR)
    others = sandbox.layers().user
    programs = Programs(env, () if repo is None else (repo,))
    facts = await asked(python.absolute(), programs, sandbox, others=others)
    check_version(facts, python)
    said = Path(facts.executable)
    place = said.parent.resolve() / said.name
    prefixes = opened((Path(facts.prefix), *bases(facts)))
    extra, notes = _elsewhere(facts, prefixes, repo)
    readable = opened((*prefixes, *extra))
    if others:
        _check_reach(place, (place, Path(facts.base_executable), *prefixes))
    missing = lacking(facts)
    over = None
    if missing:
        over, more = await _added(python, facts, missing, sandbox, env, cache_dir)
        notes += more
    return await _proven(place, readable, over, notes, sandbox)


async def asked(python: Path, programs: Programs, sandbox: Sandbox, *, others: bool) -> Facts:
    """What an interpreter says, where it can do no harm."""
    if programs.trusts(python) and programs.trusts(python.resolve()):
        return await ask(python, names=NAMES)
    place = python.parent.resolve() / python.name
    needed = needs(place)
    if others:
        _check_reach(python, (place, *needed))
    return await ask_inside(place, sandbox, needed, names=NAMES)


async def _added(
    python: Path,
    facts: Facts,
    missing: tuple[str, ...],
    sandbox: Sandbox,
    env: Mapping[str, str],
    cache_dir: Path | None,
) -> tuple[Path, tuple[str, ...]]:
    """What an interpreter lacks, laid over it. Raises `WorkspaceError` where that does not work."""
    tools = [name for name in TOOLS if name in missing] or list(missing)
    lacks = f"{python} has no {' and no '.join(tools)}"
    if not can_add():
        raise WorkspaceError(f"{lacks}.", hint=remedy(python, missing=tools), anchor=_ANCHOR)
    try:
        return await _overlay(facts, missing, sandbox, env, cache_dir or default_cache(env))
    except SetupFailed as error:
        said = f"{lacks}, and uv could not add them: {error.message}"
        raise WorkspaceError(said, hint=remedy(python, missing=tools), anchor=_ANCHOR) from None


async def prepared(
    export: Path,
    *,
    sandbox: Sandbox,
    env: Mapping[str, str],
    cache_dir: Path | None = None,
    setup_command: str = "",
    python_version: str = "",
    below: str = ".",
    timeout: float = TIMEOUT,
) -> Environment:
    """An environment with what the project in `export` needs, from the cache or set up now.

    `below` is the folder in it that is installed. Raises `SetupFailed` where that does not
    work: the caller goes on without tests.
    """
    if not sandbox.layers().user and sys.platform == "linux" and os.geteuid() == 0:
        raise SetupFailed(
            "A project's environment is never set up as root, and the sandbox is switched off.",
            hint="Name an interpreter with --python, or be another user.",
        )
    entries = _entries(cache_dir or default_cache(env), sandbox)
    wanted = Setup(export, below, setup_command.strip(), python_version.strip(), timeout)
    made = await set_up(wanted, sandbox=sandbox, entries=entries, env=env)
    place = made.venv / "bin" / "python"
    readable = opened((made.venv, *bases(made.base)))
    inside = await ask_inside(place, sandbox, readable, names=NAMES)
    check_version(inside, place)
    missing, over, notes = lacking(inside), None, made.notes
    if missing:
        over, more = await _overlay(made.base, missing, sandbox, env, entries.folder)
        notes += tuple(note for note in more if note not in notes)
    environment = await _proven(place, readable, over, notes, sandbox)
    return replace(environment, built=made.built, project=made.project)


def _entries(folder: Path, sandbox: Sandbox) -> Entries:
    """The cache, where the sandbox's user can read it. Raises `SetupFailed`."""
    entries = Entries(folder)
    if sandbox.layers().user and (closed := unreachable(entries.folder)):
        raise SetupFailed(
            f"The sandbox's user can't read {entries.folder}: {closed} is closed to other users.",
            hint="Name a folder with cache-dir that every user may read.",
        )
    return entries


OURS = Path(__file__).resolve().parents[2]
"""The folder that qe-action itself is imported from."""


def _elsewhere(
    facts: Facts, prefixes: tuple[Path, ...], repo: Path | None
) -> tuple[list[Path], tuple[str, ...]]:
    """Folders on the interpreter's path outside its own, and a note on those left closed."""
    kept: list[Path] = []
    closed: list[str] = []
    for name in facts.path:
        path = Path(name).resolve()
        if any(path.is_relative_to(prefix) for prefix in prefixes):
            continue
        if repo is not None and path.is_relative_to(repo.resolve()):
            continue  # the copy of the repository stands for it
        if path == OURS:
            continue  # an editable install of qe-action itself, which no project imports
        if (path / ".git").exists() or path == Path("/"):
            closed.append(name)
        else:
            kept.append(path)
    if not closed:
        return kept, ()
    return kept, (f"{', '.join(closed)} is a repository, so tests can't import from there.",)


def _check_reach(python: Path, paths: tuple[Path, ...]) -> None:
    for path in paths:
        closed = unreachable(path)
        if closed is not None:
            raise WorkspaceError(
                f"The sandbox's user can't run {python}: {closed} is closed to other users.",
                hint=f"{remedy(None, others=True)} Or run qe-action as another user than root.",
                anchor=_ANCHOR,
            )


async def _overlay(
    base: Facts,
    missing: tuple[str, ...],
    sandbox: Sandbox,
    env: Mapping[str, str],
    cache: Path,
) -> tuple[Path, tuple[str, ...]]:
    """The overlay for an interpreter; built with the one that its environment is made of."""
    entries = _entries(cache, sandbox)
    async with installer(sandbox, env, parent=entries.folder, readable=bases(base)) as tool:
        python = Path(base.base_executable).resolve()
        place = await overlay(base, python, missing, entries=entries, installer=tool)
        return place, tool.network.notes


async def _proven(
    python: Path,
    readable: tuple[Path, ...],
    over: Path | None,
    notes: tuple[str, ...],
    sandbox: Sandbox,
) -> Environment:
    """The environment, once pytest and coverage were imported in the sandbox."""
    places = opened((*readable, *((over,) if over else ())))
    facts = await ask_inside(python, sandbox, places, names=NAMES, variables=search_path(over))
    for name, version in (("pytest", facts.pytest), ("coverage", facts.coverage)):
        if version is None:
            raise WorkspaceError(
                f"{name} can't be imported by {python} in the sandbox.",
                hint=f"Install {name} there.",
                anchor=_ANCHOR,
            )
    return Environment(python, places, over, notes)
