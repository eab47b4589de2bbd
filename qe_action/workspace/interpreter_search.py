"""The project's interpreter where nobody names one: found, asked what it has, or told why not.

What came with the repository is never run to be asked: an environment that git tracks, or a
program that the search path finds inside the checkout.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qe_action.errors import QEError, WorkspaceError
from qe_action.workspace.git import Git
from qe_action.workspace.interpreter import Facts, ask, check_version, unreachable
from qe_action.workspace.programs import Programs

TOOLS = ("pytest", "coverage")
"""What an interpreter needs to run tests."""
FOLDERS = (".venv", "venv")
"""Where projects have their environments."""
MADE = "/opt/project-python"
"""Where an environment that every user may run is proposed."""
Asked = Callable[[Path], Awaitable[Facts]]
"""Starts an interpreter to ask what it is and has."""
_ANCHOR = "the-environment-of-the-project"


@dataclass(frozen=True)
class Candidate:
    """An interpreter that may be the project's, and whose it is, in words."""

    python: Path
    whose: str


@dataclass(frozen=True)
class Chosen:
    """The interpreter to take, and a sentence where it is not the one that comes to mind first."""

    python: Path
    notes: tuple[str, ...] = ()


async def find(
    repo: Path | None,
    env: Mapping[str, str],
    *,
    others: bool,
    own: Path = Path(sys.executable),
    addable: bool | None = None,
    asked: Asked | None = None,
) -> Chosen:
    """The first interpreter with pytest and coverage; else the first that they can be added to.

    Those come to mind of the active environment, of the project, our own, and what the search
    path has. With `others` every user has to be able to run it. `addable` says whether what is
    missing can be added, None to look; `asked` asks one, by default outside of the sandbox.
    Raises `WorkspaceError` where none can be used.
    """
    said: list[str] = []
    usable: list[Path] = []
    lacking = ""
    for candidate in await _candidates(repo, env, own):
        why, facts = await _unfit(candidate.python, asked or _asked, others=others)
        missing = () if facts is None else _lacks(facts)
        if not why and not missing:
            notes = (f"Tests are run by {candidate.python}, as {said[0]}.",) if said else ()
            return Chosen(candidate.python, notes)
        if not why:
            usable.append(candidate.python)
            why = f"has no {' and no '.join(missing)}"
            lacking = lacking or f"{candidate.python}, {candidate.whose}, {why}"
        said.append(f"{candidate.python}, {candidate.whose}, {why}")
    if usable and (can_add() if addable is None else addable):
        passed_over = () if said[0] == lacking else (f"{said[0]}.",)
        added = f"{lacking}: what it lacks was added for this run."
        return Chosen(usable[0], (*passed_over, added))
    raise WorkspaceError(
        f"No interpreter with pytest and coverage was found: {'; '.join(said[:4])}.",
        hint=remedy(usable[0] if usable else None, others=others),
        anchor=_ANCHOR,
    )


def remedy(python: Path | None, *, others: bool = False, missing: Iterable[str] = TOOLS) -> str:
    """The command that mends what an interpreter lacks; without one, what makes another."""
    if python is None:
        reach = " that every user may run" if others else ""
        open_to_all = [path for path in _on_path(dict(os.environ), None) if not unreachable(path)]
        made = open_to_all[0] if open_to_all else "python3"
        return (
            f"Name one{reach} with --python. This makes one: {made} -m venv --copies {MADE} && "
            f"{MADE}/bin/pip install pytest coverage, and what the project needs."
        )
    tools = " ".join(missing)
    return f"Run {python} -m pip install {tools}, or name another one with --python."


def can_add() -> bool:
    """Whether there is what lays pytest and coverage over an interpreter that has none."""
    from qe_action.workspace.installer import find_uv

    try:
        find_uv(Programs(os.environ))
    except QEError:
        return False
    return True


def _lacks(facts: Facts) -> tuple[str, ...]:
    had = {"pytest": facts.pytest, "coverage": facts.coverage}
    return tuple(name for name in TOOLS if had[name] is None)


async def _asked(python: Path) -> Facts:
    return await ask(python, names=TOOLS)


async def _unfit(python: Path, asked: Asked, *, others: bool) -> tuple[str, Facts | None]:
    """Why an interpreter can't be used, and what it says of itself."""
    if others and (closed := unreachable(python)):
        return f"can't be run by the sandbox's user, as {closed} is closed to others", None
    try:
        facts = await asked(python.absolute())
        check_version(facts, python)
    except QEError as error:
        return f"can't be used: {error.message.rpartition(': ')[2].rstrip('.')}", None
    base = Path(facts.base_executable)
    if others and (closed := unreachable(base)):
        return f"can't be run by the sandbox's user, as {closed} is closed to others", None
    return "", facts


async def _candidates(repo: Path | None, env: Mapping[str, str], own: Path) -> list[Candidate]:
    found = [
        Candidate(python, "of the active environment")
        for name in ("VIRTUAL_ENV", "CONDA_PREFIX")
        if (python := _inside(env.get(name)))
    ]
    root = None
    if repo is not None:
        git = Git(repo, env=env)
        root = git.toplevel
        found += [Candidate(python, "of the project") for python in await _own(git, repo)]
    found.append(Candidate(own, "qe-action's own"))
    found += [Candidate(python, "on the PATH") for python in _on_path(env, root)]
    return list({str(one.python): one for one in reversed(found)}.values())[::-1]


async def _own(git: Git, repo: Path) -> list[Path]:
    """The interpreters of environments in the project, of those that did not come with it."""
    top = git.toplevel
    inside = [repo, *repo.parents]
    folders = inside[: inside.index(top) + 1] if top in inside else [repo]
    places = [folder / name for folder in folders for name in FOLDERS]
    places = [place for place in places if _inside(place)]
    if not places or top is None:
        return [python for place in places if (python := _inside(place))]
    tracked = [entry.partition(b"\t")[2].lower() + b"/" for entry in await git.entries(None)]
    own = []
    for place in places:
        path = os.fsencode(place.relative_to(top).as_posix()).lower() + b"/"
        python = _inside(place)
        if python and not any(entry.startswith(path) for entry in tracked):
            own.append(python)
    return own


def _inside(folder: str | Path | None) -> Path | None:
    """The interpreter of an environment."""
    for name in ("bin/python", "Scripts/python.exe", "python.exe"):
        if folder and (found := Path(folder, name)).is_file():
            return found
    return None


def _on_path(env: Mapping[str, str], root: Path | None) -> Iterator[Path]:
    """What the search path has: first whatever runs its pytest and coverage, which may have made
    the report. Nothing inside the checkout."""
    for name in (*TOOLS, "python3", "python"):
        for folder in env.get("PATH", os.defpath).split(os.pathsep):
            place = Path(folder, name)
            if not place.is_absolute() or not place.is_file() or _is_below(place, root):
                continue
            python = place if name.startswith("python") else _shebang(place)
            if python is not None and not _is_below(python, root):
                yield python


def _is_below(path: Path, root: Path | None) -> bool:
    return root is not None and (path.is_relative_to(root) or path.resolve().is_relative_to(root))


def _shebang(script: Path) -> Path | None:
    """The interpreter that a script names; the script itself is not run."""
    try:
        with script.open("rb") as file:
            line = file.readline(1024)
    except OSError:
        return None
    words = line.removeprefix(b"#!").split()
    if not line.startswith(b"#!") or not words:
        return None
    found = Path(os.fsdecode(words[0]))
    return found if found.is_absolute() and found.is_file() and "python" in found.name else None
