"""What it takes to find 20,000 paths of a report among 50,000 files, by how they are written.

    python tests/bench/path_cost.py

Seconds are those of the processor, for reading and then for weighing the report as a whole. The
aim is half a second together on an idle machine.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import Match, PathIndex

FILES = 50_000
PATHS = 20_000


class Way(NamedTuple):
    """A way to write a report: `spelled` gives its word for a tracked file."""

    name: str
    spelled: Callable[[str], str]
    sources: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    place: str | None = None


WAYS = (
    Way("in the workspace", lambda path: f"/ws/{path}"),
    Way("below a source", lambda path: path.removeprefix("src/"), sources=("/ws/src",)),
    Way("as it stands", str),
    Way("in a container", lambda path: f"/app/x/{path}"),
    Way("a part in a container", lambda path: f"/app/x/{path.removeprefix('src/')}"),
    Way("below a source elsewhere", lambda path: path.removeprefix("src/"), sources=("/app/src",)),
    Way("from the report's place", lambda path: path.removeprefix("src/"), place="src/coverage"),
    Way("without its root", lambda path: path.removeprefix("src/")),
    Way("in another case", lambda path: f"D:/a/r/{path.upper()}"),
    Way("with a source root", str, roots=("src",)),
)


def measure(way: Way, tracked: list[str]) -> tuple[float, float, int]:
    """Seconds of reading and of weighing, and how many paths have their file."""
    names = [way.spelled(path) for path in random.Random(1).sample(tracked, PATHS)]
    began = time.process_time()
    tree = Tree.of(PathIndex(tracked), workspaces=("/ws",), source_roots=way.roots)
    mapper = PathMapper(tree)
    mapper.begin(place=way.place, sources=way.sources)
    for name in names:
        mapper.resolve(name)
    read = time.process_time()
    mapper.settle()
    weighed = time.process_time()
    placed = sum(isinstance(mapper.resolve(name), Match) for name in names)
    return read - began, weighed - read, placed


def main() -> None:
    tracked = [f"src/pkg{n % 500}/sub{n % 50}/mod{n}.py" for n in range(FILES - 1_000)]
    tracked += [f"src/p{n}/__init__.py" for n in range(1_000)]
    for way in WAYS:
        reading, weighing, placed = measure(way, tracked)
        print(f"{way.name:26} {reading:.2f} + {weighing:.2f} s, {placed:,} of {PATHS:,} placed")


if __name__ == "__main__":
    main()
