"""Which paths of a report are those of installed software and not the project's."""

from __future__ import annotations

from collections.abc import Iterable

from qe_action.analysis.paths import Parts

_FOLDERS = frozenset(
    {
        *("site-packages", "dist-packages", ".tox", ".nox", "hostedtoolcache"),
        *(".venv", "venv", "virtualenv", ".virtualenv", "virtualenvs", ".virtualenvs"),
        *("node_modules", "bower_components", ".pnpm-store", ".yarn"),
        *(".gem", ".m2", ".gradle", ".nuget"),
    }
)
"""A folder of this name anywhere in a path says that what is below was installed."""
_ANYWHERE = ((".cargo", "registry"),)
"""Folders of installed software, wherever in a path they lie."""
_ELSEWHERE = (("go", "pkg", "mod"),)  # in a repository these could be the project's own names
_AT_THE_TOP = (
    *(("usr", "include"), ("usr", "lib"), ("usr", "lib64"), ("usr", "share")),
    *(("usr", "local", "include"), ("usr", "local", "lib"), ("rustc",)),
    *(("Library", "Frameworks"), ("Program Files",), ("Program Files (x86)",)),
)
"""Folders of installed software, at the beginning of an absolute path."""
_TELLING = _FOLDERS | {run[0] for run in (*_ANYWHERE, *_ELSEWHERE, *_AT_THE_TOP)}


def library_root(parts: Parts, *, absolute: bool) -> int:
    """How many leading components name where software is installed; 0 where none do."""
    if _TELLING.isdisjoint(parts):
        return 0
    ends = [at + 1 for at, part in enumerate(parts[:-1]) if part in _FOLDERS]
    ends += _runs(parts, _ANYWHERE, range(len(parts)))
    if absolute:
        top = 1 if parts and parts[0].endswith(":") else 0  # behind a drive's letter
        ends += _runs(parts, _ELSEWHERE, range(len(parts)))
        ends += _runs(parts, _AT_THE_TOP, (top,))
    return max(ends, default=0)


def _runs(parts: Parts, runs: Iterable[Parts], places: Iterable[int]) -> list[int]:
    """Where each of the runs of folders ends, if it begins at one of the places."""
    return [
        at + len(run)
        for at in places
        for run in runs
        if parts[at : at + len(run)] == run and at + len(run) < len(parts)
    ]
