"""What every report format is read into: one file's lines at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from qe_action.reports.defects import Defects

MAX_PATH = 4096
"""Characters of a path; no file system we know of allows more."""
MAX_PARTS = 256
"""Components of a path."""


def usable_path(path: str) -> str:
    """A report's path with `/` for backslashes; empty where it can't be a file's."""
    path = path.replace("\\", "/")
    possible = len(path) <= MAX_PATH and path.count("/") < MAX_PARTS and "\0" not in path
    return path if possible else ""


class Branch(NamedTuple):
    """The ways out of one line: `covered` of `total` were taken.

    `missing` names those not taken, in the report's words (a line number as text, `exit`,
    or a condition's percentage); empty where the report does not say which.
    """

    covered: int
    total: int
    missing: tuple[str, ...] = ()


Ways = tuple[tuple[str, bool], ...] | dict[str, bool]
"""The ways out of one line and whether each was taken: in the order of their ids, and a mapping
while they are being united."""


class Function(NamedTuple):
    """A function as the report itself lists it, lines inclusive.

    `aliases` are all its names where the report has several for one function: then it is told
    by its first line alone.
    """

    name: str
    start: int
    end: int
    covered: bool
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class FileLines:
    """One file as one stretch of the report gives it.

    `path` is the report's spelling with `/` for backslashes. `hits` maps line to hits in
    the order read. `contexts` maps line to the tests that ran it, sorted, where the report
    names them. `stale` says that the lines that ran are not those of the source they were counted
    with. A path may come again later in the same report: the parts are merged by
    `combine.absorb`.

    `group` and `package` are the report's words for what the file belongs to: a path that is in
    two groups is two files. `placed` is the repository's path, where the report was read with
    the sources at hand.

    `ways` maps line to its branches one by one, where the report tells them apart. `excused` are
    branches that the report counts as taken, but on no line. `unreadable` counts the lines and
    branches that could not be read. `weight` is how many names and ways are held.
    """

    path: str
    hits: dict[int, int] = field(default_factory=dict)
    branches: dict[int, Branch] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)
    contexts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    stale: bool = False
    group: str = ""
    package: str = field(default="", compare=False)
    placed: str | None = None
    ways: dict[int, Ways] = field(default_factory=dict, compare=False)
    excused: int = 0
    unreadable: int = field(default=0, compare=False)
    weight: int = field(default=0, compare=False)

    @property
    def size(self) -> int:
        """How much room it takes, about, in statements of 80 bytes."""
        return 13 + len(self.hits) + 2 * len(self.branches) + 2 * self.weight


class Part(NamedTuple):
    """Files that a stretch of the report completed, and how much of it is read (0 to 1).

    `report` tells several reports that are read one after the other apart, `label` is its name
    for people, empty for the only one.
    """

    fraction: float
    files: list[FileLines]
    report: int = 0
    label: str = ""

    def one_by_one(self) -> Iterator[Callable[[], FileLines]]:
        """Each file to be taken out: nothing holds on to it while the next ones are read."""
        self.files.reverse()
        while self.files:
            yield self.files.pop


class ReportParser(Protocol):
    """A push parser without I/O: bytes in, finished files out.

    `feed` and `close` raise `ReportError`; files they returned before stay valid.
    `sources` holds the report's source roots seen so far, `defects` what could not be read.
    """

    sources: list[str]
    defects: Defects

    def feed(self, chunk: bytes, /) -> list[FileLines]: ...

    def close(self) -> list[FileLines]: ...
