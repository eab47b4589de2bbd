"""Which lines and branches of which file tests are wanted for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.generation_options import GenerationOptions
from qe_action.errors import UsageError
from qe_action.events import AnalyzerError, Gap, GapFound
from qe_action.task import QETask
from qe_action.verify.answers import Measured

Arc = tuple[int, int]

TARGETS = 10
"""Files of a report that tests are made for in one run."""


@dataclass
class Wanted:
    """A target and the gaps of it, `gaps` None where no report tells."""

    target: str
    qualname: str = ""
    gaps: list[Gap] | None = None

    @property
    def changed(self) -> bool:
        """Whether changed lines of it are missed."""
        return any(gap.in_diff for gap in self.gaps or ())

    def goals(
        self, source: bytes, whole: Measured, at_import: Measured
    ) -> tuple[frozenset[int], frozenset[Arc]]:
        """The statements and branches wanted; those that every import runs don't count."""
        statements = frozenset((*whole.lines, *whole.missing_lines))
        branches = frozenset((*whole.branches, *whole.missing_branches))
        first, last = extent(source, self.qualname)
        lines = frozenset(line for line in statements if first <= line <= last)
        arcs = frozenset(arc for arc in branches if first <= arc[0] <= last)
        if self.gaps is not None:
            inside = [(gap.line_start, gap.line_end) for gap in self.gaps]
            in_gaps = frozenset(n for n in lines if any(a <= n <= b for a, b in inside))
            leading = {way for gap in self.gaps for way in _leading(gap)}
            into = arcs & leading
            arcs = frozenset(arc for arc in arcs if arc[0] in in_gaps)
            partial = [gap for gap in self.gaps if gap.gap_type == "partial"]
            some = {gap.line_start: _ends(gap) for gap in partial if _ends(gap)}
            arcs = into | {a for a in arcs if a[0] not in some or a[1] in some[a[0]]}
            lines = in_gaps - {gap.line_start for gap in partial}
        later = lines - set(at_import.lines)
        return (later if later or arcs else lines), arcs - set(at_import.branches)


def _ends(gap: Gap) -> frozenset[int]:
    """Where the ways lead that were not taken, as far as the report tells by lines."""
    return frozenset(int(way) for way in gap.missing_branches if way.isdecimal())


def _leading(gap: Gap) -> Iterator[Arc]:
    """The ways that were not taken and lead to a gap's statements."""
    for line, way in zip(gap.branch_lines, gap.missing_branches, strict=False):
        if way.isdecimal():
            yield line, int(way)


def extent(source: bytes, qualname: str) -> tuple[int, int]:
    """The lines of a function or class; all where no name is given."""
    if not qualname:
        return 1, 2**31
    try:
        node: ast.AST = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(
            f"{qualname} can't be found, as its file can't be parsed: {error}."
        ) from None
    for name in qualname.split("."):
        found = [
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and child.name == name
        ]
        if not found:
            raise UsageError(f"The target has no {qualname}.", anchor="command-line")
        node = found[-1]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return node.lineno, node.end_lineno or node.lineno


async def wanted(options: GenerationOptions) -> tuple[list[Wanted], list[str]]:
    """The targets with a report's gaps, worst first where no file is named; and notes."""
    path, _, qualname = (options.file or "").partition("::")
    if options.gaps is not None:
        gaps = [gap for gap in options.gaps if gap.file_path.endswith(".py")]
    elif options.has_report:
        gaps = await _gaps(options)
    else:
        return [Wanted(path, qualname)], []
    if path:
        return [Wanted(path, qualname, [gap for gap in gaps if gap.file_path == path])], []
    paths = list(dict.fromkeys(gap.file_path for gap in gaps))
    found = [Wanted(path, "", [gap for gap in gaps if gap.file_path == path]) for path in paths]
    notes = [] if gaps else ["No Python file has a gap."]
    if len(found) > TARGETS:
        notes.append(f"Of {len(found)} files with gaps the {TARGETS} worst were taken.")
    return found[:TARGETS], notes


async def _gaps(options: GenerationOptions) -> list[Gap]:
    """The gaps of Python files, in the order of the analysis: the worst first."""
    context = {
        "all_files": True,
        "repo": options.repo,
        "place": options.place,
        **({"coverage_file": options.coverage_file} if options.coverage_file else {}),
        **({"coverage_data": options.coverage_data} if options.coverage_data else {}),
    }
    task = QETask(task_type="coverage_analysis", context=context)
    gaps: list[Gap] = []
    async with aclosing(CoverageAnalyzerAgent().analyze_coverage_streaming(task)) as events:
        async for event in events:
            if isinstance(event, GapFound) and event.gap.file_path.endswith(".py"):
                gaps.append(event.gap)
            elif isinstance(event, AnalyzerError):
                raise UsageError(event.message, hint=event.hint)
    return gaps
