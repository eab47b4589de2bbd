"""What sets up a project's environment, found from its files. Pure.

`LOCKS` is the extension point: a lock file's name, and the steps that install what it pins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from qe_action.workspace.metadata import named_extras, table, toml, version_variables

_TESTS = ("test", "tests", "testing")
_DEVELOPMENT = ("dev", "develop", "development")
CONSTRAINTS = "FOUND-constraints.txt"
"""Stands in a command for the constraints that are written from a lock."""
REQUIREMENTS = "FOUND-requirements.txt"
"""Stands in a command for the requirements that are written from a lock."""


@dataclass(frozen=True)
class Step:
    """A command; where it fails and there is another one, that one has to do."""

    command: tuple[str, ...]
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps, what they were found from (for people), and what they need.

    `files` are texts that stand in no file of the project; commands have their names.
    """

    found: str
    steps: tuple[Step, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """A project's files, and what of them its tests need; requirements where nothing else says."""

    texts: Mapping[str, str]
    pyproject: Mapping[str, Any]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    requirements: tuple[str, ...]

    @property
    def installable(self) -> bool:
        """Whether the project itself can be installed."""
        if table(self.pyproject, "tool", "uv").get("package") is False:
            return False
        named = bool(table(self.pyproject, "project").get("name"))
        return named or "build-system" in self.pyproject or "setup.py" in self.texts

    @property
    def target(self) -> str:
        return f".[{','.join(self.extras)}]" if self.extras else "."


def described(texts: Mapping[str, str]) -> Described:
    """The project with these files."""
    pyproject = toml(texts.get("pyproject.toml", ""))
    project = Described(
        texts,
        pyproject,
        extras=_named(named_extras(texts, pyproject)),
        groups=_named(table(pyproject, "dependency-groups")),
        requirements=(),
    )
    return project if LOCKS.keys() & texts.keys() else _with_requirements(project)


def find_plan(texts: Mapping[str, str]) -> Plan | None:
    """The plan for a project with these files; None where nothing says what it needs."""
    project = described(texts)
    pyproject = project.pyproject
    variables = version_variables(texts, pyproject)
    for name, read in LOCKS.items():
        if name in texts:
            place, write = _WRITTEN.get(name, ("", str))
            files = {place: write(texts[name])} if place else {}
            return Plan(name, tuple(read(project)), variables, files)
    steps = tuple(_without_lock(project))
    if not steps:
        return None
    found = [name for name in ("pyproject.toml", "setup.py") if project.installable]
    sources = [name for name in found if name in texts][:1] + list(project.requirements)
    return Plan(" and ".join(sources), steps, variables)


def own_plan(command: str, texts: Mapping[str, str]) -> Plan:
    """The plan that the workflow's author wrote."""
    variables = version_variables(texts, toml(texts.get("pyproject.toml", "")))
    return Plan("setup-command", (Step(("sh", "-e", "-c", command)),), variables)


def _uv_lock(project: Described) -> Iterator[Step]:
    install = ("uv", "sync", "--frozen", "--active", *_options(project))
    yield Step(install, (*install, "--no-install-project"))


def _pylock(project: Described) -> Iterator[Step]:
    yield Step(("uv", "pip", "install", "-r", "pylock.toml"))
    if project.installable:
        yield Step(("uv", "pip", "install", "--no-deps", "-e", "."), ("true",))


def _poetry(project: Described) -> Iterator[Step]:
    """Poetry's own groups are no metadata that uv knows; the lock's versions are constraints."""
    poetry = table(project.pyproject, "tool", "poetry")
    extras = project.extras or _named(table(poetry, "extras"))
    target = f".[{','.join(extras)}]" if extras else "."
    groups = {"dev": table(poetry, "dev-dependencies")}
    for name, group in table(poetry, "group").items():
        groups[name] = table(group, "dependencies") if isinstance(group, dict) else {}
    wanted = [need for name in _named(groups) for need in _needs(groups[name])]
    own = _needs(table(poetry, "dependencies"))
    locked = ("-c", CONSTRAINTS, *_groups(project), *wanted)
    install = ("uv", "pip", "install")
    named = ("-r", "pyproject.toml", *_options(project)) if "project" in project.pyproject else own
    instead = (*install, *named, *locked) if named or wanted else ()
    if poetry.get("package-mode") is False:
        yield Step(instead or ("true",))
    else:
        yield Step((*install, "-e", target, *locked), instead)


def _needs(table: Mapping[str, Any]) -> list[str]:
    """The names, with their extras, of Poetry's dependencies; the lock has their versions."""
    found = []
    for name, said in table.items():
        about = said if isinstance(said, dict) else {}
        if name == "python" or about.get("optional") or {"git", "path", "url"} & about.keys():
            continue
        extras = [str(extra) for extra in about.get("extras", ()) if isinstance(extra, str)]
        need = f"{name}[{','.join(extras)}]" if extras else name
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*(\[[\w.,-]+\])?", need):
            found.append(need)
    return found


def _pdm(project: Described) -> Iterator[Step]:
    old = table(project.pyproject, "tool", "pdm", "dev-dependencies")
    more = [need for name in _named(old) for need in old[name] if isinstance(need, str)]
    more = [need for need in more if not need.startswith("-")]
    locked = ("-c", CONSTRAINTS, *_groups(project), *more)
    without = ("uv", "pip", "install", "-r", "pyproject.toml", *_options(project), *more)
    yield Step(
        ("uv", "pip", "install", "-e", project.target, *locked), (*without, "-c", CONSTRAINTS)
    )


def _pipenv(project: Described) -> Iterator[Step]:
    yield Step(("uv", "pip", "install", "-r", REQUIREMENTS))
    if project.installable:
        yield Step(("uv", "pip", "install", "--no-deps", "-e", "."), ("true",))


def _locked_packages(text: str) -> str:
    """Constraints from the `[[package]]` tables that Poetry and PDM write."""
    found: dict[str, set[str]] = {}
    packages = toml(text).get("package")
    for package in packages if isinstance(packages, list) else ():
        if not isinstance(package, dict):
            continue
        name, version = str(package.get("name")), str(package.get("version"))
        elsewhere = {"git", "path", "url", "source"} & package.keys()
        if re.fullmatch(r"[\w.-]+", name) and re.fullmatch(r"[\w.!+]+", version) and not elsewhere:
            found.setdefault(canonicalize_name(name), set()).add(version)
    pins = {name: versions for name, versions in found.items() if len(versions) == 1}
    return "".join(f"{name}=={version}\n" for name, (version,) in sorted(pins.items()))


def _locked_pipfile(text: str) -> str:
    """Requirements from Pipfile.lock."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = []
    for part in ("default", "develop"):
        for name, about in table(data if isinstance(data, dict) else {}, part).items():
            version = about.get("version") if isinstance(about, dict) else None
            if re.fullmatch(r"[\w.-]+", name) and re.fullmatch(r"==[\w.!+]+", str(version)):
                markers = about.get("markers")
                extra = f" ; {markers}" if isinstance(markers, str) and "\n" not in markers else ""
                found.append(f"{name}{version}{extra}\n")
    return "".join(found)


LOCKS: Mapping[str, Callable[[Described], Iterator[Step]]] = {
    "uv.lock": _uv_lock,
    "pylock.toml": _pylock,
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
}
_WRITTEN: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "poetry.lock": (CONSTRAINTS, _locked_packages),
    "pdm.lock": (CONSTRAINTS, _locked_packages),
    "Pipfile.lock": (REQUIREMENTS, _locked_pipfile),
}
"""What is written for the locks that uv can't read."""


def _without_lock(project: Described) -> Iterator[Step]:
    files = tuple(part for name in project.requirements for part in ("-r", name))
    groups = _groups(project)
    install = ("uv", "pip", "install")
    if project.installable:
        yield Step((*install, "-e", project.target, *groups, *files), _dependencies(project, files))
    elif groups or files:
        yield Step((*install, *groups, *files))


def _dependencies(project: Described, files: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the project needs, without the project, which may not build."""
    named = "project" in project.pyproject
    options = ("-r", "pyproject.toml", *_options(project)) if named else ()
    return ("uv", "pip", "install", *options, *files) if options or files else ()


def _options(project: Described) -> tuple[str, ...]:
    extras = (part for name in project.extras for part in ("--extra", name))
    return (*extras, *_groups(project))


def _groups(project: Described) -> tuple[str, ...]:
    return tuple(part for name in project.groups for part in ("--group", name))


def _named(names: Mapping[str, Any] | tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are for tests, else those for development."""
    for wanted in (_TESTS, _DEVELOPMENT):
        found = tuple(name for name in names if canonicalize_name(name) in wanted)
        if found:
            return found
    return ()


def _with_requirements(project: Described) -> Described:
    """The requirements files that say more than the project's own metadata."""
    chosen: list[str] = []
    plain = ("requirements.txt", "requirements/requirements.txt", "requirements/base.txt")
    if not project.installable:
        chosen += [name for name in plain if name in project.texts][:1]
    if not (project.extras or project.groups):
        for kind in (_TESTS, _DEVELOPMENT):
            found = [name for name in project.texts if _is_for(name, kind)]
            chosen += found
            if found:
                break
    return Described(
        project.texts, project.pyproject, project.extras, project.groups, tuple(chosen)
    )


def _is_for(path: str, kind: tuple[str, ...]) -> bool:
    words = "|".join(kind)
    return bool(
        re.fullmatch(rf"requirements[-_.]?({words})\.txt|({words})[-_.]requirements\.txt", path)
        or re.fullmatch(rf"requirements/(requirements[-_.])?({words})\.txt", path)
        or (kind is _TESTS and re.fullmatch(r"tests?/requirements\.txt", path))
    )
