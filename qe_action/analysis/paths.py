"""From a report's path to the repository's, by evidence alone.

Every answer is a tracked file (or, where the repository is unknown, a relative path without
`..`), so no report can name a file outside the repository.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from qe_action.analysis.globs import PathFilter, is_test_or_migration

__all__ = [
    "Ambiguous",
    "Match",
    "PathFilter",
    "PathIndex",
    "PathMapper",
    "Resolution",
    "Unmatched",
    "is_test_or_migration",
    "split_path",
]

Parts = tuple[str, ...]
SOURCES = 100
"""How many of a report's sources are looked at; a report of many is hostile or broken."""

_LAST = "\U0010ffff"
"""No path has a component that begins with it."""
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Match:
    """The one repository path that the report means."""

    path: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several repository paths that the report could mean, sorted."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """No repository path."""


Resolution = Match | Ambiguous | Unmatched


class _Path(NamedTuple):
    """A path as components. `up` counts the leading `..` that nothing resolved."""

    parts: Parts
    absolute: bool = False
    up: int = 0


def split_path(path: str) -> _Path:
    """The components of a POSIX or Windows path, with `.` and `..` resolved by name.

    A drive is the first component, in lower case; `..` never climbs above a root.
    """
    text = path.replace("\\", "/")
    drive = _DRIVE.match(text)
    absolute = text.startswith("/") or drive is not None
    parts: list[str] = []
    up = 0
    for part in text[2:].split("/") if drive else text.split("/"):
        if part == "..":
            if parts:
                parts.pop()
            elif not absolute:
                up += 1
        elif part not in ("", "."):
            parts.append(part)
    root = (drive.group().lower(),) if drive else ()
    return _Path((*root, *parts), absolute, up)


class PathIndex:
    """The repository's files. What suffix look-ups need is built at the first of them."""

    def __init__(self, tracked: Iterable[str]) -> None:
        # To itself, so that a look-up gives the one string that is kept anyway.
        self._paths = {path: path for path in tracked}
        self._backwards: list[tuple[str, str]] | None = None

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def own(self, path: str | None) -> str | None:
        """The index's own string for a tracked path; None for any other."""
        return self._paths.get(path) if path else None

    def has_folder(self, folder: str) -> bool:
        """Whether any tracked file lies below `folder`."""
        start = "/".join(split_path(folder).parts) + "/"
        return start == "/" or any(path.startswith(start) for path in self._paths)

    def named(self, name: str) -> list[str]:
        """The paths whose last component is `name`, sorted."""
        return self.ending((name,))

    def ending(self, parts: Parts) -> list[str]:
        """The paths that end in these components, sorted."""
        if not parts:
            return []
        if self._backwards is None:
            self._backwards = sorted((_backwards(path.split("/")), path) for path in self._paths)
        # All that end alike stand together, from the name to the top.
        start = _backwards(parts)
        at = bisect_left(self._backwards, (start,))
        end = bisect_left(self._backwards, (start + _LAST,), at)
        return sorted(path for _, path in self._backwards[at:end])


def _backwards(parts: Iterable[str]) -> str:
    return "".join(f"{part}/" for part in reversed(tuple(parts)))


class PathMapper:
    """Finds the repository path of a report's path.

    Without an index (no git repository) the tidy relative path is the answer, and nothing
    can be checked. `sources` may be set anew or extended at any time: a report names its
    source roots at its head, or late.

    The order: an absolute path inside a workspace; the user's source roots; the report's
    sources that lie inside a workspace; the path as it stands; the other relative sources;
    the longest tracked path that ends the absolute one; the one tracked path that ends in
    the report's.
    """

    def __init__(
        self,
        index: PathIndex | None,
        *,
        source_roots: tuple[str, ...] = (),
        sources: tuple[str, ...] = (),
        workspaces: tuple[str, ...] = (),
    ) -> None:
        self.index = index
        self._workspaces = [split_path(place).parts for place in workspaces]
        self._roots = [
            inside
            for root in source_roots
            if (inside := self._inside(split_path(root))) is not None
        ]
        self._sources: tuple[str, ...] = ()
        self._split: list[tuple[_Path, Parts | None]] = []
        self.sources = sources

    @property
    def sources(self) -> tuple[str, ...]:
        """The report's source roots, as the report spells them."""
        return self._sources

    @sources.setter
    def sources(self, sources: Iterable[str]) -> None:
        sources = tuple(sources)
        if sources != self._sources:
            self._sources = sources
            splits = [split_path(source) for source in dict.fromkeys(sources[:SOURCES])]
            self._split = [(split, self._inside(split)) for split in splits]

    def resolve(self, report_path: str) -> Resolution:
        """The repository path of a report's path; never one outside the repository."""
        path = split_path(report_path)
        if not path.parts:
            return Unmatched()
        if self.index is None:
            return self._unchecked(path)
        return self._certain(path, self.index) or self._by_suffix(path, self.index)

    def _inside(self, path: _Path) -> Parts | None:
        """The components below the repository's top; None where they lie elsewhere."""
        if not path.absolute:
            return None if path.up else path.parts
        return self._below_workspace(path.parts)

    def _below_workspace(self, parts: Parts) -> Parts | None:
        for place in sorted(self._workspaces, key=len, reverse=True):
            if place and parts[: len(place)] == place:
                return parts[len(place) :]
        return None

    def _unchecked(self, path: _Path) -> Resolution:
        if path.absolute:
            return _match_parts(self._below_workspace(path.parts))
        inside = [below for _, below in self._split if below is not None]
        for root in (*self._roots, *inside, ()):
            if joined := _join(root, path):
                return _match_parts(joined)
        return Unmatched()

    def _certain(self, path: _Path, index: PathIndex) -> Resolution | None:
        """The answers that need no guess; the source root is the user's own word."""
        if path.absolute and (found := _tracked(self._below_workspace(path.parts), index)):
            return Match(found)
        for root in self._roots:
            if found := _under_root(root, path, index):
                return Match(found)
        if path.absolute:
            return None
        return (
            self._joined(path, index, absolute=True)
            or (None if path.up else _match(_tracked(path.parts, index)))
            or self._joined(path, index, absolute=False)
        )

    def _joined(self, path: _Path, index: PathIndex, *, absolute: bool) -> Resolution | None:
        found = {
            tracked
            for source, below in self._split
            if source.absolute == absolute
            and below is not None
            and (tracked := _tracked(_join(below, path), index))
        }
        return _one_of(found) if found else None

    def _by_suffix(self, path: _Path, index: PathIndex) -> Resolution:
        found = {tail for form in self._forms(path) if (tail := self._longest_tail(form, index))}
        if found:
            longest = max(tail.count("/") for tail in found)
            return _one_of(tail for tail in found if tail.count("/") == longest)
        return _one_of(index.ending(path.parts))

    def _forms(self, path: _Path) -> Iterator[_Path]:
        """The path as it stands, and joined to each absolute source."""
        yield path
        if not path.absolute:
            for source, _ in self._split:
                if source.absolute and (joined := _join(source.parts, path)):
                    yield _Path(joined, absolute=True)

    def _longest_tail(self, path: _Path, index: PathIndex) -> str | None:
        """The longest tracked path that ends the report's.

        A bare file name is taken only where the repository has it once, and never for a
        relative path (`flask/app.py` is not our `app.py`) or one inside a workspace, whose
        own place is known.
        """
        bare = path.absolute and self._below_workspace(path.parts) is None
        for start in range(len(path.parts)):
            tail = path.parts[start:]
            if len(tail) == 1 and not (bare and len(index.named(tail[0])) == 1):
                return None
            if found := _tracked(tail, index):
                return found
        return None


def _one_of(candidates: Iterable[str]) -> Resolution:
    found = tuple(sorted(candidates))
    if not found:
        return Unmatched()
    return Match(found[0]) if len(found) == 1 else Ambiguous(found)


def _match_parts(parts: Parts | None) -> Resolution:
    return Match("/".join(parts)) if parts else Unmatched()


def _join(root: Parts, path: _Path) -> Parts | None:
    """A relative path below a root; None where its `..` climb out of the root's parents."""
    if path.up > len(root):
        return None
    return root[: len(root) - path.up] + path.parts


def _tracked(parts: Parts | None, index: PathIndex) -> str | None:
    return index.own("/".join(parts)) if parts else None


def _match(path: str | None) -> Match | None:
    return Match(path) if path else None


def _under_root(root: Parts, path: _Path, index: PathIndex) -> str | None:
    """The path below the user's source root, less as many leading components as it takes.

    A producing machine's prefix (`/app`) is unknown, so the longest remainder that is
    tracked counts. A bare file name is too little to go by unless the repository has it once.
    """
    if path.up:
        return _tracked(_join(root, path), index)
    for start in range(len(path.parts)):
        tail = path.parts[start:]
        found = _tracked(root + tail, index)
        if found and (start == 0 or len(tail) > 1 or len(index.named(tail[0])) == 1):
            return found
    return None
