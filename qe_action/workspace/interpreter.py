"""Interpreters: what one says of itself, and whether the sandbox's user can run it."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qe_action.errors import UsageError, WorkspaceError
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.process import run_program
from qe_action.workspace.programs import Programs

OLDEST = (3, 9)
"""The oldest version of Python that tests are made for; older ones are refused."""
NEWEST = (3, 14)
"""The newest version of Python that tests are made for; newer ones are tried."""
_ANSWER = 256 * 1024
_LINKS = 40
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64")
"""What every sandbox can read."""

QUESTION = """
import json, os, sys
def version(name):
    try:
        from importlib import metadata
        return metadata.version(name)
    except Exception:
        return None
def imported(name):
    try:
        return str(__import__(name).__version__)
    except BaseException:
        return None
names = NAMES
print("\\n" + json.dumps({
    "version": list(sys.version_info[:3]),
    "implementation": sys.implementation.name if hasattr(sys, "implementation") else "",
    "prefix": sys.prefix,
    "base_prefix": getattr(sys, "base_prefix", sys.prefix),
    "executable": sys.executable,
    "base_executable": getattr(sys, "_base_executable", None) or sys.executable,
    "path": [path for path in sys.path if os.path.isdir(path)],
    "pytest": imported("pytest") if names else None,
    "coverage": imported("coverage") if names else None,
    "installed": {name: version(name) for name in names},
}))
"""


class Facts(BaseModel):
    """An interpreter's answer; that of a set-up environment may be a lie."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: tuple[int, int, int]
    implementation: str = Field(max_length=50)
    prefix: str = Field(max_length=4096)
    base_prefix: str = Field(max_length=4096)
    executable: str = Field(max_length=4096)
    base_executable: str = Field(max_length=4096)
    path: tuple[str, ...] = Field(max_length=1000)
    pytest: str | None = Field(max_length=100)
    coverage: str | None = Field(max_length=100)
    installed: dict[str, Annotated[str, Field(max_length=100)] | None]

    @property
    def minor(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


def question(names: Iterable[str] = ()) -> str:
    """The program that an interpreter runs to say what it is, and which of `names` it has."""
    return QUESTION.replace("NAMES", repr(list(names)))


_SITE = """\
import site
site.execsitecustomize = site.execusercustomize = lambda: None
site.main()
"""
"""The site's folders without its programs: an editable install has the checkout among them."""


def _trusted(names: Iterable[str]) -> str:
    """The question to an interpreter outside the sandbox: it imports nothing that it asks for."""
    return question(names).replace('imported("', 'version("')


def facts_of(output: bytes) -> Facts | None:
    """The facts in what it printed; None where there are none."""
    try:
        return Facts.model_validate_json(output.strip().rsplit(b"\n", 1)[-1], strict=False)
    except ValidationError:
        return None


def needs(python: Path) -> tuple[Path, ...]:
    """What an interpreter has to read to start, as far as its place and links tell."""
    found: list[Path] = []
    step = python
    for _ in range(_LINKS):
        prefix = step.parent.parent
        whole = (prefix / "pyvenv.cfg").is_file() or any(prefix.glob("lib*/python3*/os.py"))
        found.append(prefix if whole else step)
        if not step.is_symlink():
            break
        step = step.parent.resolve() / step.readlink()
    return opened(found)


async def ask(python: Path, *options: str, names: Iterable[str] = ()) -> Facts:
    """What a trusted interpreter says. Raises `WorkspaceError`."""
    try:
        code, out, err = await run_program(
            python,
            (
                "-I",
                "-B",
                "-S",
                *options,
                "-c",
                ("" if "-S" in options else _SITE) + _trusted(names),
            ),
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            cwd=Path("/"),
            timeout=60,
            limit=_ANSWER,
        )
        why = one_line(err.decode("utf-8", "replace").strip().rsplit("\n")[-1])
        facts = None if code else facts_of(out)
    except WorkspaceError as error:
        why, facts = error.message, None
    if facts is None:
        raise WorkspaceError(
            f"The interpreter {python} can't be used: {why or 'it does not say what it is'}",
            hint="Name the project's interpreter with --python.",
            anchor="the-environment-of-the-project",
        )
    return facts


async def ask_inside(
    python: Path,
    sandbox: Sandbox,
    readable: tuple[Path, ...],
    *,
    names: Iterable[str] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Facts:
    """What an interpreter says in the sandbox, where it may be hostile. Raises `WorkspaceError`."""
    policy = Policy(readable=readable, environment=variables)
    done = await sandbox.run((str(python), "-B", "-c", question(names)), policy)
    facts = facts_of(done.stdout) if done.outcome.ok else None
    if facts is None:
        said = one_line(done.outcome.stderr.decode("utf-8", "replace").strip().rsplit("\n")[-1])
        raise WorkspaceError(
            f"The project's interpreter {python} can't be used in the sandbox: "
            f"{said or f'it ended by {done.outcome.how}'}",
            anchor="the-environment-of-the-project",
        )
    return facts


def one_line(text: str) -> str:
    """Text of a program, safe to print and short."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def check_version(facts: Facts, python: Path) -> None:
    """Refuse what the worker can't run on. Raises `UsageError`."""
    if facts.version < OLDEST:
        raise UsageError(
            f"{python} is Python {facts.minor}, and tests are made for Python "
            f"{OLDEST[0]}.{OLDEST[1]} or later.",
            hint="Name a newer interpreter with --python or python-version.",
            anchor="the-environment-of-the-project",
        )


async def found(programs: Programs, *, others: bool) -> dict[Path, Facts]:
    """The interpreters of this machine, the oldest first; with `others` those all may run."""
    here = Path(getattr(sys, "_base_executable", sys.executable))
    names = [*(f"python3.{n}" for n in range(OLDEST[1], NEWEST[1] + 1)), "python3"]
    paths = [here, *programs.named(names, more=("/usr/local/bin", "/usr/bin"))]
    paths = [path for path in paths if not (others and unreachable(path))]
    known: dict[Path, Facts] = {}
    answers = await asyncio.gather(*(ask(p, "-S") for p in paths), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, Facts) and answer.implementation == "cpython":
            real = Path(answer.base_executable).resolve()
            ours = real == here.resolve() or programs.trusts(real)
            if ours and answer.version >= OLDEST and not (others and unreachable(real)):
                known.setdefault(real, answer)
        elif isinstance(answer, BaseException) and not isinstance(answer, WorkspaceError):
            raise answer
    return dict(sorted(known.items(), key=lambda item: item[1].version))


def unreachable(path: Path) -> Path | None:
    """What of a path keeps other users from running or reading it."""
    try:
        real = path.resolve(strict=True)
        for part in (*reversed(real.parents), real):
            mode = part.stat().st_mode
            if not mode & stat.S_IXOTH or (part == real and not mode & stat.S_IROTH):
                return part
    except (OSError, RuntimeError):
        return path
    return None


def opened(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Resolved paths, without those that others hold or that every sandbox has."""
    kept: list[Path] = []
    for path in sorted({path.resolve() for path in paths}, key=lambda path: len(path.parts)):
        held = any(path.is_relative_to(other) for other in (*kept, *map(Path, _SYSTEM)))
        if path.exists() and not held:
            kept.append(path)
    return tuple(kept)


def bases(facts: Facts) -> tuple[Path, ...]:
    """The folders in which an interpreter itself lies."""
    real = Path(facts.base_executable).resolve()
    own = real.parent.parent
    own = own if (own / "lib" / f"python{facts.minor}").is_dir() else real
    return opened((Path(facts.base_prefix), own))
