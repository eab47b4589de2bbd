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
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from qe_action.analysis.libraries import library_root
from qe_action.analysis.path_bases import Bases, Tree
from qe_action.analysis.path_guesses import (
    Excluded,
    Guess,
    Jury,
    Key,
    Named,
    Rule,
    guesses,
    near,
    tell_apart,
)
from qe_action.analysis.paths import (
    Ambiguous,
    Match,
    Parts,
    PathIndex,
    Resolution,
    SplitPath,
    Unmatched,
    join,
    split_path,
)

HINTS = 3
LINES = 2_000
"""How many lines of a path that may change its meaning are kept, to tell files apart."""
WITH_LINES = 2_000
"""Of how many paths lines are kept, of those with a file so far and of those without each."""


class Answer(NamedTuple):
    """What a path means. `rule` is what was used where another machine's folder is meant."""

    resolution: Resolution
    rule: Rule | None = None


@dataclass(slots=True)
class _Evidence:
    package: str
    lines: array[int]


@dataclass(slots=True)
class _Report:
    """What one report named: `open` are the paths that others can still change the meaning of.

    `hints` are what led paths to their files so far, the latest first.
    """

    bases: Bases
    answers: dict[Key, Answer] = field(default_factory=dict)
    open: dict[Key, _Evidence] = field(default_factory=dict)
    hints: list[Rule] = field(default_factory=list)


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
                    known.open.setdefault(key, _Evidence("", array("I")))
        self._report = known
        self.report = report

    def resolve(
        self, path: str, *, group: str = "", package: str = "", lines: Iterable[int] = ()
    ) -> Resolution:
        """The repository path of a path of the report; never one outside the repository."""
        key = (path, group)
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
                key: Named(split_path(key[0]), key[1], evidence.package, tuple(evidence.lines))
                for key, evidence in report.open.items()
            }
            closed = (
                answer.resolution.path
                for key, answer in report.answers.items()
                if key not in named and isinstance(answer.resolution, Match)
            )
            for key, answer in _Weighing(
                report.bases, named, set(closed), self._excluded
            ).answers():
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

    def answers(self) -> Iterator[tuple[str, str, Answer]]:
        """All paths so far with their groups and meanings, report by report."""
        for report in self._reports.values():
            for (path, group), answer in report.answers.items():
                yield path, group, answer

    def _first(self, key: Key, package: str, lines: Iterable[int]) -> Answer:
        path = split_path(key[0])
        if not path.parts:
            return Answer(Unmatched())
        report = self._report
        if not self.tree.known:
            return Answer(_unchecked(path, report.bases))
        named = Named(path, key[1], package)
        answer = _plain(report.bases, named)
        if answer is not None:
            return answer
        kept = array("I")
        answer = self._by_hints(path)
        if answer is None:
            weighing = _Weighing(report.bases, {key: named}, set(), self._excluded)
            answer = next(weighing.answers())[1]
            if isinstance(answer.resolution, Match):
                hint = answer.rule or _rule_between(path.parts, answer.resolution.path)
                report.hints = [hint, *report.hints[: HINTS - 1]]
        matched = isinstance(answer.resolution, Match)
        if self._with_lines[matched] < WITH_LINES:
            self._with_lines[matched] += 1
            kept.extend(sorted(line for line in lines if line < 1 << 31)[-LINES:])
        report.open[key] = _Evidence(package, kept)
        return answer

    def _by_hints(self, path: SplitPath) -> Answer | None:
        """By what led others of this report to their files: quick, and weighed in the end."""
        report = self._report
        if not report.hints or path.up:
            return None
        for form in (*report.bases.forms(path), path.parts):
            for hint in report.hints:
                end = len(hint.prefix)
                if form[:end] == hint.prefix:
                    found = self.tree.index.at(hint.folder + form[end:])
                    if found is not None:
                        return Answer(Match(found), rule=hint)
        return None


def _plain(bases: Bases, named: Named) -> Answer | None:
    """The answer that nothing else in the report can change."""
    path, tree = named.path, bases.tree
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


class _Weighing:
    """One report's open paths, settled step by step. `settled` grows with what is certain."""

    def __init__(
        self, bases: Bases, named: Mapping[Key, Named], settled: set[str], excluded: Excluded
    ) -> None:
        self._bases = bases
        self._tree = bases.tree
        self._left = dict(named)
        self._settled = settled
        self._excluded = excluded
        self._answers: dict[Key, Answer] = {}
        self._inside = {
            key: self._tree.inside(each.path) for key, each in named.items() if each.path.absolute
        }
        self._absolute = [
            named[key].path.parts for key, inside in self._inside.items() if inside is None
        ]

    def answers(self) -> Iterator[tuple[Key, Answer]]:
        """The meaning of each path."""
        sourced = bool(self._bases.inside and self._settled)
        sourced = self._told() or sourced
        sourced = self._below_sources() or sourced
        sourced = self._anchored(bare=False) or sourced
        sourced = self._guessed(sourced=True) or sourced
        if not (sourced or self._bases.outside):
            self._anchored(bare=True)
        self._installed()
        self._guessed(sourced=False)
        self._last_resorts()
        yield from self._answers.items()

    def _answer(
        self, key: Key, files: Iterable[str], rule: Rule | None = None, *, sure: bool = True
    ) -> None:
        """Settle a path by the files it can mean, without a guess.

        A single one is meant only where that is `sure`, or the lines exclude all others.
        """
        found = tuple(sorted(files))
        if len(found) > 1:
            found = tuple(sorted(tell_apart(found, self._left[key], self._excluded)))
            sure = True
        del self._left[key]
        if len(found) == 1 and sure:
            self._settled.add(found[0])
            self._answers[key] = Answer(Match(found[0]), rule=rule)
        else:
            self._answers[key] = Answer(Ambiguous(found) if found else Unmatched())

    def _told(self) -> bool:
        """By its place in the workspace, by the user's source roots, by the aliases.

        Relative paths are shortened from their beginning only where none is tracked below the
        roots as it stands. Whether one is.
        """
        tree, bases = self._tree, self._bases
        rooted = bool(tree.roots) and any(
            bases.under_roots(each.path, whole=True)
            for each in self._left.values()
            if not each.path.absolute
        )
        for key, named in list(self._left.items()):
            if found := tree.index.at(self._inside.get(key)):
                self._answer(key, [found])
            elif tree.roots and (
                files := bases.under_roots(named.path, whole=rooted and not named.path.absolute)
            ):
                self._answer(key, near(tuple(sorted(files)), bases))
            elif tree.aliases and (alias := self._by_alias(named.path)):
                file, form = alias
                self._answer(key, [file], _rule_between(form, file))
        return rooted

    def _by_alias(self, path: SplitPath) -> tuple[str, Parts] | None:
        """The file that the settings' aliases lead to, and from which form of the path."""
        aliases = self._tree.aliases
        inside = [join(source, path) for source in self._bases.inside if not path.absolute]
        for form in (*self._bases.forms(path), self._tree.inside(path), *inside):
            if form and (file := aliases.tracked(form, self._tree.index)):
                return file, form
        return None

    def _below_sources(self) -> bool:
        """Relative paths below the sources in the workspace; whether any was found there."""
        found = {
            key: files
            for key, named in self._left.items()
            if not named.path.absolute and (files := self._bases.under_sources(named.path))
        }
        for key, files in found.items():
            self._answer(key, files)
        return bool(found)

    def _anchored(self, *, bare: bool) -> bool:
        """Relative paths from the one folder where most are tracked, else the deepest of them.

        A file's place is known then: those that are not tracked there are not looked for at
        another. Whether any was found.
        """
        if not bare and not self._bases.relative:
            return False
        relative = {key: each for key, each in self._left.items() if not each.path.absolute}
        readings: list[tuple[int, dict[Key, set[str]]]] = []
        for anchor in self._bases.anchors:
            found = {
                key: files
                for key, named in relative.items()
                if (files := self._bases.from_anchor(anchor, named.path, bare=bare))
            }
            if found:
                readings.append((len(anchor), found))
        if not readings:
            return False
        depth, best = max(readings, key=lambda reading: (len(reading[1]), reading[0]))
        rivals = [
            found
            for deep, found in readings
            if found is not best and deep >= depth and 2 * len(found) >= len(best)
        ]
        for key in dict.fromkeys(key for found in (best, *rivals) for key in found):
            each = [found.get(key, set()) for found in (best, *rivals)]
            agreed = all(files == each[0] for files in each)
            self._answer(key, set().union(*each), sure=agreed)
        return True

    def _installed(self) -> None:
        """What is left of installed software is no file of the repository."""
        for key, named in list(self._left.items()):
            path = named.path
            inside = self._inside.get(key) is not None
            below = self._bases.installed and not path.absolute
            if below or library_root(path.parts, absolute=path.absolute and not inside):
                del self._left[key]
                self._answers[key] = Answer(Unmatched(library=True))

    def _guessed(self, *, sourced: bool) -> bool:
        """By the longest end in common; whether any path was settled so."""
        found: dict[Key, Guess] = {}
        if sourced and not self._bases.outside:
            return False
        for key, named in self._left.items():
            if self._inside.get(key) is not None or (sourced and named.path.absolute):
                continue
            if guess := guesses(self._bases, named, sourced=sourced):
                found[key] = guess
        placed = any(isinstance(each.resolution, Match) for each in self._answers.values())
        jury = Jury(self._bases, self._excluded, self._settled, self._forms(), placed=placed)
        settled: dict[str, list[Key]] = defaultdict(list)
        for key, (files, sure) in jury.judge(found, self._left).items():
            if len(files) == 1 and sure:
                settled[files[0]].append(key)
            elif files:
                del self._left[key]
                self._answers[key] = Answer(Ambiguous(tuple(sorted(files))))
        for file, keys in settled.items():
            self._enter_guess(file, keys, found)
        return bool(settled)

    def _enter_guess(self, file: str, keys: list[Key], found: Mapping[Key, Guess]) -> None:
        """A file is one path's: paths that differ are different files, also those of groups."""
        for key in keys:
            del self._left[key]
            if len(keys) == 1:
                rule = found[key].rule(file)
                self._answers[key] = Answer(Match(file), rule=rule)
            else:
                self._answers[key] = Answer(Ambiguous((file,)))

    def _forms(self) -> list[Parts]:
        """All paths elsewhere, absolute or below the sources there."""
        relative = [each for each in self._left.values() if not each.path.absolute]
        joined = (form for each in relative for form in self._bases.forms(each.path))
        return [*self._absolute, *joined]

    def _last_resorts(self) -> None:
        """Links and another case, where exactly one file fits that nothing else names."""
        taken = self._settled | {
            answer.resolution.path
            for answer in self._answers.values()
            if isinstance(answer.resolution, Match)
        }
        for key, named in self._left.items():
            fitting = self._by_link(named.path) or self._in_any_case(named.path)
            if len(fitting) == 1 and not fitting & taken:
                self._answers[key] = Answer(Match(*fitting))
            elif len(fitting) > 1:
                self._answers[key] = Answer(Ambiguous(tuple(sorted(fitting))))
            else:
                self._answers[key] = Answer(Unmatched())

    def _by_link(self, path: SplitPath) -> set[str]:
        found = (self._tree.behind_links(reading) for reading in self._bases.readings(path))
        return {file for file in found if file is not None}

    def _in_any_case(self, path: SplitPath) -> set[str]:
        index = self._tree.index
        found = {
            file for reading in self._bases.readings(path) for file in index.in_any_case(reading)
        }
        if not found and self._tree.inside(path) is None:
            for form in self._bases.forms(path):
                found.update(index.ending_in_any_case(form))
        return found


def _rule_between(parts: Parts, file: str) -> Rule:
    """What is left of both without the end that they have in common."""
    folder = tuple(file.split("/"))
    same = 0
    while same < min(len(parts), len(folder)) and parts[-1 - same] == folder[-1 - same]:
        same += 1
    return Rule(parts[: len(parts) - same], folder[: len(folder) - same])
