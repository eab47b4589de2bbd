"""Equally good files for a path, narrowed down by what the report says of it.

That is its group, where the report lies, its package and its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qe_action.analysis.path_bases import Bases
from qe_action.analysis.paths import PathIndex, SplitPath, split_path


class Key(NamedTuple):
    """A path as the report spells it, and what it belongs to there.

    A relative path may be another file in each group and each package, an absolute one in each
    group.
    """

    path: str
    group: str = ""
    package: str = ""


class Named(NamedTuple):
    """A path as a report spells it: `group` and `package` are its words for what it belongs to.

    `lines` are the lines that the report lists of it, in order, as far as they were kept.
    """

    spelled: str
    group: str = ""
    package: str = ""
    lines: Sequence[int] = ()

    @property
    def path(self) -> SplitPath:
        """Its components, which would take several times its room if they were held."""
        return split_path(self.spelled)


Excluded = Callable[[str, Sequence[int]], bool]
"""Whether a file can't be the one whose lines a report lists."""


def by_group(index: PathIndex, files: tuple[str, ...], group: str) -> tuple[str, ...]:
    """The files in a folder that is named as the group is, if there is such a folder at all."""
    name = _folder_of(group)
    if not name:
        return files
    fitting = in_group(files, group)
    return fitting if fitting or index.has_component(name) else files


def in_group(files: tuple[str, ...], group: str) -> tuple[str, ...]:
    """The files in a folder that is named as the group is."""
    name = _folder_of(group)
    return tuple(file for file in files if name in file.casefold().split("/")[:-1])


def _folder_of(group: str) -> str:
    """What a group's folder is called, in lower case."""
    return group.rpartition("/")[2].lstrip(":").casefold()


def near(files: tuple[str, ...], bases: Bases) -> tuple[str, ...]:
    """Those of the files that lie closest to the report, then to the folder the run is about."""
    for place in (bases.place, bases.tree.working):
        for folder in bases.above(place):
            start = "".join(f"{part}/" for part in folder)
            fitting = tuple(file for file in files if file.startswith(start))
            if fitting:
                files = fitting
                break
    return files


def tell_apart(files: tuple[str, ...], named: Named, excluded: Excluded) -> tuple[str, ...]:
    """Equally good files without those that the package or the report's lines exclude."""
    words = [word.casefold() for word in named.package.replace(".", "/").split("/") if word]
    for word in reversed(words):
        fitting = tuple(file for file in files if word in file.casefold().split("/")[:-1])
        if fitting:
            files = fitting
        if len(files) == 1:
            return files
    left = tuple(file for file in files if not excluded(file, named.lines))
    return left or files
