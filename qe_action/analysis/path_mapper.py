"""From a report's paths to the repository's, by evidence alone.

The order, for each report as a whole:

1. an absolute path in a workspace names its file there, or none;
2. the user's source roots, then the aliases of coverage.py's settings;
3. a relative path below a source in a workspace, then below relative sources, read from the
   working directory, the report's folder and those above it: from where most are tracked;
4. the longest end in common with a tracked file, where the report's sources speak for it;
5. relative paths without sources, if none served and none lies elsewhere, from those folders;
6. the longest end in common with a tracked file;
7. through tracked links, and without regard to case, where exactly one file fits.

What two files fit equally well is ambiguous, unless the lines of one of them exclude it. No
guess (4, 6, 7) adds to a file that another path of the report names without one.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from qe_action.analysis.path_bases import Bases, Tree
from qe_action.analysis.path_narrowing import Excluded, Key, Named
from qe_action.analysis.path_rules import Answer, Rule, rule_between
from qe_action.analysis.path_weighing import Weighing
from qe_action.analysis.paths import (
    Match,
    Parts,
    PathIndex,
    Resolution,
    SplitPath,
    Unmatched,
    is_absolute,
    join,
    split_path,
)

HINTS = 3
"""How many of a report's latest hints are tried on its next path."""
LINES = 2_000
"""How many lines of a path that may change its meaning are kept, to tell files apart."""
WITH_LINES = 2_000
"""How many paths with a file so far have their lines kept, and how many without one."""


@dataclass(slots=True)
class _Evidence:
    package: str
    lines: Sequence[int] = ()


@dataclass(slots=True)
class _Report:
    """What one report named: `open` are the paths that others can still change the meaning of.

    `hints` are what led paths to their files so far, the latest first; `in_any_case` is the latest
    of those to files in another case, with all letters small.
    """

    bases: Bases
    answers: dict[Key, Answer] = field(default_factory=dict)
    open: dict[Key, _Evidence] = field(default_factory=dict)
    hints: list[Rule] = field(default_factory=list)
    in_any_case: Rule | None = None
    _bare: _Evidence = field(default_factory=lambda: _Evidence(""))

    def evidence(self, package: str, lines: Sequence[int] = ()) -> _Evidence:
        """What tells of a path beside its name; one for all without lines of a package."""
        if lines:
            return _Evidence(package, lines)
        if self._bare.package != package:
            self._bare = _Evidence(package)
        return self._bare


class PathMapper:
    """Finds the repository path of each path of some reports, read one after the other.

    An answer while a report is read is the best so far; `settle` weighs the whole report.
    Where the tree's files are not known (no git repository) the tidy relative path is the
    answer, and nothing can be checked. `excluded(file, lines)` tells whether a file can't have
    these lines.
    """

    def __init__(self, tree: Tree, *, excluded: Excluded = lambda _file, _lines: False) -> None:
        self.tree = tree
        self._excluded = excluded
        self._reports: dict[Hashable, _Report] = {}
        self._with_lines: Counter[bool] = Counter()
        self._report = _Report(Bases(tree, None, ()))
        self.report: Hashable = 0

    def begin(
        self, report: Hashable = 0, *, place: str | None = None, sources: Iterable[str] = ()
    ) -> None:
        """Go on with a report, whose folder is `place` and whose sources so far are these.

        Sources may come after the first paths: then these are weighed anew by `settle`.
        """
        sources = tuple(sources)
        known = self._reports.get(report)
        if known is None or known.bases.sources != sources:
            inside = self.tree.inside(split_path(place)) if place is not None else None
            bases = Bases(self.tree, inside, sources)
            if known is None:
                known = self._reports[report] = _Report(bases)
            else:
                known.bases = bases
                for key in known.answers:
                    known.open.setdefault(key, known.evidence(key.package))
        self._report = known
        self.report = report

    def resolve(
        self, path: str, *, group: str = "", package: str = "", lines: Iterable[int] = ()
    ) -> Resolution:
        """The repository path of a path of the report; never one outside the repository."""
        key = Key(path, group, "" if is_absolute(path) else package)
        if not self._reports:
            self.begin()
        known = self._report.answers.get(key)
        if known is None:
            known = self._first(key, package, lines)
            self._report.answers[key] = known
        return known.resolution

    def settle(self, *only: Hashable) -> bool:
        """Weigh what every report, or each of some, named as a whole.

        Whether any path has another meaning now.
        """
        changed = False
        for report in [self._reports[each] for each in only] or self._reports.values():
            named = {
                key: Named(key.path, key.group, evidence.package, evidence.lines)
                for key, evidence in report.open.items()
            }
            closed = (
                answer.resolution.path
                for key, answer in report.answers.items()
                if key not in named and isinstance(answer.resolution, Match)
            )
            for key, answer in Weighing(report.bases, named, set(closed), self._excluded).answers():
                changed = changed or answer.resolution != report.answers[key].resolution
                report.answers[key] = answer
        return changed

    @property
    def index(self) -> PathIndex | None:
        """The repository's files; None where they are not known."""
        return self.tree.index if self.tree.known else None

    @property
    def bases(self) -> Bases:
        """Where the relative paths of the report that is being read can start."""
        return self._report.bases

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """All paths so far with their meanings, report by report."""
        for report in self._reports.values():
            for key, answer in report.answers.items():
                yield key.path, answer

    def _first(self, key: Key, package: str, lines: Iterable[int]) -> Answer:
        path = split_path(key.path)
        if not path.parts:
            return Answer(Unmatched())
        report = self._report
        if not self.tree.known:
            return Answer(_unchecked(path, report.bases))
        named = Named(key.path, key.group, package)
        answer = _plain(report.bases, path)
        if answer is not None:
            return answer
        kept: Sequence[int] = ()
        answer = self._by_hints(path)
        if answer is None:
            weighing = Weighing(report.bases, {key: named}, set(), self._excluded)
            answer = next(weighing.answers())[1]
            if isinstance(answer.resolution, Match):
                hint = answer.rule or rule_between(path.parts, answer.resolution.path)
                if hint.prefix == path.parts:
                    report.in_any_case = rule_between(
                        _folded(path.parts), answer.resolution.path.casefold()
                    )
                else:
                    report.hints = [hint, *report.hints[: HINTS - 1]]
        matched = isinstance(answer.resolution, Match)
        if self._with_lines[matched] < WITH_LINES:
            self._with_lines[matched] += 1
            kept = array("I", sorted(line for line in lines if line < 1 << 31)[-LINES:])
        report.open[key] = report.evidence(package, kept)
        return answer

    def _by_hints(self, path: SplitPath) -> Answer | None:
        """By what led others of this report to their files: quick, and weighed in the end."""
        report = self._report
        if path.up:
            return None
        for form in (*report.bases.forms(path), path.parts) if report.hints else ():
            for hint in report.hints:
                end = len(hint.prefix)
                if form[:end] == hint.prefix:
                    found = self.tree.index.at(hint.folder + form[end:])
                    if found is not None:
                        return Answer(Match(found), rule=hint)
        if (folded := report.in_any_case) is None:
            return None
        form, end = _folded(path.parts), len(folded.prefix)
        files = self.tree.index.in_any_case(folded.folder + form[end:])
        return Answer(Match(files[0])) if form[:end] == folded.prefix and len(files) == 1 else None


def _plain(bases: Bases, path: SplitPath) -> Answer | None:
    """The answer that nothing else in the report can change."""
    tree = bases.tree
    inside = tree.inside(path) if path.absolute else None
    if inside is not None and (found := tree.index.at(inside)):
        return Answer(Match(found))
    if tree.roots or tree.aliases:
        return None
    if not path.absolute and len(bases.inside) == 1 and not bases.relative + bases.outside:
        found = tree.index.at(join(bases.inside[0], path))
        return Answer(Match(found)) if found else None
    if not path.absolute and not bases.sources and bases.anchors == ((),) and not path.up:
        found = tree.index.at(path.parts)
        return Answer(Match(found)) if found else None
    return None


def _folded(parts: Parts) -> Parts:
    return tuple(map(str.casefold, parts))


def _unchecked(path: SplitPath, bases: Bases) -> Resolution:
    tree = bases.tree
    if path.absolute:
        inside = tree.inside(path)
        return Match("/".join(inside)) if inside else Unmatched()
    relative = [start for source in bases.relative if (start := join((), source)) is not None]
    working = (tree.working,) if tree.working else ()
    for root in (*tree.roots, *bases.inside, *working, *relative, ()):
        if joined := join(root, path):
            return Match("/".join(joined))
    return Unmatched()
