"""coverage.py's `[paths]`: which folders of other machines are one of the project's.

As `coverage combine` reads them: each list names one folder, first by its place in the
project, then by patterns for where it is elsewhere. `*` stands for any part of one name, at
the beginning of a pattern for any folders, `**` for any number of folders; case is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from qe_action.analysis.paths import Parts, PathIndex, SplitPath, join, split_path

LISTS = 50
"""How many lists are looked at."""
PATTERNS = 50
"""How many patterns of each list are looked at."""
COMPONENTS = 40
"""Components of the longest pattern."""


class Alias(NamedTuple):
    """A pattern, as components, and the folder of the repository that it stands for."""

    pattern: Parts
    folder: Parts


class Aliases:
    """The aliases of one settings file, which stands in the folder `home` of the repository."""

    def __init__(
        self, lists: Mapping[str, Sequence[str]] | None = None, home: Parts = (), file: str = ""
    ) -> None:
        self.file = file
        self._aliases = list(_aliases(lists or {}, home))

    def __bool__(self) -> bool:
        return bool(self._aliases)

    def tracked(self, parts: Parts, index: PathIndex) -> str | None:
        """The tracked file that the first fitting alias leads to.

        `parts` are those of an absolute path, or of one that starts at the repository's top.
        """
        for pattern, folder in self._aliases:
            length = _match(pattern, parts)
            if length is not None and (found := index.at(folder + parts[length:])):
                return found
        return None


def _aliases(lists: Mapping[str, Sequence[str]], home: Parts) -> list[Alias]:
    found = []
    for patterns in list(lists.values())[:LISTS]:
        folder = _below(split_path(patterns[0]), home) if patterns else None
        if folder is None:
            continue
        for text in patterns[1 : PATTERNS + 1]:
            path = split_path(text)
            parts = path.parts
            if not path.absolute and not text.startswith("*"):
                parts = join(home, path) or ()
            elif text.startswith("*") and parts and set(parts[0]) == {"*"}:
                parts = ("**", *parts[1:])
            if 0 < len(parts) <= COMPONENTS and parts[-1:] != ("**",):
                found.append(Alias(parts, folder))
    return found


def _below(path: SplitPath, home: Parts) -> Parts | None:
    """A list's own folder; one that is named by an absolute path is none of a repository."""
    return None if path.absolute else join(home, path)


def _match(pattern: Parts, parts: Parts) -> int | None:
    """How many leading components the pattern takes, the fewest that it can; None for no match.

    Something has to be left: what is matched is a folder.
    """
    reached = {0}  # components of the path that the pattern's beginning can take
    for each in pattern:
        if each == "**":
            reached = set(range(min(reached), len(parts)))
        else:
            reached = {
                at + 1
                for at in reached
                if at < len(parts) - 1 and fnmatchcase(parts[at].casefold(), each.casefold())
            }
        if not reached:
            return None
    return min(reached)
