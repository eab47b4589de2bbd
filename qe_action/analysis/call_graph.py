"""A static call graph of a repository's Python sources: who reaches a function.

A small repository is parsed whole. Of a large one only the files that may lead to the wanted
functions are, level by level, so the work grows with the change and the answer is a minimum.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from qe_action.analysis.globs import is_test_or_migration
from qe_action.analysis.graph.caller_search import CallerSearch, Importers
from qe_action.analysis.graph.chain_values import Node
from qe_action.analysis.graph.edges import Edges
from qe_action.analysis.graph.entry_points import EntryPoints
from qe_action.analysis.graph.imports import Modules
from qe_action.analysis.graph.parsed_files import ParsedFiles
from qe_action.analysis.graph.reachability import all_reaching, count_reaching, nearest
from qe_action.analysis.graph.resolution import Resolver

WHOLE_FILES = 400
"""Up to how many Python files a repository is parsed whole."""
WHOLE_BYTES = 4_000_000
"""Up to how many bytes of Python files a repository is parsed whole."""
_SCANNED_A_TURN = 250
_LINKED_A_TURN = 25


class Reach(NamedTuple):
    """Who reaches a function.

    `callers` counts the functions that reach it, directly or not; it is not one of them.
    `entry_points` counts those among the callers and `entry` is the nearest (`file.py::name`).
    `kind` says why the function is an entry point itself, None if it is none. With `at_least`
    only a part of the repository was looked at.
    """

    callers: int
    entry_points: int = 0
    entry: str | None = None
    kind: str | None = None
    at_least: bool = False


class CallGraph:
    """The functions of the Python files among `paths` and the calls between them.

    `read` gives a file's bytes, None where it can't be had. `scripts` are what the project's
    configuration names to be run (`package.module:function`). Tests and migrations call
    nothing here. `prepare` comes first; then `reach` is a look-up.
    """

    def __init__(
        self,
        paths: Collection[str],
        read: Callable[[str], bytes | None],
        *,
        scripts: Collection[str] = (),
    ) -> None:
        self._paths = sorted(p for p in paths if p.endswith(".py") and not is_test_or_migration(p))
        self._read = read
        self._scripts = sorted(scripts)
        self._files = ParsedFiles(read)
        self._linked: _Linked | None = None
        self.unresolved = 0

    @property
    def unparsable(self) -> tuple[str, ...]:
        """The files that should have been parsed and could not be."""
        return tuple(sorted(self._files.unparsable))

    def prepare(self, wanted: Mapping[str, Collection[str]]) -> Iterator[float]:
        """Builds the graph for the functions `wanted` of each file, in slices.

        Gives how far it is, from 0 to 1, so that others can have a turn in between.
        """
        here = frozenset(self._paths).intersection(wanted)
        if not here:
            return
        modules = Modules(self._paths)
        importers = Importers(modules)
        total = 0
        for number, path in enumerate(self._paths, 1):
            text = self._read(path) or b""
            total += len(text)
            importers.add(path, text)
            if number % _SCANNED_A_TURN == 0:
                yield 0.3 * number / len(self._paths)
        if len(self._paths) <= WHOLE_FILES and total <= WHOLE_BYTES:
            for fraction in self._files.parse_all(self._paths):
                yield 0.3 + 0.5 * fraction
            settled = None
        else:
            search = CallerSearch(modules, self._files, importers, self._read)
            for fraction in search.run({path: wanted[path] for path in sorted(here)}):
                yield 0.3 + 0.5 * fraction
            settled = search.settled
        facts = self._files.facts
        resolver = Resolver(modules, facts.get, sorted(facts))
        edges = Edges(facts, resolver)
        for number, path in enumerate(sorted(facts), 1):
            edges.add(path)
            if number % _LINKED_A_TURN == 0:
                yield 0.8 + 0.2 * number / len(facts)
        self._link(modules, resolver, edges, settled)

    def reach(self, path: str, name: str) -> Reach | None:
        """Who reaches the function; None where it was not seen, or its file can't be parsed."""
        return self._linked.reach(Node(path, name)) if self._linked else None

    def callers(self, path: str, name: str) -> tuple[str, ...]:
        """The functions that `reach` counts as callers, as `file.py::name`, sorted."""
        return self._linked.reaching(Node(path, name)) if self._linked else ()

    def _link(
        self, modules: Modules, resolver: Resolver, edges: Edges, settled: set[Node] | None
    ) -> None:
        """Completes the graph.

        `settled` are the functions whose callers were all looked for, None if that is all.
        """
        facts = self._files.facts
        self.unresolved = edges.unresolved
        nodes = sorted(Node(path, name) for path in facts for name in facts[path].functions)
        number = {node: index for index, node in enumerate(nodes)}
        uncalled = set(nodes if settled is None else settled) & number.keys() - edges.used
        entries = self._entry_points(modules, resolver, uncalled)
        self._linked = _Linked(nodes, number, edges.callers, entries, settled is not None)

    def _entry_points(
        self, modules: Modules, resolver: Resolver, uncalled: Collection[Node]
    ) -> dict[Node, str]:
        found = EntryPoints(modules, self._files.facts, resolver)
        found.declared(self._scripts)
        found.decorated()
        found.programs()
        found.exported()
        found.uncalled(sorted(uncalled))
        return found.found


class _Linked:
    """The finished graph. Functions are numbered in order of their files and names."""

    def __init__(
        self,
        nodes: Sequence[Node],
        number: Mapping[Node, int],
        callers: Mapping[Node, set[Node]],
        entries: Mapping[Node, str],
        at_least: bool,
    ) -> None:
        self._nodes = nodes
        self._number = number
        self._entries = entries
        self._at_least = at_least
        self._direct = [sorted(number[each] for each in callers.get(n, ())) for n in nodes]
        sources = [number[node] for node in sorted(entries)]
        self._counts = count_reaching(self._direct, sources)
        self._nearest = nearest(self._direct, sources)

    def reach(self, node: Node) -> Reach | None:
        index = self._number.get(node)
        if index is None:
            return None
        count = self._counts[index]
        entry = self._nearest[index]
        return Reach(
            callers=count.nodes,
            entry_points=count.marked,
            entry="::".join(self._nodes[entry]) if entry is not None else None,
            kind=self._entries.get(node),
            at_least=self._at_least,
        )

    def reaching(self, node: Node) -> tuple[str, ...]:
        index = self._number.get(node)
        found = all_reaching(self._direct, index) if index is not None else ()
        return tuple("::".join(self._nodes[other]) for other in sorted(found))
