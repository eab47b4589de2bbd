"""One file, with everything that its source and its report tell of it together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from qe_action.analysis.advice.branch_words import Way, said, ways
from qe_action.analysis.advice.suggestions import suggest
from qe_action.analysis.collect import Detail
from qe_action.analysis.declarations import declared
from qe_action.analysis.functions import (
    ErrorLines,
    FunctionFacts,
    function_facts,
    lacking_regions,
    reported_facts,
)
from qe_action.analysis.gaps import Miss, find_misses, patch_counts
from qe_action.analysis.guards import SCRIPT, Guards
from qe_action.analysis.python_module import PythonModule
from qe_action.analysis.risk import Evidence, judge
from qe_action.analysis.source import Region, Regions, reported_regions
from qe_action.analysis.source_match import strays
from qe_action.analysis.statements import (
    Extent,
    changed_statements,
    find_extents,
)
from qe_action.events import Counts, CriticalPath, Gap

ADVISED = 500
"""For how many gaps of a file tests are suggested; nobody reads more."""
BRANCHES_NAMED = 20
"""How many branches not taken a gap names; its reasons count them all."""
TESTS_NAMED = 20
"""How many tests that run its function a gap names."""


class Study:
    """The functions and misses of one file.

    `module` is None where the source is not Python, is missing or can't be parsed: then lines
    count as the report lists them and functions are those that it names. `added` are the
    lines that the diff adds or changes, `touched` the statements that it does.
    """

    def __init__(
        self,
        detail: Detail,
        module: PythonModule | None,
        added: frozenset[int],
        *,
        touched: frozenset[int] | None = None,
    ) -> None:
        self.detail = detail
        self.module = module
        if touched is None and module is not None and added:
            touched = changed_statements(self._extents, frozenset(detail.lines), added)
        self.touched = added if touched is None else touched
        self._ways: dict[tuple[int, str], Way | None] = {}
        self._advice_left = ADVISED

    @property
    def path(self) -> str:
        return self.detail.path

    @cached_property
    def patch(self) -> Counts:
        """Counts of the added and changed statements."""
        return patch_counts(self.detail, self.touched)

    @cached_property
    def regions(self) -> Regions:
        return self.module.regions if self.module else reported_regions(self.detail.functions)

    @cached_property
    def functions(self) -> Mapping[Region, FunctionFacts]:
        """The functions that hold statements, by their bodies."""
        if self.module is None:
            return reported_facts(self.detail, self.regions, self.touched)
        return function_facts(self.detail, self.module, self.touched)

    @property
    def lacking(self) -> set[Region]:
        """The functions and classes that the tests miss in part or whole."""
        return lacking_regions(self.detail, self.regions)

    @property
    def is_stale(self) -> bool:
        """Some reported line can't be a statement of this source: the report is of another one."""
        if self.module is None:
            return False  # nothing is known of it
        return bool(strays(self.module, self._extents, self.detail.lines))

    def misses(self) -> Iterator[Miss]:
        return find_misses(self.detail, self.regions, self.touched)

    def ways(self, miss: Miss) -> tuple[Way | None, ...]:
        """What is known of each of the first of a miss's `exits`; None where nothing is."""
        return tuple(self._way(*way) for way in miss.exits[:BRANCHES_NAMED])

    def _way(self, line: int, target: str) -> Way | None:
        if (line, target) not in self._ways:
            found = ways(self.module, line, (target,)) if self.module else (None,)
            self._ways[line, target] = found[0]
        return self._ways[line, target]

    def gap(self, miss: Miss, paths: Mapping[str, CriticalPath]) -> Gap:
        """The gap of a miss. `paths` are the file's critical paths by function name."""
        function = self.functions.get(miss.owner) if miss.owner else None
        excuse = self._excuse(miss)
        path = None if excuse else self._path_of(miss, paths)
        verdict = judge(
            Evidence(
                in_diff=miss.in_diff,
                by_branch=miss.in_diff and not miss.changed,
                function=function,
                never_called=miss.whole_file or (function is not None and not function.called),
                handles_error=self._errors.handles(miss.lines) if self._errors else False,
                raises_error=self._errors.raises(self._leads_to(miss)) if self._errors else False,
                partial=miss.branch is not None,
                impact=path.impact if path else None,
                reach=path.reasons[0] if path and path.reasons else "",
                excuse=excuse,
            )
        )
        exits = miss.exits[:BRANCHES_NAMED]
        gap = Gap(
            id=miss.id,
            file_path=miss.path,
            line_start=miss.start,
            line_end=miss.end,
            gap_type="partial" if miss.branch else "uncovered",
            severity=verdict.severity,
            function=miss.name,
            in_diff=miss.in_diff,
            statements=0 if miss.branch else len(miss.lines),
            missing_branches=tuple(way.target for way in exits),
            branch_lines=() if miss.branch else tuple(way.line for way in exits),
            branch_words=said(self.ways(miss), exits),
            critical_path=path.path if path else None,
            reasons=(*self._shape(miss), *verdict.reasons),
            covered_by=self._tests(function),
        )
        if self.module is None or not self._advice_left or excuse not in ("", SCRIPT):
            return gap
        self._advice_left -= 1
        return gap.model_copy(update={"suggested_tests": suggest(self.module, gap)})

    def excuse(self, region: Region) -> str:
        """Why a function needs no test, or can't have one where this report was made; or empty."""
        if self.module is None or self._guards is None:
            return ""
        definition = self.module.by_start[region.start, region.name]
        return declared(self.module, definition) or self._guards.reason([region.start, region.end])

    def _excuse(self, miss: Miss) -> str:
        if self._guards is None:
            return ""
        if miss.owner and not miss.whole_file and (found := self.excuse(miss.owner)):
            return found
        if miss.branch is not None:
            return self._guards.branch_reason(miss.exits[:BRANCHES_NAMED], self.ways(miss))
        return self._guards.reason(miss.lines)

    @cached_property
    def _guards(self) -> Guards | None:
        return Guards(self.module, self.detail) if self.module else None

    @cached_property
    def _extents(self) -> list[Extent]:
        return find_extents(self.module) if self.module else []

    @cached_property
    def _errors(self) -> ErrorLines | None:
        return ErrorLines(self.module) if self.module else None

    def _leads_to(self, miss: Miss) -> tuple[int, ...]:
        """The lines that were missed: of a partial branch those it never went to."""
        if miss.branch is None:
            return miss.lines
        return tuple(int(way.target) for way in miss.exits if way.target.isdecimal())

    def _shape(self, miss: Miss) -> Iterator[str]:
        if miss.branch is not None:
            were = "was" if miss.untaken == 1 else "were"
            yield f"{miss.untaken} of {miss.branch.total} branches {were} not taken"
        elif miss.whole_file and 0 < len(miss.changed) < len(miss.lines):
            changed, whole = len(miss.changed), len(miss.lines)
            lie = "lies" if changed == 1 else "lie"
            yield f"{changed} of its {whole} statements {lie} in changed lines"

    def _path_of(self, miss: Miss, paths: Mapping[str, CriticalPath]) -> CriticalPath | None:
        if not miss.whole_file:
            return paths.get(miss.name or "")
        return min(paths.values(), key=lambda path: path.rank, default=None)

    def _tests(self, function: FunctionFacts | None) -> tuple[str, ...]:
        """The tests that run the function, as far as the report has contexts."""
        if function is None or not function.called:
            return ()
        return self.detail.tests(range(function.start, function.end + 1))[:TESTS_NAMED]
