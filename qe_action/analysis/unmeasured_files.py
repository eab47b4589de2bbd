"""Which changed files a report should know and does not.

A file counts as one that should be known only on evidence from the report itself or from
coverage.py's settings:

- the report lists another source file of its folder, or
- it lies in a Python package that the report measures: below the folder of a module that it
  lists, or of a package around that whose `__init__.py` it lists too (an import runs those), or
- it lies in a package beside one that is measured, below a folder called `src`, or
- the settings name its folder or package as `source`, and everything listed fits them.

Tests, migrations, what builds or sets up a project, and what the settings leave out never do.
Nor does what coverage.py must have seen and left out: it lists every module of a folder that it
searches, so where it lists files of a package that nothing ran, a module that it does not list
was left out by an option that is not to be seen here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from pathspec import GitIgnoreSpec

from qe_action.analysis.diff import Diff, FileChange
from qe_action.analysis.globs import is_test_or_migration
from qe_action.analysis.languages import PYTHON, family
from qe_action.analysis.libraries import library_root
from qe_action.analysis.paths import split_path
from qe_action.events import MISFIT
from qe_action.reports.coverage_scope import Scope

_LABEL = re.compile(r" \([^()]*\)$")
"""Ends the name of a file of the report that must not be taken for another of that name."""

_TOOLING = GitIgnoreSpec.from_lines(
    (
        # What builds, checks, documents or starts a project, and nothing imports.
        "setup.py",
        "conf.py",
        "noxfile.py",
        "tasks.py",
        "fabfile.py",
        "dodo.py",
        "hatch_build.py",
        "versioneer.py",
        ".*",
        "*.config.[cm]?[jt]s",
        "*.config.[jt]s",
        "*.setup.[jt]s",
        "*.stories.*",
        "*.d.ts",
        "*.d.[cm]ts",
        "Gruntfile.*",
        "gulpfile.*",
        "build.rs",
        "Package.swift",
        "*.gradle.kts",
    )
)
_PROJECT = (
    *("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "tox.ini", "pytest.ini"),
    *("Pipfile", "manage.py", "package.json", "Dockerfile", "Makefile"),
)
"""What the top of a project has and a folder of modules has not."""
_SOURCE_FOLDERS = frozenset({"src", "lib", "app", "source", "sources", "Sources"})
_IMPORTABLE = re.compile(r"[^.#~!$@%^&*()+=,]+\.pyw?")  # what coverage.py takes for a module

NO_SETTINGS = Scope()


def is_library(path: str) -> bool:
    """Whether a report's path is a library's, or the system's, by where it lies."""
    split = split_path(path)
    return library_root(split.parts, absolute=split.absolute) > 0


def could_be(unplaced: str, path: str) -> bool:
    """Whether a path of the report that nothing places ends as a repository's path does.

    A folder and a name are enough, or the name where one of them has no more.
    """
    ours = path.split("/")
    theirs = _LABEL.sub("", unplaced).replace("\\", "/").strip("/").split("/")
    same = min(2, len(ours), len(theirs))
    return ours[-same:] == theirs[-same:]


def changed_sources(diff: Diff, known: Container[str]) -> Iterator[FileChange]:
    """The changed files with source lines that are no tests and not `known`, by name."""
    for path, change in sorted(diff.files.items()):
        if change.status == "deleted" or change.binary or not change.added or path in known:
            continue
        if family(path) and not is_test_or_migration(path):
            yield change


@dataclass(frozen=True)
class Area:
    """What a report measures.

    `measured` are the repository's files that it lists, `untouched` those of them of which
    nothing ran, `files` all files of the repository.
    """

    measured: Collection[str]
    untouched: Collection[str]
    files: Container[str]
    scope: Scope = NO_SETTINGS

    def holds(self, path: str) -> bool:
        """Whether a source file should be in the report, had anything measured it."""
        kind = family(path)
        if kind is None or is_test_or_migration(path):
            return False
        if _TOOLING.match_file(path) and not self._is_package(_folder(path)):
            return False
        if kind != PYTHON:
            return self._beside(path, kind)
        if self.scope.leaves_out(path):
            return False
        limited = self._limited
        if limited and not self.scope.names(path):
            return False
        return (
            _folder(path) in self._folders.get(PYTHON, ())
            or any(self._is_code(root) and self._reaches(root, path) for root in self._roots)
            or self._in_source_folder(path)
            or (limited and self._packaged(path))
        )

    def passed_over(self, path: str) -> bool:
        """Whether coverage.py searched the file's folder and left it out."""
        folder, name = _folder(path), path.rpartition("/")[2]
        if not _IMPORTABLE.fullmatch(name):
            return False
        while folder not in self._searched:
            if not self._is_package(folder):
                return False
            folder = _folder(folder)
        return True

    @cached_property
    def _listed(self) -> dict[str, set[str]]:
        """The listed sources by language, without tests."""
        found: dict[str, set[str]] = {}
        for path in self.measured:
            kind = family(path)
            if kind and not is_test_or_migration(path):
                found.setdefault(kind, set()).add(path)
        return found

    @cached_property
    def _folders(self) -> dict[str, set[str]]:
        return {kind: set(map(_folder, listed)) for kind, listed in self._listed.items()}

    @cached_property
    def _source_folders(self) -> dict[str, set[str]]:
        return {
            kind: set(map(_source_folder, listed)) - {""} for kind, listed in self._listed.items()
        }

    @cached_property
    def _searched(self) -> Set[str]:
        python = self._listed.get(PYTHON, ())
        return {_folder(path) for path in self.untouched if path in python}

    @cached_property
    def _limited(self) -> bool:
        """Whether the settings' `source` was in force: what is listed lies in it."""
        listed = self._listed.get(PYTHON, set())
        return self.scope.is_limited and bool(listed) and all(map(self.scope.names, listed))

    @cached_property
    def _roots(self) -> Set[str]:
        """The outermost measured package around each listed module, else its folder."""
        return {self._root(folder) for folder in self._folders.get(PYTHON, ())}

    def _root(self, folder: str) -> str:
        while self._is_package(folder):
            around = _folder(folder)
            init = f"{around}/__init__.py"
            if not self._is_package(around) or not (
                init in self.measured or self.scope.leaves_out(init)
            ):
                break
            folder = around
        return folder

    def _reaches(self, root: str, path: str) -> bool:
        """Whether a module lies below `root`: by packages alone where that is a project's top."""
        folder = _folder(path)
        if root == folder:
            return True
        if not self._is_code(root):
            return self._packages_up_to(root, folder)
        between = folder[len(root) + 1 :] if folder.startswith(f"{root}/") else ""
        return bool(between) and all(part.isidentifier() for part in between.split("/"))

    def _is_code(self, folder: str) -> bool:
        """Whether a folder is a package, if only a namespace's, and no project's top."""
        if self._is_package(folder):
            return True
        return bool(folder) and not any(f"{folder}/{name}" in self.files for name in _PROJECT)

    def _in_source_folder(self, path: str) -> bool:
        """Whether it lies in a package directly below a `src` in which something is measured."""
        folder = _folder(path)
        while self._is_package(folder):
            folder = _folder(folder)
        if folder == _folder(path) or folder.rpartition("/")[2] != "src":
            return False
        return any(root.startswith(f"{folder}/") for root in self._roots)

    def _packaged(self, path: str) -> bool:
        """Whether coverage.py was told to look where it lies."""
        if self.scope.packages and Scope(packages=self.scope.packages).names(path):
            return True
        return any(self._reaches(source, path) for source in self.scope.folders)

    def _packages_up_to(self, root: str, folder: str) -> bool:
        while folder != root:
            if not self._is_package(folder):
                return False
            folder = _folder(folder)
        return True

    def _is_package(self, folder: str) -> bool:
        return bool(folder) and f"{folder}/__init__.py" in self.files

    def _beside(self, path: str, kind: str) -> bool:
        """In another language: a listed file's folder, or below its source folder."""
        return _folder(path) in self._folders.get(kind, ()) or any(
            path.startswith(f"{root}/") for root in self._source_folders.get(kind, ())
        )


def _source_folder(path: str) -> str:
    """The path up to its first folder with a name that sources stand in; empty where none has."""
    parts = path.split("/")[:-1]
    end = next((n for n, part in enumerate(parts, 1) if part in _SOURCE_FOLDERS), 0)
    return "/".join(parts[:end])


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A report most of whose sources are not in the repository."""

    lacking: int
    total: int

    def __str__(self) -> str:
        if self.total == 1:
            return f"{MISFIT}, which lacks its only source file"
        which = "none" if self.lacking == self.total else f"only {self.total - self.lacking:,}"
        return f"{MISFIT}, which has {which} of its {self.total:,} source files"


def misfit(
    listed: Iterable[str], foreign: Container[str], here: Callable[[str], bool]
) -> Misfit | None:
    """What speaks against the report being the repository's; None where most of it fits.

    Tests and libraries say nothing: projects have names of tests in common. `here` says of a
    `foreign` path whether its file is there all the same, as a generated one is.
    """
    sources = [p for p in listed if not is_test_or_migration(p) and not is_library(p)]
    lacking = [path for path in sources if path in foreign]
    if 2 * len(lacking) <= len(sources):
        return None
    lost = sum(not here(path) for path in lacking)
    return Misfit(lost, len(sources)) if 2 * lost > len(sources) else None
