"""Which lines and branches of which file tests are wanted for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from qe_action import defaults
from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.generation_options import GenerationOptions
from qe_action.analysis.emptiness import empty_lines
from qe_action.errors import UsageError
from qe_action.events import AnalysisComplete, AnalyzerError, Gap, GapFound
from qe_action.task import QETask
from qe_action.verify.project import is_test_file
from qe_action.verify.run_answers import Measured

Arc = tuple[int, int]

TARGETS = 10
"""Files of a report that tests are made for in one run."""


@dataclass
class Wanted:
    """A target and the gaps of it, `gaps` None where no report tells: then all of it is missed.

    `places` are those of its gaps in the order of all, the worst first. `changed` targets are
    those of changed lines; a file that others of its lines are missed of is a second target.
    """

    target: str
    qualname: str = ""
    gaps: list[Gap] | None = None
    changed: bool = False
    places: list[int] = field(default_factory=lambda: [0])

    @property
    def rank(self) -> dict[int, int]:
        """The number of the gap that a line lies in, 0 the worst."""
        return {
            line: number
            for number, gap in reversed(list(enumerate(self.gaps or ())))
            for line in range(gap.line_start, gap.line_end + 1)
        }

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
        declared = _declared(source)
        lines, arcs = lines - declared, frozenset(a for a in arcs if a[0] not in declared)
        later = lines - set(at_import.lines)
        return (later if later or arcs else lines), arcs - set(at_import.branches)


def _declared(source: bytes) -> frozenset[int]:
    """The lines of functions that do nothing of their own."""
    try:
        return empty_lines(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


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


def functions_around(source: bytes, lines: frozenset[int]) -> frozenset[int]:
    """All lines of the innermost functions that these lines lie in."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return lines
    spans = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    around = [min((s for s in spans if n in s), key=len, default=range(n, n + 1)) for n in lines]
    return frozenset(line for span in around for line in span)


async def wanted(options: GenerationOptions) -> tuple[list[Wanted], list[str]]:
    """The targets: those of changed lines before all others, in each the worst first; and notes."""
    path, _, qualname = (options.file or "").partition("::")
    if options.gaps is not None:
        found = Reported(tuple(gap for gap in options.gaps if gap.file_path.endswith(".py")))
    elif options.has_report:
        found = await _reported(options, path)
    else:
        return [Wanted(path, qualname)], []
    if path and not found.knows:
        note = f"No report knows {path}: all of it counts as missed."
        return [Wanted(path, qualname)], [note] if options.gaps is None else []
    gaps = [gap for gap in found.gaps if path in ("", gap.file_path)]
    targets = list(_by_file(gaps, qualname))
    if path:
        return targets or [Wanted(path, qualname, [])], []
    changed = [target for target in targets if target.changed]
    fresh = [
        Wanted(new, changed=True, places=[len(gaps) + n] * 3) for n, new in enumerate(found.fresh)
    ]
    others = [target for target in targets if not target.changed]
    notes = [] if gaps or fresh else ["No Python file has a gap."]
    if fresh:
        notes.append(f"No report knows {', '.join(found.fresh)}: all of it counts as missed.")
    kept = [*(changed + fresh)[:TARGETS], *others[:TARGETS]]
    files = {target.target for target in (*targets, *fresh)}
    if left := len(files - {target.target for target in kept}):
        notes.append(
            f"{left} of {len(files)} files with gaps were not tried: the worst were taken."
        )
    return kept, notes


def _by_file(gaps: list[Gap], qualname: str) -> Iterator[Wanted]:
    """The gaps of each file, those in changed lines and the others apart."""
    targets: dict[tuple[bool, str], Wanted] = {}
    for place, gap in enumerate(gaps):
        key = gap.in_diff, gap.file_path
        new = Wanted(gap.file_path, qualname, [], changed=gap.in_diff, places=[])
        target = targets.setdefault(key, new)
        assert target.gaps is not None
        target.gaps.append(gap)
        target.places.append(place)
    yield from sorted(targets.values(), key=lambda target: not target.changed)


@dataclass(frozen=True)
class Reported:
    """What a report says: its gaps, whether it has the file that was asked for, and which changed
    files it lacks."""

    gaps: tuple[Gap, ...]
    knows: bool = True
    fresh: tuple[str, ...] = ()


async def _reported(options: GenerationOptions, path: str) -> Reported:
    """The gaps of Python files, in the order of the analysis: the worst first."""
    checkout = defaults.checkout(options.repo, None)
    below = defaults.below(options.repo)
    context = {
        "all_files": True,
        "include": (_exactly(path),) if path else (),
        "place": options.place,
        "working": below,
        **({"coverage_file": options.coverage_file} if options.coverage_file else {}),
        **({"coverage_data": options.coverage_data} if options.coverage_data else {}),
    }
    task = QETask(task_type="coverage_analysis", context=context)
    gaps: list[Gap] = []
    result: AnalysisComplete | None = None
    agent = CoverageAnalyzerAgent(checkout=checkout)
    async with aclosing(agent.analyze_coverage_streaming(task)) as events:
        async for event in events:
            if isinstance(event, GapFound) and event.gap.file_path.endswith(".py"):
                gaps.append(event.gap)
            elif isinstance(event, AnalyzerError):
                raise UsageError(event.message, hint=event.hint)
            elif isinstance(event, AnalysisComplete):
                result = event
    assert result is not None, "every stream ends in a complete event"
    if path:
        return Reported(tuple(gaps), knows=result.total_files > 0)
    change = await checkout.change()
    added = [p for p, c in (change.diff.files if change.diff else {}).items() if c.added]
    return Reported(tuple(gaps), fresh=unreported(added, [file.path for file in result.files]))


def _exactly(path: str) -> str:
    """A glob that this path alone matches."""
    return "/" + "".join(f"\\{char}" if char in "*?[]!#\\ " else char for char in path)


def unreported(changed: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The changed Python files that a report lacks beside those that it has.

    Where it has none of a folder or of those around it, it is not about them: scripts, examples.
    """
    known = set(known)
    folders = {str(parent) for path in known for parent in PurePosixPath(path).parents} - {"."}
    folders |= {str(PurePosixPath(path).parent) for path in known}
    return tuple(
        path
        for path in sorted(changed)
        if path.endswith(".py")
        and path not in known
        and str(PurePosixPath(path).parent) in folders
        and not is_test_file(path)
        and PurePosixPath(path).name not in ("conftest.py", "setup.py", "__init__.py")
    )
