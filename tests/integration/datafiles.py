"""A small project measured by the real pytest-cov, and reading what that leaves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from gitrepo import GitRepo, git_env

from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import PathIndex
from qe_action.reports.model import FileLines
from qe_action.workspace.change import Change
from qe_action.workspace.checkout import GitCheckout
from qe_action.workspace.report_file import ReportFiles
from qe_action.workspace.sources import Sources

CORE = '''\
"""Words and numbers."""

import functools


@functools.lru_cache(
    maxsize=3,
)
def sign(
    number,
    loud=False,
):
    if number < 0:
        return "minus"
    elif (number == 0
          and not loud):
        return "zero"
    for step in range(
        number
    ):
        if step > 5:
            break
    else:
        loud = True
    return "plus" if not loud else "PLUS"


class Box:
    """A box."""

    size = 1

    def open(self):
        """Open it."""
        with_lid = lambda: 1
        try:
            return with_lid()
        except ValueError:
            raise RuntimeError(
                "no lid"
            ) from None

    def close(self):  # pragma: no cover
        return 2

    def debug(self):
        if self.size:
            print(self.size)

        def inner():
            return self
        return inner
'''
TEXT = """\
def pad(text):
    while len(text) < 4:
        text += "."
    if text == "never":
        raise NotImplementedError
    return text
"""
TESTS = """\
import pytest
from pkg.core import Box, sign
from pkg.text import pad


@pytest.mark.parametrize("number", [-1, 3])
def test_sign(number):
    assert sign(number)


def test_box():
    assert Box().open() == 1


def test_box_debug(capsys):
    Box().debug()


def test_pad():
    assert pad("ab") == "ab.."
"""
PROJECT = {
    "pkg/__init__.py": "",
    "pkg/core.py": CORE,
    "pkg/text.py": TEXT,
    "pkg/idle.py": "x = 1\nif x:\n    y = 2\n",
    "tests/test_pkg.py": TESTS,
}


PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Ours take longer to load than such a project's tests take."""
WITH_COVERAGE = ("-p", "pytest_cov.plugin")


def python(root: Path, *arguments: str) -> None:
    """Run a Python module in the project, with nothing of our own measurement in its way."""
    subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=root,
        env={**git_env(), "PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1", **PLUGINS},
        check=True,
        capture_output=True,
    )


_Measured = tuple[Path, dict[str, bytes]]
_MEASURED: dict[object, _Measured] = {}
"""Where files and options were measured first, and the data files of that."""


def measure(repo: GitRepo, *options: str) -> None:
    """Run the project's tests under pytest-cov, which leaves data files.

    The same files with the same options are measured once: later it is as if the data had been
    written where this project is.
    """
    files = {p.relative_to(repo.root): p.read_bytes() for p in _content(repo.root)}
    key = (options, tuple(sorted(files.items())))
    if key in _MEASURED:
        _put(repo.root, *_MEASURED[key])
        return
    before = set(repo.root.iterdir())
    python(
        repo.root,
        *("pytest", "-q", "-p", "no:cacheprovider", *WITH_COVERAGE, "--cov=pkg", "--cov-report="),
        *options,
    )
    new = [path for path in repo.root.iterdir() if path not in before]
    if all(path.name.startswith(".coverage") for path in new):
        _MEASURED[key] = repo.root, {path.name: path.read_bytes() for path in new}


def _content(root: Path) -> Iterator[Path]:
    """All files of a project but git's own."""
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(root).parts:
            yield path


def _put(root: Path, measured_at: Path, data: dict[str, bytes]) -> None:
    for name, content in data.items():
        (root / name).write_bytes(content)
        with closing(sqlite3.connect(root / name)) as database, database:
            for number, path in database.execute("select id, path from file").fetchall():
                moved = path.replace(str(measured_at), str(root), 1)
                database.execute("update file set path = ? where id = ?", (moved, number))


def sources(root: Path) -> Sources:
    """The port to the tracked files below `root`."""

    async def unused() -> Change:
        raise AssertionError

    async def files() -> tuple[str, ...] | None:
        return None

    names = [path.relative_to(root).as_posix() for path in root.rglob("*.py")]
    mapper = PathMapper(Tree.of(PathIndex(names), workspaces=(str(root.resolve()),)))
    return Sources(mapper, GitCheckout(root, resolve=unused, list_files=files))


def read(root: Path, *data: Path) -> tuple[dict[str, FileLines], list[str]]:
    """What the data files say of the checkout at `root`, by path in it, and the notes."""
    report = ReportFiles(data or [root / ".coverage"])
    found = [file for part in report.read(sources(root)) for file in part.files]
    assert len({file.path for file in found}) == len(found)
    return in_checkout(root, found), report.notes


def in_checkout(root: Path, files: Iterable[FileLines]) -> dict[str, FileLines]:
    port, placed = sources(root), {}
    for file in files:
        file.path = file.placed or port.locate([file.path], root / ".coverage")[file.path]
        file.placed = None
        placed[file.path] = file
    return placed
