"""Which files pytest takes for the tests of a project, by its configuration. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from configparser import Error as ConfigError
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from qe_action.settings_files import read_ini, read_toml

CONFIGS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""In pytest's own order: the first that has something for it is taken."""
_SECTIONS = {"setup.cfg": "tool:pytest"}
_ANY = ("*", "*.py")
_FOLDERS = frozenset(["test", "tests"])
_NEVER = ("conftest.py", "__init__.py")
_MANY = 50
"""Patterns and folders of a configuration that are looked at."""


@dataclass(frozen=True)
class PytestCollection:
    """What pytest looks for: `files` are `python_files`, `folders` are `testpaths` in the tree."""

    files: tuple[str, ...] = ("test_*.py", "*_test.py")
    folders: tuple[str, ...] = ()

    def takes(self, path: str) -> bool:
        """Whether a file is one of tests. A pattern for any file counts in folders of tests."""
        place = PurePosixPath(path)
        if place.suffix != ".py" or place.name in _NEVER:
            return False
        if not any(_fits(place, pattern) for pattern in self.files):
            return False
        if all(not _fits(place, pattern) for pattern in self.files if pattern not in _ANY):
            return self.looks_at(path) if self.folders else bool(_FOLDERS & {*place.parent.parts})
        return True

    def looks_at(self, path: str) -> bool:
        """Whether a plain `pytest` comes to the file's folder."""
        parents = [str(parent) for parent in PurePosixPath(path).parents]
        return not self.folders or any(folder in (".", *parents) for folder in self.folders)

    def form(self, paths: Collection[str]) -> str | None:
        """How new files are named, with `{}` for the module: as most of the tests there are.

        None where only certain names are taken.
        """
        forms = {pattern: form for pattern in self.files if (form := _form(pattern))}
        places = [PurePosixPath(path) for path in paths]
        counts = {pattern: sum(_fits(place, pattern) for place in places) for pattern in forms}
        return forms[max(counts, key=lambda pattern: counts[pattern])] if forms else None

    @property
    def only(self) -> str:
        """A file's name that is taken, where no pattern leaves room for a module's."""
        plain = (name for name in self.files if re.fullmatch(r"\w[\w.-]*\.py", name, re.ASCII))
        return next(plain, "test_generated.py")

    def names(self, stem: str) -> set[str]:
        """The names of a module's own test file."""
        return {form.format(stem) for pattern in self.files if (form := _form(pattern))}


def collecting(texts: Mapping[str, str], folder: str = ".") -> PytestCollection | None:
    """What the configuration in a folder of the tree says; None where there is none."""
    for name in CONFIGS:
        found = _options(name, texts[name]) if name in texts else None
        if found is None:
            continue
        paths = [str(PurePosixPath(folder, path)) for path in _words(found.get("testpaths"))]
        plain = tuple(path for path in paths if not re.search(r"[*?\[]|^/|\.\.", path))
        files = tuple(_words(found.get("python_files"))) or PytestCollection.files
        return PytestCollection(files, plain if len(plain) == len(paths) else ())
    return None


def _options(name: str, text: str) -> Mapping[str, Any] | None:
    """pytest's part of a file; None where it has none, or can't be read."""
    if name == "pyproject.toml":
        try:
            found: Any = read_toml(text)
        except ValueError:
            return None
        for key in ("tool", "pytest"):
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            return None
        inner = found.get("ini_options", found)
        return inner if isinstance(inner, dict) else None
    try:
        parser = read_ini(text)
    except ConfigError:
        return None
    section = _SECTIONS.get(name, "pytest")
    if section in parser:
        return dict(parser[section])
    return {} if name.endswith("pytest.ini") else None


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [word for word in value if isinstance(word, str)][:_MANY]
    try:
        return shlex.split(value)[:_MANY] if isinstance(value, str) else []
    except ValueError:
        return []


def _fits(place: PurePosixPath, pattern: str) -> bool:
    """As pytest compares: a pattern without a slash with the name, else with the path's end."""
    if "/" not in pattern:
        return fnmatchcase(place.name, pattern)
    return fnmatchcase(f"/{place}", f"*/{pattern}")


def _form(pattern: str) -> str | None:
    """A file's name that the pattern takes, `{}` in place of the star; None where there is none."""
    name = pattern.rpartition("/")[2]
    if name in _ANY:
        return "test_{}.py"
    found = re.fullmatch(r"([\w.-]*)\*([\w.-]*)", name, re.ASCII)
    if not found:
        return None
    before, after = found.groups()
    after = after if after.endswith(".py") else f"{after}.py"
    between = "_" if before[-1:].isalnum() else ""
    behind = "_" if after[:1].isalnum() else ""
    return f"{before}{between}{{}}{behind}{after}"
