"""Paths as components, the repository's files, and what a report's path can turn out to be.

Every answer is a tracked file (or, where the repository is unknown, a relative path without
`..`), so no report can name a file outside the repository. `path_mapper` finds the answers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import NamedTuple

Parts = tuple[str, ...]
CANDIDATES = 1_000
"""How many files that end alike are looked at; more are as ambiguous."""


@dataclass(frozen=True, slots=True)
class Match:
    """The one repository path that the report means."""

    path: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Repository paths that the report could mean, sorted.

    A single one is a file that several paths of the report fit equally well.
    """

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """No repository path. `library` tells that the path is one of installed software."""

    library: bool = False


Resolution = Match | Ambiguous | Unmatched


class SplitPath(NamedTuple):
    """A path as components. `up` counts the leading `..` that nothing resolved."""

    parts: Parts
    absolute: bool = False
    up: int = 0


def is_absolute(path: str) -> bool:
    """Whether a POSIX or Windows path starts at a root or a drive."""
    return path.startswith(("/", "\\")) or _has_drive(path)


def _has_drive(path: str) -> bool:
    return path[1:2] == ":" and path[0] in ascii_letters


def split_path(path: str) -> SplitPath:
    """The components of a POSIX or Windows path, with `.` and `..` resolved by name.

    A drive is the first component, in lower case; `..` never climbs above a root.
    """
    text = path.replace("\\", "/")
    drive = _has_drive(text)
    absolute = drive or text.startswith("/")
    parts = [part for part in text[2 * drive :].split("/") if part and part != "."]
    up = 0
    if ".." in parts:
        parts, up = _without_dots(parts)
    if drive:
        parts.insert(0, text[:2].lower())
    return SplitPath(tuple(parts), absolute, 0 if absolute else up)


def _without_dots(parts: list[str]) -> tuple[list[str], int]:
    """What is left when each `..` has taken the name before it, and how many had none to take."""
    left: list[str] = []
    up = 0
    for part in parts:
        if part != "..":
            left.append(part)
        elif left:
            left.pop()
        else:
            up += 1
    return left, up


def join(root: Parts, path: SplitPath) -> Parts | None:
    """A relative path below a root; None where its `..` climb out of the root's parents."""
    if path.up > len(root):
        return None
    return root[: len(root) - path.up] + path.parts


class PathIndex:
    """The repository's files. What suffix look-ups need is built at the first of them."""

    def __init__(self, tracked: Iterable[str]) -> None:
        # To itself, so that a look-up gives the one string that is kept anyway.
        self._paths = {path: path for path in tracked}
        self._backwards: list[str] | None = None
        self._folded: tuple[PathIndex, dict[str, list[str]]] | None = None
        self._components: set[str] | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def at(self, parts: Parts | None) -> str | None:
        """The tracked path of these components, if there is one."""
        return self._paths.get("/".join(parts)) if parts else None

    def has_folder(self, folder: str) -> bool:
        """Whether any tracked file lies below `folder`."""
        start = "/".join(split_path(folder).parts) + "/"
        return start == "/" or any(path.startswith(start) for path in self._paths)

    def ending(self, parts: Parts) -> list[str]:
        """The paths that end in these components, sorted; of very many only some."""
        return sorted(self._from_ends(_backwards(parts))) if parts else []

    def longest_end(self, parts: Parts) -> tuple[int, list[str]]:
        """How many of the last components, at most, tracked paths end in as well, and these.

        The paths are sorted; of very many there are only some.
        """
        ends, pieces = self._sorted_ends(), parts[::-1]
        # Of all paths those next to it in this order have most of its end in common.
        at = bisect_left(ends, _backwards(parts))
        length = 0
        for near in ends[max(0, at - 1) : at + 1]:
            length = max(length, _in_common(pieces, near))
        if not length:
            return 0, []
        start = "/".join(pieces[:length]) + "/"
        before = at > 0 and ends[at - 1].startswith(start)
        if not before and not (at + 1 < len(ends) and ends[at + 1].startswith(start)):
            return length, [_forwards(ends[at])]  # as mostly: the only one
        return length, sorted(self._from_ends(start))

    def _from_ends(self, start: str) -> list[str]:
        """The paths whose backward form begins so: they stand together."""
        ends = self._sorted_ends()
        first = last = bisect_left(ends, start)
        stop = min(len(ends), first + CANDIDATES)
        while last < stop and ends[last].startswith(start):
            last += 1
        return [_forwards(end) for end in ends[first:last]]

    def in_any_case(self, parts: Parts | None) -> list[str]:
        """The tracked paths that differ from these components in upper and lower case at most."""
        return self._in_any_case()[1].get("/".join(parts).casefold(), []) if parts else []

    def ending_in_any_case(self, parts: Parts) -> list[str]:
        """The paths with the longest end in common but for case, two components or more."""
        index, spelled = self._in_any_case()
        length, files = index.longest_end(tuple(part.casefold() for part in parts))
        return [path for each in files for path in spelled[each]] if length > 1 else []

    def _in_any_case(self) -> tuple[PathIndex, dict[str, list[str]]]:
        if self._folded is None:
            spelled: dict[str, list[str]] = {}
            for path in self._paths:
                spelled.setdefault(path.casefold(), []).append(path)
            self._folded = PathIndex(spelled), spelled
        return self._folded

    def has_component(self, name: str) -> bool:
        """Whether any folder of the repository has this name, given in casefolded form."""
        if self._components is None:
            self._components = {
                part for path in self._paths for part in path.casefold().split("/")[:-1]
            }
        return name in self._components

    def _sorted_ends(self) -> list[str]:
        if self._backwards is None:
            self._backwards = sorted(map(_backwards, (path.split("/") for path in self._paths)))
        return self._backwards


def _in_common(pieces: Sequence[str], backwards: str) -> int:
    """How many components a path's backward form begins with as `pieces` do."""
    length = 0
    for ours, theirs in zip(pieces, backwards[:-1].split("/"), strict=False):
        if ours != theirs:
            break
        length += 1
    return length


def _backwards(parts: Sequence[str]) -> str:
    """Components from the last to the first, each with a slash behind it."""
    return "/".join(parts[::-1]) + "/"


def _forwards(backwards: str) -> str:
    return "/".join(backwards[:-1].split("/")[::-1])
