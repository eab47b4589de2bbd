"""From where a report's relative paths can be meant, and which file a path names from there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from qe_action.analysis.libraries import library_root
from qe_action.analysis.path_aliases import Aliases
from qe_action.analysis.paths import Parts, PathIndex, SplitPath, join, split_path

SOURCES = 100
"""How many of a report's sources are looked at; a report of many is hostile or broken."""
ANCHORS = 20
"""How many folders above a report its relative paths are read from."""


def no_link(_path: str) -> str | None:
    """Where a tracked link leads, for trees whose links are not known."""
    return None


@dataclass(slots=True)
class Tree:
    """What is known of the repository, the same for every report.

    `workspaces` are the folders where its top lay on machines that may have written the
    report, `roots` the user's source roots, `working` the folder that the run is about.
    `target(path)` is where a tracked symbolic link leads, as a path from the top. Where the
    files are not `known` (no git repository), nothing can be checked.
    """

    index: PathIndex
    known: bool = True
    workspaces: tuple[Parts, ...] = ()
    roots: tuple[Parts, ...] = ()
    working: Parts = ()
    aliases: Aliases = field(default_factory=Aliases)
    target: Callable[[str], str | None] = no_link

    @classmethod
    def of(
        cls,
        index: PathIndex | None,
        *,
        workspaces: Iterable[str] = (),
        source_roots: Iterable[str] = (),
        working: str = "",
        aliases: Aliases | None = None,
        target: Callable[[str], str | None] = no_link,
    ) -> Tree:
        """The tree of these files; paths are as the user and the machine spell them."""
        tree = cls(PathIndex(()) if index is None else index, known=index is not None)
        tree.workspaces = tuple(split_path(place).parts for place in workspaces)
        roots = (tree.inside(split_path(root)) for root in source_roots)
        tree.roots = tuple(root for root in roots if root is not None)
        tree.working = tree.inside(split_path(working)) or ()
        tree.aliases = aliases or Aliases()
        tree.target = target
        return tree

    def inside(self, path: SplitPath) -> Parts | None:
        """The components below the repository's top; None where they lie elsewhere."""
        if not path.absolute:
            return None if path.up else path.parts
        return below(self.workspaces, path.parts)

    def behind_links(self, parts: Parts | None) -> str | None:
        """The tracked file that a path through a tracked link to a folder leads to."""
        for end in range(1, len(parts or ())):
            assert parts is not None
            link = self.index.at(parts[:end])  # a file with something below it is a link
            if link is not None and (target := self.target(link)) is not None:
                return self.index.at((*split_path(target).parts, *parts[end:]))
        return None

    def by_links(self, readings: Iterable[Parts]) -> set[str]:
        """The tracked files that these paths lead to through tracked links to folders."""
        found = map(self.behind_links, readings)
        return {file for file in found if file is not None}

    def in_any_case(self, readings: Iterable[Parts]) -> set[str]:
        """The tracked files that these paths name, without regard to case."""
        return {file for reading in readings for file in self.index.in_any_case(reading)}


def below(workspaces: Iterable[Parts], parts: Parts) -> Parts | None:
    """The components of an absolute path below the workspace that it lies in."""
    longest = 0
    for place in workspaces:
        if len(place) > longest and parts[: len(place)] == place:
            longest = len(place)
    return parts[longest:] if longest else None


class Bases:
    """Where the relative paths of one report can start.

    `place` is the report's own folder, from the repository's top; None where it lies elsewhere.
    """

    def __init__(self, tree: Tree, place: Parts | None, sources: Iterable[str]) -> None:
        self.tree = tree
        self.place = place
        self.sources = tuple(sources)
        splits = [split_path(source) for source in dict.fromkeys(self.sources[:SOURCES])]
        absolute = [split for split in splits if split.absolute]
        self.inside = [
            parts
            for split in absolute
            if (parts := below(tree.workspaces, split.parts)) is not None
        ]
        self.outside = [
            split.parts for split in absolute if below(tree.workspaces, split.parts) is None
        ]
        self.relative = [split for split in splits if not split.absolute]
        self.installed = bool(splits) and all(
            library_root((*split.parts, ""), absolute=split.absolute) for split in splits
        )
        self.anchors = tuple(dict.fromkeys((tree.working, *self.above(place))))

    @staticmethod
    def above(place: Parts | None) -> Iterator[Parts]:
        """A folder and those above it, up to the top."""
        parts = place or ()
        for end in range(len(parts), max(0, len(parts) - ANCHORS), -1):
            yield parts[:end]
        yield ()

    def under_roots(self, path: SplitPath, *, whole: bool) -> set[str]:
        """The files below the user's source roots that a path can mean, or the `whole` of it."""
        index = self.tree.index
        if whole:
            found = (index.at(join(root, path)) for root in self.tree.roots)
        else:
            found = (_under_root(root, path, index) for root in self.tree.roots)
        return {each for each in found if each is not None}

    def at_place(self, path: SplitPath) -> set[str]:
        """The file that a relative path names at the report's own folder or closest above it.

        The repository's top is nobody's own.
        """
        for anchor in self.above(self.place):
            if anchor and not path.absolute and (found := self.tree.index.at(join(anchor, path))):
                return {found}
        return set()

    def by_alias(self, path: SplitPath) -> tuple[str, Parts] | None:
        """The file that the settings' aliases lead to, and from which form of the path."""
        tree = self.tree
        inside = [join(source, path) for source in self.inside if not path.absolute]
        for form in (*self.forms(path), tree.inside(path), *inside):
            if form and (file := tree.aliases.tracked(form, tree.index)):
                return file, form
        return None

    def ending_in_any_case(self, path: SplitPath) -> set[str]:
        """The files that end as a path elsewhere does, without regard to case."""
        if self.tree.inside(path) is not None:
            return set()
        return set().union(*map(self.tree.index.ending_in_any_case, self.forms(path)))

    def under_sources(self, path: SplitPath) -> set[str]:
        """The files that a relative path names below the sources in the workspace."""
        found = (self.tree.index.at(join(source, path)) for source in self.inside)
        return {each for each in found if each is not None}

    def from_anchor(self, anchor: Parts, path: SplitPath, *, bare: bool) -> set[str]:
        """The files that a relative path names, read from a folder.

        That is below each relative source there or, for a `bare` path, right below it.
        """
        if bare:
            starts: Iterable[Parts | None] = (anchor,)
        else:
            starts = (join(anchor, source) for source in self.relative)
        found = (self.tree.index.at(join(start, path)) for start in starts if start is not None)
        return {each for each in found if each is not None}

    def readings(self, path: SplitPath, anchors: Iterable[Parts], *, bare: bool) -> Iterator[Parts]:
        """Every place in the repository that a path can mean without a guess.

        A relative one is read from the folders `anchors`, and right below them if `bare`.
        """
        if path.absolute:
            inside = self.tree.inside(path)
            starts: list[Parts] = []
            if inside is not None:
                yield inside
        else:
            joined = [join(anchor, source) for anchor in anchors for source in self.relative]
            starts = [*self.inside, *(start for start in joined if start is not None)]
            if bare and not self.inside:
                starts += anchors
        for start in (*self.tree.roots, *starts):
            if (reading := join(start, path)) is not None:
                yield reading

    def forms(self, path: SplitPath) -> Iterator[Parts]:
        """An absolute path elsewhere as it stands, a relative one below each source elsewhere."""
        if path.absolute:
            if self.tree.inside(path) is None:
                yield path.parts
            return
        for source in self.outside:
            if (joined := join(source, path)) is not None:
                yield joined


def _under_root(root: Parts, path: SplitPath, index: PathIndex) -> str | None:
    """The path below the user's source root, less as many leading components as it takes.

    A producing machine's prefix (`/app`) is unknown, so the longest remainder that is
    tracked counts. A bare file name is too little to go by unless the repository has it once.
    Of installed software only what stands right below the folder it was installed in counts:
    that is where the project itself was, if it was.
    """
    if path.up:
        return index.at(join(root, path))
    installed = library_root(path.parts, absolute=path.absolute)
    for start in (installed,) if installed else range(len(path.parts)):
        tail = path.parts[start:]
        found = index.at(root + tail)
        if found and (len(tail) > 1 or (not installed and _is_enough(start, tail, index))):
            return found
    return None


def _is_enough(start: int, tail: Parts, index: PathIndex) -> bool:
    """Whether a bare name is the whole path, or one that the repository has once."""
    return start == 0 or len(index.ending(tail)) == 1
