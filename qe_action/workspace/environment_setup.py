"""Makes a virtual environment and runs what sets it up, in the sandbox."""

from __future__ import annotations

import asyncio
import hashlib
import json
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qe_action.errors import SetupFailed, UsageError, WorkspaceError
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.built_files import collect
from qe_action.workspace.cache_entries import Entries, Entry
from qe_action.workspace.installer import Installer, installer, telling
from qe_action.workspace.interpreter import Facts, ask_inside, bases, found
from qe_action.workspace.metadata import asked_pythons
from qe_action.workspace.programs import Programs
from qe_action.workspace.project_files import ProjectFiles, read_project
from qe_action.workspace.python_choice import choose
from qe_action.workspace.setup_plan import Plan, Step, find_plan, own_plan

FORMAT = 2
"""Of an entry; another number makes all environments anew."""
_NOTHING = Plan("", ())
_WITHOUT = "without project"
_NO_USER = (
    "The set-up had no user of its own: the pull request's code could change the modes of all "
    "files of yours."
)
BUILT = "built"


@dataclass(frozen=True)
class Setup:
    """What is to be set up: a copy of the project, and what the user says of it."""

    export: Path
    below: str
    command: str
    version: str
    timeout: float


@dataclass(frozen=True)
class Made:
    """A virtual environment, and the interpreter that it was made of.

    `project` is where the project lay meanwhile: what was installed from there in place is found
    again once a copy lies there.
    """

    venv: Path
    base: Facts
    built: Path | None
    notes: tuple[str, ...]
    project: Path


async def set_up(
    wanted: Setup, *, sandbox: Sandbox, entries: Entries, env: Mapping[str, str]
) -> Made:
    """The environment, from the cache or made now. Raises `SetupFailed` or `UsageError`."""
    try:
        files = await asyncio.to_thread(read_project, _project(wanted))
    except OSError as error:
        raise WorkspaceError(f"The project can't be read: {error.strerror}.") from None
    base, notes = await _base(wanted, files, sandbox, entries, env)
    plan = (
        own_plan(wanted.command, files.texts)
        if wanted.command
        else find_plan(files.texts) or _NOTHING
    )
    key = environment_key(plan, base, files, entries.folder / wanted.below)
    entry, why = await entries.take(key)
    if why:
        notes += (f"The cached environment was not used, as {why}.",)
    if entry is None:
        entry, more = await _make(
            plan, base, wanted, sandbox=sandbox, entries=entries, env=env, key=key
        )
        notes += more
    elif _WITHOUT in entry.said:
        notes += ("The project itself did not install, only what it needs.",)
    venv = entry.folder / "venv"
    real = Path(base.base_executable).resolve()
    if venv.resolve() != venv:  # what a link leads to would be opened in its place
        raise SetupFailed("The set-up has replaced the environment by a link.")
    if (venv / "bin" / "python").resolve() != real:
        raise SetupFailed("The set-up has replaced the environment's interpreter.")
    built = entry.folder / BUILT
    return Made(
        venv,
        base,
        built if built.is_dir() else None,
        (_about(plan, base), *notes),
        project_place(entry.folder) / "project",
    )


def project_place(folder: Path) -> Path:
    """Where the project's folder lies that an entry is made for.

    Named as other folders for a time are, so that what a killed run has left is removed one day.
    """
    return folder.with_name(f"qe-action-{folder.name.rpartition('-')[2]}")


def _project(wanted: Setup) -> Path:
    """The folder that is installed. Raises `UsageError` where it is none of the export's."""
    top = wanted.export.resolve()
    try:
        place = (top / wanted.below).resolve(strict=True)
    except (OSError, RuntimeError):
        place = Path("/")
    if not place.is_relative_to(top) or not place.is_dir():
        raise UsageError(
            f"{wanted.below} is no folder of the project.",
            hint="Is working-directory right?",
            anchor="the-environment-of-the-project",
        )
    return place


def environment_key(plan: Plan, base: Facts, files: ProjectFiles, folder: Path) -> str:
    """Names an environment: what it is made of and for, and where, since paths are in it."""
    said = [
        FORMAT,
        [(step.command, step.instead) for step in plan.steps],
        dict(plan.variables),
        base.version,
        base.base_executable,
        sys.platform,
        platform_tag(),
        files.digest,
        str(folder),
    ]
    return f"env-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]}"


def platform_tag() -> str:
    """The machine's kind and its C library, which wheels are for."""
    return "-".join((platform.machine(), *platform.libc_ver()))


def _about(plan: Plan, base: Facts) -> str:
    if not plan.steps:
        return f"The project says nowhere what it needs: Python {base.minor} alone is used."
    return f"The project's environment has Python {base.minor} and was set up from {plan.found}."


async def _base(
    wanted: Setup, files: ProjectFiles, sandbox: Sandbox, entries: Entries, env: Mapping[str, str]
) -> tuple[Facts, tuple[str, ...]]:
    """The interpreter to make the environment of, and what is to be said of the choice."""
    programs = Programs(env, (wanted.export,))
    known = list((await found(programs, others=sandbox.layers().user)).values())
    named, supported = asked_pythons(files.texts)
    choice = choose(
        [facts.version for facts in known], asked=wanted.version, named=named, supported=supported
    )
    if choice.known is not None:
        return known[choice.known], ()
    notes: tuple[str, ...] = ()
    if choice.fetch:
        try:
            return await _fetched(choice.fetch, wanted.timeout, sandbox, entries, env), ()
        except SetupFailed as error:
            why = f"Python {choice.fetch} is not here and could not be fetched"
            if wanted.version or not known:
                here = ", ".join(dict.fromkeys(facts.minor for facts in known)) or "none"
                raise SetupFailed(
                    f"{why}: {telling(error.output)}",
                    hint=f"Name one with python-version that is here: {here}.",
                    output=error.output,
                ) from None
            notes = (f"{why}.",)
    if not known:
        raise SetupFailed(
            "There is no interpreter here that the sandbox's user may run.",
            hint="Name a version with python-version.",
        )
    own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    ours = [facts for facts in known if Path(facts.base_executable).resolve() == own]
    return (ours or known[-1:])[0], notes


async def _fetched(
    version: str, timeout: float, sandbox: Sandbox, entries: Entries, env: Mapping[str, str]
) -> Facts:
    """An interpreter that uv downloads, whose hash uv knows."""
    said = json.dumps([FORMAT, version, platform_tag()])
    key = f"python-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
    entry, _ = await entries.take(key)
    if entry is None:
        folder = entries.new(key)
        try:
            async with installer(sandbox, env, parent=entries.folder, timeout=timeout) as tool:
                await tool.run(
                    (
                        *("uv", "--no-config", "python", "install", "--no-bin"),
                        *("--install-dir", str(folder), version),
                    ),
                    writable=(folder,),
                    variables={"UV_PYTHON_DOWNLOADS": "automatic"},
                )
            entry = await entries.keep(key, folder)
        except BaseException:
            await entries.drop(folder)
            raise
    for python in sorted(entry.folder.glob("*/bin/python3")):
        real = python.resolve()
        if real.is_relative_to(entry.folder):
            facts = await ask_inside(real, sandbox, (entry.folder,))
            own = (facts.prefix, facts.base_prefix, facts.base_executable)
            if all(Path(path).resolve().is_relative_to(entry.folder) for path in own):
                return facts
    raise SetupFailed(f"Python {version} could not be had: uv did not install it.")


async def _make(
    plan: Plan,
    base: Facts,
    wanted: Setup,
    *,
    sandbox: Sandbox,
    entries: Entries,
    env: Mapping[str, str],
    key: str,
) -> tuple[Entry, tuple[str, ...]]:
    """Fill a new entry. Nothing of a set-up that failed is kept."""
    folder = entries.new(key)
    try:
        async with installer(
            sandbox,
            env,
            parent=entries.folder,
            readable=bases(base),
            project=wanted.export,
            below=wanted.below,
            timeout=wanted.timeout,
            place=project_place(folder),
        ) as tool:
            notes = await _fill(plan, base, folder, tool, own=bool(wanted.command))
            await asyncio.to_thread(collect, tool.project, wanted.export, folder / BUILT)
        entry = await entries.keep(key, folder, (_WITHOUT,) if notes else ())
    except BaseException:
        await entries.drop(folder)
        raise
    held = sandbox.layers()
    weaker = (_NO_USER,) if held.seccomp and not held.user else ()
    return entry, (*tool.network.notes, *weaker, *notes)


async def _fill(
    plan: Plan, base: Facts, folder: Path, tool: Installer, *, own: bool
) -> tuple[str, ...]:
    """Run all steps. Returns why the project itself was left out, where it was."""
    venv = folder / "venv"
    python = str(Path(base.base_executable).resolve())
    variables = {
        **plan.variables,
        "VIRTUAL_ENV": str(venv),
        "UV_PROJECT_ENVIRONMENT": str(venv),
    }

    places = {name: str(tool.top / "tools" / name) for name in plan.files}
    for name, text in plan.files.items():
        Path(places[name]).write_text(text, encoding="utf-8")

    async def run(command: tuple[str, ...]) -> None:
        await tool.run(
            [places.get(part, part) for part in command],
            writable=(folder,),
            path=(venv / "bin",),
            variables=variables,
        )

    make = ("uv", "--no-config", "venv", "--no-project", "--clear", "--python", python, str(venv))
    # A command of the author's may call pip, which nothing else needs.
    await _first_of(Step((*make, "--seed"), make) if own else Step(make), run)
    why: list[str] = []
    for step in plan.steps:
        why += await _first_of(step, run)
    return tuple(f"The project itself did not install: {reason}" for reason in why)


async def _first_of(step: Step, run: Callable[[tuple[str, ...]], Awaitable[None]]) -> list[str]:
    """Run a step, or what may stand for it; then the first one's reason is returned."""
    try:
        await run(step.command)
    except SetupFailed as error:
        if not step.instead:
            raise
        await run(step.instead)
        return [telling(error.output)]
    return []
