"""Which files of a large repository may call given functions, told from their texts.

A file may call a function if it imports the function's module, or a package that passes the
name on, and has the function's name in its text. Only such files are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from qe_action.analysis.graph.call_facts import FileFacts
from qe_action.analysis.graph.chain_values import CONSTRUCTORS, Node
from qe_action.analysis.graph.edges import Edges
from qe_action.analysis.graph.imports import Modules
from qe_action.analysis.graph.parsed_files import ParsedFiles
from qe_action.analysis.graph.resolution import Resolver

LEVELS = 3
"""How many calls away a caller is looked for."""
CALLERS_BYTES = 300_000
"""Bytes of callers that are parsed, whatever is wanted."""
CALLERS_BYTES_EACH = 6_000
"""Bytes of callers that are parsed besides for each wanted file."""
LOOKED_AT = 2_000
"""How many texts are searched for names on one level."""
_A_TURN = 10

Read = Callable[[str], bytes | None]


class Importers:
    """Which files import a file, told from the texts of their import statements."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._of: dict[str, list[str]] = {}

    def add(self, path: str, text: bytes) -> None:
        for target in dict.fromkeys(self._modules.imported(path, text)):
            if target != path:
                self._of.setdefault(target, []).append(path)

    def of(self, path: str) -> list[str]:
        return self._of.get(path, [])


class Candidates(NamedTuple):
    """Files to parse, the most promising first, each with the file whose functions it may call."""

    files: tuple[tuple[str, str], ...]
    cut: bool


def candidates(frontier: Mapping[str, set[str]], importers: Importers, read: Read) -> Candidates:
    """The files that may call the functions of `frontier`, names by file.

    The files take turns, so that one that many import does not use up the budget.
    """
    found: list[tuple[int, str, str]] = []
    looked = 0
    for path in sorted(frontier):
        names = frontier[path]
        matching = _matching(path, names, importers, read, LOOKED_AT - looked)
        for number, (candidate, matches) in enumerate(matching):
            looked += 1
            if matches:
                found.append((number, candidate, path))
    found.sort()
    return Candidates(tuple((each, path) for _, each, path in found), looked >= LOOKED_AT)


def _matching(
    path: str, names: Iterable[str], importers: Importers, read: Read, limit: int
) -> Iterator[tuple[str, bool]]:
    """Importers of a file, and of packages that pass its names on; whether they have a name."""
    words = sorted(name.encode() for name in names)
    if not words:
        return
    pattern = re.compile(rb"\b(?:" + b"|".join(map(re.escape, words)) + rb")\b|\bimport[ \t]*\*")
    seen = {path}
    queue = [path]
    for each in queue:
        for importer in importers.of(each):
            if importer in seen or len(seen) > limit:
                continue
            seen.add(importer)
            matches = pattern.search(read(importer) or b"") is not None
            if matches and importer.endswith("__init__.py"):
                queue.append(importer)
            yield importer, matches


def names_of(nodes: Iterable[Node], facts: Mapping[str, FileFacts]) -> dict[str, set[str]]:
    """By file the names under which other files can call the functions.

    A class's name stands for its constructor. A function inside another one has no such name.
    """
    found: dict[str, set[str]] = {}
    for path, name in nodes:
        function = facts[path].functions.get(name)
        if function is not None and not function.nested:
            owner, _, last = name.rpartition(".")
            last = owner.rpartition(".")[2] if last in CONSTRUCTORS and owner else last
            found.setdefault(path, set()).add(last)
    return found


class CallerSearch:
    """Looks for callers level by level, within a budget that grows with what is wanted.

    `settled` are the functions whose possible callers were all looked at.
    """

    def __init__(
        self, modules: Modules, files: ParsedFiles, importers: Importers, read: Read
    ) -> None:
        self._modules = modules
        self._files = files
        self._importers = importers
        self._read = read
        self.settled: set[Node] = set()

    def run(self, wanted: Mapping[str, Collection[str]]) -> Iterator[float]:
        """Parses the wanted files, then those that may lead to their functions, in slices.

        Gives how far it is, from 0 to 1.
        """
        for fraction in self._files.parse_all(tuple(wanted)):
            yield fraction / 3
        budget = self._files.size + CALLERS_BYTES + CALLERS_BYTES_EACH * len(wanted)
        facts = self._files.facts
        nodes = {Node(path, name) for path in wanted if path in facts for name in wanted[path]}
        seen = set(nodes)
        for level in range(LEVELS):
            for number, _ in enumerate(self._level(nodes, budget), 1):
                if number % _A_TURN == 0:
                    yield (1 + 2 * min(1, self._files.size / budget)) / 3
            if self._files.size >= budget or level == LEVELS - 1:
                break
            nodes = self._callers(nodes) - seen
            seen |= nodes

    def _level(self, nodes: Collection[Node], budget: int) -> Iterator[str]:
        """Parse what may call the functions."""
        frontier = names_of(nodes, self._files.facts)
        found = candidates(frontier, self._importers, self._read)
        missed = set(frontier) if found.cut else set()
        for candidate, path in found.files:
            if candidate in self._files:
                continue
            if self._files.size >= budget:
                missed.add(path)
                continue
            self._files.parse(candidate)
            yield candidate
        self.settled.update(node for node in nodes if node.path in frontier.keys() - missed)

    def _callers(self, nodes: Iterable[Node]) -> set[Node]:
        facts = self._files.facts
        resolver = Resolver(self._modules, facts.get, sorted(facts))
        edges = Edges(facts, resolver)
        for path in sorted(facts):
            edges.add(path)
        return {caller for node in nodes for caller in edges.callers.get(node, ())}
