"""Guesses: which file a path means that names none from any known place.

Files are compared with a path from their ends. The file with the longest end in common is
meant, if it is the only one and nothing speaks against it. Where the rest of a report shows what
another machine's folders are in the repository, that settles what the ends leave open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from qe_action.analysis.libraries import library_root
from qe_action.analysis.path_bases import Bases
from qe_action.analysis.path_narrowing import Excluded, Key, Named, by_group, near, tell_apart
from qe_action.analysis.path_rules import Rule, agree, outvoted
from qe_action.analysis.paths import Parts, SplitPath

JVM = (".java", ".kt", ".kts", ".scala", ".groovy")
"""Languages whose reports name files from their package on, so that one report has many roots."""
OPEN = 50
"""Files that a path fits, beyond which it says nothing of where others are."""
RULES = 10
"""How many rules of one report, those of most paths, are weighed."""
SUPPORT = 2
"""Paths that have to follow a rule before it settles anything for others."""
ELSEWHERE = 300_000
"""Paths elsewhere that are looked at; a file has one, or one a source."""
MAX_ELSEWHERE = 32 << 20
"""Bytes of all these paths together."""


class Guess(NamedTuple):
    """The files that have the longest end in common with a path's `form`, of `length` components.

    `whole` says that all that the report gives of a relative path is part of that end, `rooted`
    that the form is an absolute path.
    """

    form: Parts
    length: int
    files: tuple[str, ...]
    whole: bool
    rooted: bool

    def rule(self, file: str) -> Rule:
        return Rule(self.form[: -self.length], tuple(file.split("/"))[: -self.length])


def guesses(bases: Bases, named: Named, *, sourced: bool) -> Guess | None:
    """The best guess for a path; None where no file's end is alike enough.

    For a relative path `sourced` asks for one that the report's sources speak for: their ends
    have to be part of it.
    """
    path, index = named.path, bases.tree.index
    forms = [form for form in bases.forms(path) if not library_root(form, absolute=True)]
    if not path.absolute and not sourced and not path.up:
        forms.append(path.parts)
    best: tuple[int, list[str]] = (0, [])
    of_best: Parts = ()
    for form in forms:
        found = index.longest_end(form)
        if found[0] > best[0]:
            best, of_best = found, form
    length, files = best
    whole = not path.absolute and length >= len(path.parts)
    if length < _least(path, sourced=sourced):
        return None
    if length == 1 and not _is_enough(path, files, whole=whole):
        return None
    rooted = path.absolute or len(of_best) > len(path.parts)
    return Guess(of_best, length, tuple(files), whole, rooted)


def _least(path: SplitPath, *, sourced: bool) -> int:
    if path.absolute:
        return 1
    if sourced:
        return len(path.parts) + 1
    return 1 if path.parts[-1].endswith((".kt", ".kts")) else min(2, len(path.parts))


def _is_enough(path: SplitPath, files: list[str], *, whole: bool) -> bool:
    """Whether a bare name tells anything: it is all that the report gives, or it is there once.

    Of an absolute path the file has to lie in the top folder. Kotlin leaves folders out that
    all of a project's packages have in common.
    """
    once = len(files) == 1
    return whole or (once and ("/" not in files[0] or path.parts[-1].endswith((".kt", ".kts"))))


class Verdict(NamedTuple):
    """The files that a path can mean; a single one is meant only where that is `sure`.

    `rule` is the one that leads to a single file, where it is known already.
    """

    files: tuple[str, ...]
    sure: bool = True
    rule: Rule | None = None


class Jury:
    """Weighs the guesses for the paths of one report against each other.

    `settled` are the files that the report names without a guess, `elsewhere` all its paths
    that lie elsewhere. `placed` says that some of its paths have their files, `based` that it is
    known where its relative paths start.
    """

    def __init__(
        self,
        bases: Bases,
        excluded: Excluded,
        settled: Collection[str],
        elsewhere: Iterable[Parts],
        *,
        placed: bool = False,
        based: bool = False,
    ) -> None:
        self._bases = bases
        self._excluded = excluded
        self._settled = settled
        self._placed = placed or bool(settled)
        self._based = based
        self._elsewhere = list(islice(_some(elsewhere), ELSEWHERE))
        self._home: Parts = ()
        self._lone: dict[Parts, set[Rule]] = {}
        self._rivals: set[Rule] = set()
        self._sound: list[Rule] = []
        self._open: Counter[frozenset[Rule]] = Counter()
        self._votes: Counter[Rule] = Counter()
        self._siblings: Counter[str] = Counter()  # by the folder

    def judge(self, found: Mapping[Key, Guess], named: Mapping[Key, Named]) -> dict[Key, Verdict]:
        """What each path can mean."""
        self._home = self._find_home([guess.files for guess in found.values()])
        narrowed = {key: self._narrow(guess, named[key]) for key, guess in found.items()}
        own = {
            key: found[key].rule(files[0])
            for key, (files, _, _) in narrowed.items()
            if len(files) == 1
        }
        self._open = Counter(
            frozenset(map(found[key].rule, files))
            for key, (files, _, _) in narrowed.items()
            if 1 < len(files) <= OPEN and found[key].rooted
        )
        votes = self._votes = Counter(own.values())
        self._siblings = Counter(path.rpartition("/")[0] for path in self._elsewhere)
        rules = [rule for rule, count in votes.most_common(RULES) if count >= SUPPORT]
        bare = {rule for key, rule in own.items() if found[key].length == 1}
        self._rivals = outvoted(votes, bare)
        self._sound = [
            rule
            for rule in rules
            if rule not in self._rivals
            and self._explains(rule)
            and self._against(rule) < votes[rule]
        ]
        self._lone.clear()
        for rule in votes.keys() - set(self._sound):
            self._lone.setdefault(rule.prefix, set()).add(rule)
        return {
            key: self._verdict(found[key], verdict, named[key], own.get(key))
            for key, verdict in narrowed.items()
        }

    def _find_home(self, guessed: Collection[tuple[str, ...]]) -> Parts:
        """The folder closest to the report that has files for at least half of its paths."""
        for folder in self._bases.above(self._bases.place):
            if not folder:
                break
            start = "".join(f"{part}/" for part in folder)
            here = sum(any(file.startswith(start) for file in files) for files in guessed)
            if 2 * here >= len(guessed):
                return folder
        return ()

    def _narrow(self, guess: Guess, named: Named) -> Verdict:
        files = guess.files
        if named.group:
            files = by_group(self._bases.tree.index, files, named.group)
        at_home = files
        if self._home:
            start = "".join(f"{part}/" for part in self._home)
            at_home = tuple(file for file in files if file.startswith(start))
        if files and not at_home:
            return Verdict(files, sure=False)
        return Verdict(near(at_home, self._bases) if len(at_home) > 1 else at_home)

    def _explains(self, rule: Rule) -> bool:
        """Whether at least half of what the report has below the rule's folder is tracked."""
        if not rule.prefix:
            return True
        index, prefix = self._bases.tree.index, "/".join(rule.prefix)
        folder = "".join(f"{part}/" for part in rule.folder)
        start = len(prefix) + 1
        here = tracked = 0
        for path in self._elsewhere:
            if path.startswith(prefix) and path[start - 1 : start] in ("", "/"):
                here += 1
                tracked += folder + path[start:] in index
        return 2 * tracked >= here

    def _verdict(self, guess: Guess, verdict: Verdict, named: Named, own: Rule | None) -> Verdict:
        """`own` is the rule of the one file that is left, None where there is none or several."""
        files, sure, _ = verdict
        if self._based and not guess.rooted and not guess.form[-1].endswith(JVM):
            return Verdict(() if set(files) <= set(self._settled) else files, sure=False)
        if own is not None and sure and own in self._sound:
            return Verdict(() if files[0] in self._settled else files, rule=own)
        ruled = self._ruled(guess)
        free = guess.whole and guess.form[-1].endswith(JVM)
        if own is not None and sure and not free:
            if ruled:
                files = ruled  # what many paths show is more than what the one's end does
            else:
                sure = self._stands_alone(guess, own)
        if len(files) > 1:
            both = tuple(file for file in files if file in ruled)
            files = both if len(both) == 1 else tell_apart(files, named, self._excluded)
        if len(files) == 1 and files[0] in self._settled:
            return Verdict(())
        return Verdict(files, sure)

    def _against(self, rule: Rule) -> int:
        """How many paths that fit several files lead, by each, elsewhere than the rule does."""
        return sum(
            count
            for options, count in self._open.items()
            if rule.prefix and not any(agree(option, rule) for option in options)
        )

    def _ruled(self, guess: Guess) -> tuple[str, ...]:
        """The files that the rules of other paths lead this one to."""
        found = set()
        for rule in self._sound:
            end = len(rule.prefix)
            if guess.form[:end] == rule.prefix:
                found.add(self._bases.tree.index.at(rule.folder + guess.form[end:]))
        return tuple(sorted(file for file in found if file is not None))

    def _stands_alone(self, guess: Guess, own: Rule) -> bool:
        """Whether one path's end is enough: nothing tells of another place of the report."""
        if self._sound or self._placed or own in self._rivals or self._against(own):
            return False
        if guess.length == 1 and 2 * self._votes[own] < self._siblings["/".join(own.prefix)]:
            return False  # a bare name, and most files beside it are not where it would be
        prefixes = (guess.form[:end] for end in range(len(guess.form) + 1))
        return all(self._lone.get(prefix, {own}) == {own} for prefix in prefixes)


def _some(paths: Iterable[Parts]) -> Iterator[str]:
    """Paths as text, as long as there is room for them."""
    room = MAX_ELSEWHERE
    for parts in paths:
        path = "/".join(parts)
        room -= len(path) if path.isascii() else 4 * len(path)
        if room < 0:
            return
        yield path
