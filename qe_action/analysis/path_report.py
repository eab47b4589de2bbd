"""How many of the reports' paths are files of the repository, and what to do about the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.path_rules import Rule
from qe_action.analysis.paths import Ambiguous, Match, Parts, Resolution, Unmatched, split_path
from qe_action.place import Place, setting

EXAMPLES = 20
"""Paths of each kind that are kept to name."""
SHOWN = 200
"""Characters of a path that a sentence shows."""
TRIED = 2_000
"""Paths on which a source root is tried before it is named."""
RULES = 3
"""Of how many folders of other machines it is said what they were taken as."""


@dataclass(slots=True)
class PathReport:
    """What became of the paths of all reports, each counted once.

    `unsettled` are those that are no known file: they could be a file of the repository that
    goes by another path.
    """

    matched: set[str] = field(default_factory=set)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unmatched: dict[str, None] = field(default_factory=dict)
    libraries: dict[str, None] = field(default_factory=dict)
    rules: Counter[Rule] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return len(self.matched) + len(self.ambiguous) + len(self.unmatched) + len(self.libraries)

    def _record(self, path: str, found: Resolution) -> None:
        match found:
            case Match():
                self.matched.add(found.path)
            case Ambiguous(candidates):
                self.ambiguous[path] = candidates
            case Unmatched(library=True):
                self.libraries[path] = None
            case Unmatched():
                self.unmatched[path] = None


def report_of(mapper: PathMapper, counts: Callable[[str], bool] = lambda _: True) -> PathReport:
    """What became of all paths so far; those that `counts` refuses, by their name, are left out."""
    report = PathReport()
    for path, (found, rule) in mapper.answers():
        if not counts(found.path if isinstance(found, Match) else path):
            continue
        report._record(path, found)
        if rule is not None and rule.prefix != rule.folder and isinstance(found, Match):
            report.rules[rule] += 1
    return report


def could_be_changed(
    report: PathReport, tree: Tree, changed: Collection[str], measured: Collection[str]
) -> tuple[str, str] | None:
    """A path of the report that could be a changed file, and that file; None where none could.

    An ambiguous path could be each of the files that it fits. One that fits none could be a
    file of the same name that no report has.
    """
    for path, candidates in report.ambiguous.items():
        for file in candidates:
            if file in changed:
                return path, file
    names: dict[str, str] = {}
    for file in sorted(set(changed) - set(measured)):
        names.setdefault(file.rpartition("/")[2].casefold(), file)
    for path in report.unmatched if names else ():
        split = split_path(path)
        known = split.absolute and tree.inside(split) is not None
        if split.parts and not known and (file := names.get(split.parts[-1].casefold(), "")):
            return path, file
    return None


@dataclass(frozen=True, slots=True)
class Guess:
    """A source root that would bring `report_path` to the tracked `repository_path`."""

    report_path: str
    repository_path: str
    source_root: str


def guess_root(report: PathReport, mapper: PathMapper) -> Guess | None:
    """The source root that brings most of the unmatched paths to a file; None where none does.

    It has to be spoken for by two components of a path or by most of all paths, and to
    contradict no path that has its file, nor lead another path there.
    """
    if not mapper.tree.known:
        return None
    unmatched = list(report.unmatched)[:TRIED]
    guesses = [guess for path in unmatched if (guess := _guess(path, mapper.tree)) is not None]
    votes = Counter(guess.source_root for guess, _ in guesses)
    for root, count in votes.most_common(EXAMPLES):
        length = max(length for guess, length in guesses if guess.source_root == root)
        if (length >= 2 or 2 * count > report.total) and _helps(root, report, mapper):
            return next(guess for guess, _ in guesses if guess.source_root == root)
    return None


def _guess(report_path: str, tree: Tree) -> tuple[Guess, int] | None:
    """The root of the one file that ends as the path does, and how many components do."""
    parts = split_path(report_path).parts
    length, candidates = tree.index.longest_end(parts)
    if len(candidates) != 1:
        return None
    root = "/".join(candidates[0].split("/")[:-length]) or "."
    return Guess(report_path, candidates[0], root), length


def _helps(root: str, report: PathReport, mapper: PathMapper) -> bool:
    """Whether more paths have a file of their own with this source root, and none has another."""
    tree = mapper.tree
    tried = PathMapper(replace(tree, roots=(*tree.roots, split_path(root).parts)))
    results = map(tried.resolve, list(report.unmatched)[:TRIED])
    more = [found.path for found in results if isinstance(found, Match)]
    known = [(path, found) for path, (found, _) in mapper.answers()][:TRIED]
    same = all(
        tried.resolve(path) in (found, Unmatched())
        for path, found in known
        if isinstance(found, Match)
    )
    alone = len(set(more)) == len(more) and report.matched.isdisjoint(more)
    return bool(more) and same and alone


def diagnose(report: PathReport, mapper: PathMapper, place: Place = "workflow") -> tuple[str, ...]:
    """Plain sentences on the paths that did not match one file, and on those of libraries."""
    return tuple(_sentences(report, mapper, place)) if mapper.tree.known else ()


def _sentences(report: PathReport, mapper: PathMapper, place: Place) -> Iterator[str]:
    if report.unmatched:
        yield (
            f"{len(report.matched)} of {report.total} report paths match the repository; "
            + _unmatched(report, mapper, place)
        )
    if report.libraries:
        number, path = len(report.libraries), next(iter(report.libraries))
        files = "1 file" if number == 1 else f"{number} files"
        yield (
            f"{files} of installed packages count in the totals, such as {printable(path)}: "
            f"{setting(place, 'exclude')} leaves them out"
        )
    if report.ambiguous:
        path, candidates = next(iter(report.ambiguous.items()))
        named = " or ".join(printable(candidate) for candidate in candidates[:3])
        more = f" or {len(candidates) - 3} more" if len(candidates) > 3 else ""
        yield (
            f"{len(report.ambiguous)} of {report.total} report paths fit several files or share "
            f"one: {printable(path)} can be {named}{more}; "
            f"set {setting(place, 'source-root')} to the folder that the report's paths start from"
        )


def used(report: PathReport) -> Iterator[str]:
    """Sentences on what folders of other machines were taken as, those of most paths first.

    Of a report that does not fit the repository nothing was used, so none of them is to be said.
    """
    for (prefix, folder), count in report.rules.most_common(RULES):
        paths = "1 path" if count == 1 else f"{count:,} paths"
        where = f" below {printable(_spelled(prefix))}" if prefix else ""
        taken = printable("/".join(folder)) + "/" if folder else "the repository's top"
        yield f"{paths} of the report{where}, taken as {taken}"


def _spelled(prefix: Parts) -> str:
    return "/".join(prefix) if prefix[0].endswith(":") else "/" + "/".join(prefix)


def _unmatched(report: PathReport, mapper: PathMapper, place: Place) -> str:
    guess = guess_root(report, mapper)
    if guess is not None:
        mended = setting(place, "source-root", printable(guess.source_root))
        return (
            f"the report says {printable(guess.report_path)}, the repository has "
            f"{printable(guess.repository_path)}: set {mended}"
        )
    return (
        f"the report says {printable(next(iter(report.unmatched)))}, and no tracked file shows "
        "where that belongs: is the report of another repository, or are the files generated?"
    )


def printable(path: str) -> str:
    """A path for a sentence: one line, no control characters, not endless."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in path[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else clean[:SHOWN] + "…"
