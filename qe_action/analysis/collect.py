"""Counts of every file, and all lines of those few whose gaps will be shown."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.analysis.recurring_files import Parts
from qe_action.events import Counts
from qe_action.reports.defects import Defects
from qe_action.reports.model import Branch, FileLines, Function

MAX_FILES = 200_000
"""Files that are counted."""
MAX_NAMES = 32 << 20
"""Bytes, about, of the names, groups and packages of all counted files together."""
MAX_KEPT = 40 << 20
"""Bytes of lines that are kept, about, of all files whose gaps may be shown."""


class FileCounts(NamedTuple):
    """One file's exact counts."""

    statements: int = 0
    covered: int = 0
    branches: int = 0
    covered_branches: int = 0
    functions: int = 0
    covered_functions: int = 0

    def wire(self) -> Counts:
        return Counts(
            statements=self.statements,
            covered=self.covered,
            branches=self.branches,
            covered_branches=self.covered_branches,
        )


_WIDTH = len(FileCounts._fields)


class Tally(Mapping[str, FileCounts]):
    """The counts of many files, packed: 48 bytes each beside the name."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._figures = array("Q")

    def __getitem__(self, path: str) -> FileCounts:
        at = self._rows[path] * _WIDTH
        return FileCounts(*self._figures[at : at + _WIDTH])

    def __setitem__(self, path: str, counts: FileCounts) -> None:
        row = self._rows.setdefault(path, len(self._rows))
        self._figures[row * _WIDTH : (row + 1) * _WIDTH] = array("Q", counts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def totals(self) -> FileCounts:
        """The sum over all files."""
        return FileCounts(*(sum(self._figures[column::_WIDTH]) for column in range(_WIDTH)))


@dataclass(frozen=True, slots=True)
class Detail:
    """All statements of one file in line order: five bytes a line, and its branches.

    `contexts` maps line to the tests that ran it, where the report names them.
    """

    path: str
    lines: array[int]
    covered: bytes
    branches: dict[int, Branch]
    functions: tuple[Function, ...]
    contexts: dict[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def untouched(self) -> bool:
        """No statement of the file was run."""
        return bool(self.covered) and not any(self.covered)

    @property
    def complete(self) -> bool:
        """Every statement was run and every branch taken."""
        return all(self.covered) and all(b.covered >= b.total for b in self.branches.values())

    def tests(self, lines: Iterable[int]) -> tuple[str, ...]:
        """The names of the tests that ran any of these lines, sorted; none where unknown."""
        sets = {self.contexts[line] for line in lines if line in self.contexts}
        return tuple(sorted(set().union(*sets)))


def count(file: FileLines) -> FileCounts:
    """The counts of one whole file."""
    hits = list(file.hits.values())
    missed = hits.count(0)
    return FileCounts(
        len(hits),
        len(hits) - missed,
        sum(b.total for b in file.branches.values()) + file.excused,
        sum(b.covered for b in file.branches.values()) + file.excused,
        len(file.functions),
        sum(f.covered for f in file.functions),
    )


def size_of(file: FileLines) -> int:
    """What a file's `detail` takes, about, in bytes."""
    named = sum(map(len, file.contexts.values()))
    missing = sum(len(branch.missing) for branch in file.branches.values())
    return (
        6 * len(file.hits)
        + 200 * len(file.branches)
        + 90 * missing
        + 200 * len(file.functions)
        + 120 * len(file.contexts)
        + 8 * named
    )


def detail(file: FileLines, path: str) -> Detail:
    """All lines of one whole file, compactly."""
    lines = sorted(file.hits)
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # many lines, few sets of tests
    return Detail(
        path=path,
        lines=array("I", lines),
        covered=bytes(file.hits[line] > 0 for line in lines),
        branches=dict(file.branches),
        functions=tuple(file.functions),
        contexts={line: shared.setdefault(each, each) for line, each in file.contexts.items()},
    )


class Collector:
    """Takes the report's files one at a time and keeps no more than is needed.

    `place(file)` gives the name a file is counted under, or None to leave it out. `changed`
    are the files whose lines are all kept. Of the others the lines of the `worst` (by missed
    statements) that `shown(path)` allows are kept; `worst=None` keeps them all.

    `stale` are the files that were not measured in the source they were counted with,
    `unreadable` counts what of a file's lines and branches could not be read. `beyond` is how many
    files were not counted, as there are too many; `unkept` are those whose lines are not kept, as
    those of others take all the room.

    A file that comes again apart from its first part is named in `recurring`; its parts must
    be read again into `parts` and given to `add_merged`. `defects` is what was left out then.
    """

    def __init__(
        self,
        place: Callable[[FileLines], str | None],
        *,
        changed: Container[str],
        shown: Callable[[str], bool],
        worst: int | None,
        room: int = MAX_KEPT,
    ) -> None:
        self._place = place
        self._changed = changed
        self._shown = shown
        self._worst = worst
        self._heap: list[tuple[int, str]] = []
        self.files = Tally()
        self.details: dict[str, Detail] = {}
        self.recurring: set[str] = set()
        self.stale: set[str] = set()
        self.unreadable: dict[str, int] = {}
        self.beyond = 0
        self.unkept: set[str] = set()
        self.defects = Defects()
        self.largest: dict[str, int] = {}
        self._names = 0
        self._last = ("", "")
        self._room = room
        self._sizes: dict[str, int] = {}

    def add(self, file: FileLines) -> None:
        """Count a file's part; keep its lines if they may be shown."""
        if len(self.files) >= MAX_FILES or self._names >= MAX_NAMES:
            self.beyond += 1
            return
        path = self._place(file)
        if path is None:
            return
        if file.stale:
            self.stale.add(path)
        if path in self.files:
            self.recurring.add(path)
            known = self.largest.get(path, self.files[path].statements)
            self.largest[path] = max(known, file.size)
            return
        self._names += self._size_of_names(path, file)
        self._keep(path, file)

    def _size_of_names(self, path: str, file: FileLines) -> int:
        """What the names of a file take that are not those of the file before."""
        last, self._last = self._last, (file.group, file.package)
        new = [name for name, known in zip(self._last, last, strict=True) if name != known]
        return sum(len(name) if name.isascii() else 4 * len(name) for name in (path, *new))

    def whole(self, file: FileLines) -> str | None:
        """What a file is counted under that came in one part, as is known after the pass."""
        path = self._place(file)
        return path if path in self.files and path not in self.recurring else None

    def parts(self, wanted: set[str]) -> Parts:
        """An empty collection for a further pass that merges the files `wanted`."""
        return Parts(self._place, wanted, self.defects)

    def add_merged(
        self, parts: Parts, heard: Callable[[str, FileLines], None] = lambda _path, _file: None
    ) -> None:
        """Replace what the first pass knew of recurring files by their merged lines.

        `heard` is handed each file as it is merged.
        """
        paths = dict.fromkeys(parts.paths)
        self._heap = [entry for entry in self._heap if entry[1] not in paths]
        heapq.heapify(self._heap)
        for path in paths:
            self._forget(path)
            file = parts.take(path)
            heard(path, file)
            self._keep(path, file)

    def _keep(self, path: str, file: FileLines) -> None:
        counts = count(file)
        self.files[path] = counts
        if file.unreadable:
            self.unreadable[path] = file.unreadable
        if path in self._changed:
            self._keep_lines(path, file)
        elif self._worst is None:
            if self._has_gaps(counts) and self._shown(path):
                self._keep_lines(path, file)
        elif self._has_gaps(counts):
            self._keep_if_worst(path, file, counts)

    def _keep_if_worst(self, path: str, file: FileLines, counts: FileCounts) -> None:
        missed = counts.statements - counts.covered
        full = self._worst is not None and len(self._heap) >= self._worst
        if not self._worst or (full and missed <= self._heap[0][0]) or not self._shown(path):
            return
        if full:
            self._forget(heapq.heappop(self._heap)[1])
        heapq.heappush(self._heap, (missed, path))
        self._keep_lines(path, file)

    def _keep_lines(self, path: str, file: FileLines) -> None:
        size = size_of(file)
        if size > self._room:
            self.unkept.add(path)
            return
        self.unkept.discard(path)
        self._room -= size
        self._sizes[path] = size
        self.details[path] = detail(file, path)

    def _forget(self, path: str) -> None:
        if self.details.pop(path, None) is not None:
            self._room += self._sizes.pop(path)

    @staticmethod
    def _has_gaps(counts: FileCounts) -> bool:
        return counts.covered < counts.statements or counts.covered_branches < counts.branches
