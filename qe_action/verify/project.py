"""What is known of the project a test is for: its target, how it is imported, its tests. Pure."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from qe_action.verify.collection import PytestCollection
from qe_action.verify.duplicates import fingerprints
from qe_action.verify.permitted_imports import imported
from qe_action.verify.project_names import ProjectNames, defined_in, fixtures_in, passed_on

_PREPARES = re.compile(
    rb"environ|putenv|setlocale|pytest_configure|pytest_plugins|pytest_load_initial|sys\.|setup\("
)
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+(\w+)", re.M)
LONGEST = 512 * 1024
"""Bytes of the longest test file that is looked into; it may take seconds to parse."""
TOTAL = 8 * 1024 * 1024
"""Bytes of all test files that are looked into, those named for the target first."""


@dataclass(frozen=True)
class Project:
    """The facts of one target.

    `module` is the target's name, `paths` the folders to import from, first those of the
    target. `place` is the file that accepted tests go to, `exists` whether it is there.
    `prepares`: a `conftest.py` may do something that the target's import depends on. `around` is
    what a test's source is judged by.
    """

    target: str
    source: bytes
    module: str
    paths: tuple[str, ...]
    test_files: Mapping[str, str]
    place: str
    known: frozenset[str]
    prepares: bool = False
    around: ProjectNames = field(default_factory=ProjectNames)

    @property
    def exists(self) -> bool:
        return self.place in self.test_files

    @property
    def folder(self) -> str:
        """Where a candidate's own file lies: beside the tests, so that their fixtures serve."""
        return str(PurePosixPath(self.place).parent)

    def users(self) -> tuple[str, ...]:
        """The test files that import the target or the package it stands in."""
        names = {self.module, self.module.rpartition(".")[0]} - {""}
        return tuple(
            path
            for path, text in self.test_files.items()
            if names & (_all_imports(text) | _relative_imports(path, text))
        )

    def nearest_first(self) -> tuple[str, ...]:
        """All test files: the target's own, those that import it, the others."""
        own = (self.place,) if self.exists else ()
        return tuple(dict.fromkeys((*own, *self.users(), *self.test_files)))


def is_test_file(path: str) -> bool:
    """By the names that pytest knows."""
    name = PurePosixPath(path).name
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def describe(
    files: Mapping[str, bytes], target: str, collects: PytestCollection | None = None
) -> Project:
    """The facts of a target in a tree of Python files, tested as pytest's configuration says."""
    collects = collects or PytestCollection()
    folder, module = _module(files, target)
    tests = _tests(files, target, collects)
    new = _place(tests, module, files, collects)
    known: set[str] = set()
    for text in tests.values():
        known |= fingerprints(text)
    return Project(
        target=target,
        source=files[target],
        module=module,
        paths=tuple(dict.fromkeys((folder.rstrip("/") or ".", "."))),
        test_files=tests,
        place=new,
        known=frozenset(known),
        prepares=any(
            PurePosixPath(path).name == "conftest.py" and _PREPARES.search(data)
            for path, data in files.items()
        ),
        around=_around(files, tests, target, (folder, module, new)),
    )


def _around(
    files: Mapping[str, bytes], tests: Mapping[str, str], target: str, place: tuple[str, str, str]
) -> ProjectNames:
    """`place` is the folder that the target is imported from, its name, and its tests' file."""
    folder, module, new = place
    allowed = {_top(path, folder) for path in files if path.startswith(folder)}
    allowed |= {path.partition("/")[0].removesuffix(".py") for path in files}
    for data in files.values():
        allowed |= {name.decode("utf-8", "replace") for name in _IMPORT.findall(data)}
    in_tests = {name for text in tests.values() for name in _all_imports(text)}
    prepared = [
        data.decode("utf-8", "replace")
        for path, data in files.items()
        if PurePosixPath(path).name == "conftest.py" and len(data) <= LONGEST
    ]
    fixtures = {name for text in (*tests.values(), *prepared) for name in fixtures_in(text)}
    return ProjectNames(
        target=module,
        allowed=frozenset(allowed | {name.partition(".")[0] for name in in_tests}) - {""},
        in_tests=frozenset(in_tests),
        fixtures=frozenset(fixtures),
        passed_on=passed_on(files),
        defined=defined_in(files[target]),
        shared=frozenset(
            name for text in (*prepared, tests.get(new, "")) for name in fixtures_in(text)
        ),
    )


def _tests(files: Mapping[str, bytes], target: str, collects: PytestCollection) -> dict[str, str]:
    """The test files that are looked into. The whole suite runs all of them."""
    stem = PurePosixPath(target).stem
    found = {}
    left = TOTAL
    for path in sorted(files, key=lambda path: (stem not in PurePosixPath(path).name, path)):
        size = len(files[path])
        if collects.takes(path) and path != target and size <= min(LONGEST, left):
            left -= size
            found[path] = files[path].decode("utf-8", "replace")
    return dict(sorted(found.items()))


def _module(files: Mapping[str, bytes], target: str) -> tuple[str, str]:
    """The folder that the target is imported from (with `/`, empty for the top), and its name."""
    parts = list(PurePosixPath(target).with_suffix("").parts)
    start = len(parts) - 1
    while start > 0 and "/".join((*parts[:start], "__init__.py")) in files:
        start -= 1
    name = parts[start:]
    if name[-1] == "__init__":
        name = name[:-1] or [PurePosixPath(target).parent.name]
    return "".join(f"{part}/" for part in parts[:start]), ".".join(name)


def _top(path: str, folder: str) -> str:
    return path[len(folder) :].partition("/")[0].removesuffix(".py")


@lru_cache(maxsize=4096)
def _all_imports(text: str) -> frozenset[str]:
    """Every module that a test file may mean, `from a import b` as `a` and `a.b`."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def _relative_imports(path: str, text: str) -> set[str]:
    """What relative imports in a file may mean, by the ends of its folder's name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = PurePosixPath(path).parent.parts
            parts = folder[: len(folder) - node.level + 1]
            for name in ("", *(alias.name for alias in node.names)):
                whole = [*parts, *(node.module or "").split("."), name]
                words = [word for word in whole if word]
                found |= {".".join(words[start:]) for start in range(len(words))}
    return found


def _place(
    tests: Mapping[str, str], module: str, files: Mapping[str, bytes], collects: PytestCollection
) -> str:
    """The module's one existing test file; else a new one where most of its package's tests are.

    Where only certain names are collected it is one of those that are there. A file that is not
    plain UTF-8, or that our Python can't parse, is left alone.
    """
    stem = module.rpartition(".")[2]
    stem = stem.strip("_") or stem  # the tests of `_url` are in test_url.py
    names = collects.names(stem)
    own = [path for path in tests if PurePosixPath(path).name in names]
    importing = [path for path in own if module in _all_imports(tests[path])]
    for found in (importing, own):
        if len(found) == 1 and _can_grow(files[found[0]]):
            return found[0]
    package = module.partition(".")[0] if "." not in module else module.rpartition(".")[0]
    looked_at = {path: text for path, text in tests.items() if collects.looks_at(path)}
    beside = [path for path, text in looked_at.items() if _is_about(text, package)]
    folders = [str(PurePosixPath(path).parent) for path in beside or looked_at]
    usual = collects.folders[0] if collects.folders else "tests"
    folder = max(sorted(set(folders)), key=folders.count) if folders else usual
    form = collects.form(tests)
    if form is None:
        ready = [path for path in (*beside, *looked_at) if _can_grow(files[path])]
        return ready[0] if ready else str(PurePosixPath(folder, collects.only))
    taken = {PurePosixPath(path).name for path in tests}
    for name in (stem, module.replace(".", "_"), f"{stem}_generated"):
        path = str(PurePosixPath(folder, form.format(name)))
        if form.format(name) not in taken and path not in files:
            return path
    return str(PurePosixPath(folder, form.format(f"{stem}_generated_2")))


def _is_about(text: str, package: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in _all_imports(text))


def _can_grow(data: bytes) -> bool:
    """Whether lines can be added to a file and all others stay as they are."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        ast.parse(data.decode("utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return encoding == "utf-8"
