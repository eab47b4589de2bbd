"""How a workflow installs a project and runs its tests, found from the project's files. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from qe_action.diagnosis.facts import Project
from qe_action.workspace.metadata import asked_pythons
from qe_action.workspace.setup_plan import Described, described

PYTHONS = ("3.13", "3.12", "3.11", "3.10", "3.9")
"""What is taken where the project does not say, and then the newest that it supports."""
_PYTEST = ("pytest", "pytest-cov")


def ci_steps(texts: Mapping[str, str], below: str = ".", branch: str = "") -> Project:
    """The commands for a project with these files, which lie in the folder `below`."""
    project = described(texts)
    for lock, steps in _LOCKS.items():
        if lock in texts:
            install, prefix = steps(project)
            break
    else:
        install, prefix = _with_pip(project), ""
    return Project(
        below=below,
        branch=branch,
        python=_python(texts),
        install=tuple(shlex.join(command) for command in install if command),
        prefix=prefix,
    )


def _python(texts: Mapping[str, str]) -> str:
    chosen, supported = asked_pythons(texts)
    if chosen:
        return chosen
    try:
        fits = SpecifierSet(supported)
    except InvalidSpecifier:
        return PYTHONS[0]
    return next((version for version in PYTHONS if f"{version}.9" in fits), PYTHONS[0])


Command = tuple[str, ...]
Steps = tuple[list[Command], str]


def _uv(project: Described) -> Steps:
    extras = [part for name in project.extras for part in ("--extra", name)]
    groups = [part for name in project.groups for part in ("--group", name)]
    more = _lacking(project, "uv.lock", "uv", "pip", "install")
    sync = ("uv", "sync", "--frozen", *extras, *groups)
    return [("pip", "install", "uv"), sync, more], "uv run --no-sync "


def _pylock(project: Described) -> Steps:
    own = ("pip", "install", "--no-deps", "-e", ".") if project.installable else ()
    locked = ("uv", "pip", "install", "--system", "-r", "pylock.toml")
    more = _lacking(project, "pylock.toml", "pip", "install")
    return [("pip", "install", "uv"), locked, own, more], ""


def _poetry(project: Described) -> Steps:
    more = _lacking(project, "poetry.lock", "poetry", "run", "pip", "install")
    install = ("poetry", "install", "--all-extras")
    return [("pip", "install", "poetry"), install, more], "poetry run "


def _pdm(project: Described) -> Steps:
    more = _lacking(project, "pdm.lock", "pdm", "run", "python", "-m", "pip", "install")
    pip = ("pdm", "run", "python", "-m", "ensurepip") if more else ()
    install = ("pdm", "install", "--frozen-lockfile", "--group", ":all")
    return [("pip", "install", "pdm"), install, pip, more], "pdm run "


def _pipenv(project: Described) -> Steps:
    more = _lacking(project, "Pipfile.lock", "pipenv", "run", "pip", "install")
    return [("pip", "install", "pipenv"), ("pipenv", "sync", "--dev"), more], "pipenv run "


_LOCKS: Mapping[str, Callable[[Described], Steps]] = {
    "uv.lock": _uv,
    "pylock.toml": _pylock,
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
}


def _lacking(project: Described, lock: str, *install: str) -> Command:
    """What installs pytest and pytest-cov where the lock does not have them."""
    text = project.texts[lock]
    missing = [name for name in _PYTEST if not re.search(rf"[\"']{name}[\"']", text)]
    return (*install, *missing) if missing else ()


def _with_pip(project: Described) -> list[Command]:
    files = [part for name in project.requirements for part in ("-r", name)]
    groups = [part for name in project.groups for part in ("--group", name)]
    own = ["-e", project.target] if project.installable else []
    newer: Command = ("pip", "install", "--upgrade", "pip") if groups else ()  # `--group` is new
    return [newer, ("pip", "install", *own, *files, *groups, *_PYTEST)]
