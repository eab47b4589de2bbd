"""From the lines that were kept to gaps and critical paths, the most telling first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from qe_action.agents.accumulator import Accumulator
from qe_action.analysis.anchor import anchor
from qe_action.analysis.call_graph import CallGraph
from qe_action.analysis.collect import Detail
from qe_action.analysis.critical_path import critical_path
from qe_action.analysis.gaps import Miss
from qe_action.analysis.globs import is_test_or_migration
from qe_action.analysis.graph.entry_points import script_names
from qe_action.analysis.python_module import import_root, parse_module
from qe_action.analysis.study import Study
from qe_action.events import Counts, CriticalPath, Gap, GapFound
from qe_action.workspace.checkout import Checkout

OTHER_FILES = 50
"""Of how many unchanged files, the worst, the gaps are looked for."""
OTHER_GAPS = 100
"""How many gaps of unchanged files are sent."""
FILE_GAPS = 10_000
"""How many gaps of one file are sent at most; nobody reads more."""
ALL_GAPS = 100_000
"""How many gaps of all files together are sent at most."""
ALL_BYTES = 56 << 20
"""Bytes of all gaps and critical paths that are sent, about: a journal is read up to 64 MB."""
GAPS_A_TURN = 200
"""How many gaps are sent before others get their turn in the event loop."""


class Step(NamedTuple):
    """How far the ranking is, from 0 to 1."""

    fraction: float
    message: str


class Ranking:
    """The gaps of the changed files, worst first, then those of the worst other files.

    A gap is final once it is sent, so a file's turn comes when its critical paths are known.
    `taken` is how many bytes of the journal's are taken already.
    """

    def __init__(self, found: Accumulator, checkout: Checkout, taken: int = 0) -> None:
        self._found = found
        self._checkout = checkout
        self._graph: CallGraph | None = None
        self._touched: dict[str, frozenset[int]] = {}
        self._lacking: dict[str, list[str]] = {}
        self._bytes_left = ALL_BYTES - taken

    async def steps(self) -> AsyncIterator[Step | GapFound | CriticalPath]:
        """Events to send, and steps for the progress in between."""
        assert self._found.collector is not None
        changed: list[Detail] = []
        async for step in self._weigh(changed):
            yield step
        others = self._others()
        if not changed:
            self._lacking = {detail.path: self._lacks(self._study(detail)) for detail in others}
        async for step in self._link():
            yield step
        allowed = OTHER_GAPS
        total = len(changed) + len(others)
        for number, detail in enumerate(changed + others, 1):
            limited = number > len(changed) and not self._found.options.all_files
            most = min(FILE_GAPS, ALL_GAPS - self._found.total_gaps)
            sent = 0
            for event in islice(self._events_of(detail), min(allowed, most) if limited else most):
                allowed -= limited
                sent += 1
                yield event
                if self._found.total_gaps % GAPS_A_TURN == 0:
                    await asyncio.sleep(0)
            full = sent == most or self._bytes_left <= 0
            if full and not limited and not detail.complete:
                self._found.doubts.crowded.add(detail.path)
            yield Step(0.5 + number / total / 2, "Looking for gaps")

    async def _weigh(self, changed: list[Detail]) -> AsyncIterator[Step]:
        """Fills `changed` with the changed files, worst first; their counts are known then."""
        found = self._found
        assert found.collector is not None
        if found.diff is None:
            return
        patches: dict[str, Counts] = {}
        lacking = found.unmeasured.details
        details = {**found.collector.details, **lacking}
        for path in details.keys() & found.diff.files.keys():
            study = self._study(details[path])
            if path in lacking and not study.patch.statements:
                continue  # a comment was changed
            patches[path] = study.patch
            self._touched[path] = study.touched
            self._lacking[path] = self._lacks(study)
            if path not in lacking and self._edited_since(path):
                found.doubts.edited.add(path)
            yield Step(0.0, "Counting the changed statements")
        changed += sorted(
            (details[path] for path in patches),
            key=lambda d: (-_missed(patches[d.path]), -self._missed(d.path), d.path),
        )
        found.patches = {detail.path: patches[detail.path] for detail in changed}
        found.unmeasured.details = {p: lacking[p] for p in lacking if p in patches}

    def _edited_since(self, path: str) -> bool:
        """Whether a source was written after the report; in a fresh checkout that says nothing."""
        change, written = self._found.change, self._found.written
        if change is None or change.tree.kind != "worktree" or written is None:
            return False
        return (self._checkout.modified(path) or written) > written

    @staticmethod
    def _lacks(study: Study) -> list[str]:
        """The functions whose callers are of interest."""
        if is_test_or_migration(study.path):
            return []
        return sorted(region.name for region in study.lacking)

    async def _link(self) -> AsyncIterator[Step]:
        """Builds the call graph around the functions that lack tests.

        Where there are changed files these are theirs alone, so that the work grows with the
        change. What else the graph has seen is ranked all the same.
        """
        index = self._found.mapper.index if self._found.mapper else None
        if index is None:
            return
        scripts = script_names(*map(self._checkout.source, ("pyproject.toml", "setup.cfg")))
        self._graph = CallGraph(index, self._checkout.source, scripts=scripts)
        for fraction in self._graph.prepare(self._lacking):
            yield Step(fraction / 2, "Looking for callers")
        self._found.doubts.unparsable.update(self._graph.unparsable)
        self._found.unresolved_calls = self._graph.unresolved

    def _others(self) -> list[Detail]:
        assert self._found.collector is not None
        patches = self._found.patches or {}
        others = [d for d in self._found.collector.details.values() if d.path not in patches]
        return sorted(others, key=lambda d: (-self._missed(d.path), d.path))

    def _missed(self, path: str) -> int:
        assert self._found.collector is not None
        if path in self._found.unmeasured.details:
            return len(self._found.unmeasured.details[path].lines)
        counts = self._found.collector.files[path]
        return counts.statements - counts.covered

    def _study(self, detail: Detail) -> Study:
        found, path = self._found, detail.path
        added = found.diff.added(path) if found.diff else frozenset[int]()
        source = None if path in found.foreign else self._checkout.source(path)
        if source is None:
            index = found.mapper.index if found.mapper else None
            if index is not None and path in index:
                found.doubts.unread.add(path)
            return Study(detail, None, added)
        module = None
        if path.endswith((".py", ".pyi")):
            index = found.mapper.index if found.mapper else None
            module = parse_module(path, source, import_root(path, index) if index else "")
        if module is None and path.endswith((".py", ".pyi")):
            found.doubts.unparsable.add(path)
        study = Study(detail, module, added, touched=self._touched.get(path))
        found.doubts.weigh(study, 1 + max(source.count(b"\n"), source.count(b"\r")))
        return study

    def _events_of(self, detail: Detail) -> Iterator[GapFound | CriticalPath]:
        if detail.complete or is_test_or_migration(detail.path):
            return
        study = self._study(detail)
        paths = self._critical_paths(study)
        for path in paths.values():
            self._found.add_path(path)
            self._bytes_left -= _size(path)
            yield path
        for miss in study.misses():
            if self._bytes_left <= 0:
                return
            gap = self._gap(study, miss, paths)
            self._found.add_gap(gap)
            self._bytes_left -= _size(gap)
            yield GapFound(gap=gap)

    def _critical_paths(self, study: Study) -> dict[str, CriticalPath]:
        """The critical paths of a file by the names of their functions."""
        found: dict[str, CriticalPath] = {}
        if self._graph is None:
            return found
        for region, facts in study.functions.items():
            if study.excuse(region):
                continue
            reach = self._graph.reach(study.path, facts.name)
            path = critical_path(study.path, facts, reach) if reach else None
            if path is not None:
                found[facts.name] = path
        return found

    def _gap(self, study: Study, miss: Miss, paths: Mapping[str, CriticalPath]) -> Gap:
        gap = study.gap(miss, paths)
        found = self._found
        known = found.change is not None and study.path not in found.foreign
        line_map = found.change.line_map if found.change and known else None
        place = anchor(gap, line_map, _telling_lines(miss), study.ways(miss))
        measured = study.path not in found.unmeasured.details
        return gap.model_copy(update={"anchor": place, "measured": measured})


def _size(part: Gap | CriticalPath) -> int:
    return len(part.model_dump_json().encode())


def _missed(counts: Counts) -> int:
    return counts.missed + counts.branches - counts.covered_branches


def _telling_lines(miss: Miss) -> tuple[int, int]:
    """Where to point at: of a whole file that no test runs, the part that was changed."""
    lines = miss.changed if miss.whole_file and miss.changed else miss.lines
    return lines[0], lines[-1]
