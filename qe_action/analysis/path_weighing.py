"""One report's paths, weighed as a whole: the order is told in `path_mapper`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from qe_action.analysis.libraries import library_root
from qe_action.analysis.path_bases import Bases
from qe_action.analysis.path_guesses import Guess, Jury, guesses
from qe_action.analysis.path_narrowing import Excluded, Key, Named, in_group, near, tell_apart
from qe_action.analysis.path_rules import INSTALLED, NOWHERE, Answer, Rule, rule_between
from qe_action.analysis.paths import (
    Ambiguous,
    Match,
    Parts,
    SplitPath,
    is_absolute,
    split_path,
)


class Weighing:
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
        self._anchors = bases.anchors  # where relative paths start, as far as that is known
        self._bare = True
        self._based = False
        self._outside = [
            key for key in named if is_absolute(key.path) and self._inside(key) is None
        ]

    def _inside(self, key: Key) -> Parts | None:
        """An absolute path's components below the repository's top; None of all others."""
        return self._tree.inside(split_path(key.path)) if is_absolute(key.path) else None

    def answers(self) -> Iterator[tuple[Key, Answer]]:
        """The meaning of each path."""
        sourced = bool(self._bases.inside and self._settled)
        sourced = self._told() or sourced
        sourced = self._below_sources() or sourced
        sourced = self._anchored(bare=False) or sourced
        sourced = self._guessed(sourced=True) or sourced
        self._based = sourced
        self._bare = not (sourced or self._bases.outside)
        if self._bare:
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
            found = in_group(found, key.group) or found
            found = tuple(sorted(tell_apart(found, self._left[key], self._excluded)))
            sure = True
        del self._left[key]
        if len(found) == 1 and sure:
            self._settled.add(found[0])
            self._answers[key] = Answer(Match(found[0]), rule=rule)
        else:
            self._answers[key] = Answer(Ambiguous(found)) if found else NOWHERE

    def _told(self) -> bool:
        """By its place in the workspace, by the user's source roots, by the aliases.

        Relative paths are shortened from their beginning only where none is tracked below the
        roots as it stands. The result is whether one is.
        """
        tree, bases = self._tree, self._bases
        rooted = bool(tree.roots) and any(
            bases.under_roots(each.path, whole=True)
            for each in self._left.values()
            if not each.path.absolute
        )
        under_roots: dict[Key, tuple[str, ...]] = {}
        for key, named in list(self._left.items()):
            if found := tree.index.at(self._inside(key)):
                self._answer(key, [found])
            elif tree.roots and (
                files := bases.under_roots(named.path, whole=rooted and not named.path.absolute)
            ):
                under_roots[key] = near(tuple(sorted(files)), bases)
            elif tree.aliases and (alias := bases.by_alias(named.path)):
                file, form = alias
                self._answer(key, [file], rule_between(form, file))
        self._below_roots(under_roots)
        return rooted

    def _below_roots(self, found: Mapping[Key, tuple[str, ...]]) -> None:
        """Paths by the user's source roots, where no two of them would share a file.

        Of those that would, the one that is named as it stands has it, or that of the file's
        group. A report that has such a file at its own place may mean that one.
        """
        claims: dict[str, list[Key]] = defaultdict(list)
        for key, files in found.items():
            own = self._bases.at_place(self._left[key].path).difference(files)
            if len(files) > 1 or own:
                self._answer(key, {*files, *own})
            else:
                claims[files[0]].append(key)
        for file, keys in claims.items():
            if self._are_one(keys):
                fitting = keys
            else:
                fitting = [key for key in keys if self._is_whole(key, file)] or keys
                if not self._are_one(fitting):
                    fitting = [key for key in fitting if in_group((file,), key.group)] or fitting
            sure = self._are_one(fitting)
            for key in fitting:
                self._answer(key, [file], sure=sure)

    def _are_one(self, keys: Collection[Key]) -> bool:
        """Whether these are ways to spell one path of one group."""
        return len(keys) == 1 or len({(self._left[key].path, key.group) for key in keys}) == 1

    def _is_whole(self, key: Key, file: str) -> bool:
        """Whether a path is the file's below one of the user's source roots, as it stands."""
        path = self._left[key].path
        return not path.absolute and file in self._bases.under_roots(path, whole=True)

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
        readings: list[tuple[Parts, dict[Key, set[str]]]] = []
        for anchor in self._bases.anchors:
            found = {
                key: files
                for key, named in relative.items()
                if (files := self._bases.from_anchor(anchor, named.path, bare=bare))
            }
            if found:
                readings.append((anchor, found))
        if not readings:
            return False
        deepest, best = max(readings, key=lambda reading: (len(reading[1]), len(reading[0])))
        others = [
            (anchor, found)
            for anchor, found in readings
            if found is not best and len(anchor) >= len(deepest) and 2 * len(found) >= len(best)
        ]
        rivals = [found for _, found in others]
        self._anchors = (deepest, *(anchor for anchor, _ in others))
        for key in dict.fromkeys(key for found in (best, *rivals) for key in found):
            each = [found.get(key, set()) for found in (best, *rivals)]
            agreed = all(files == each[0] for files in each)
            self._answer(key, set().union(*each), sure=agreed)
        return True

    def _installed(self) -> None:
        """What is left of installed software is no file of the repository."""
        for key, named in list(self._left.items()):
            path = named.path
            inside = self._inside(key) is not None
            below = self._bases.installed and not path.absolute
            if below or library_root(path.parts, absolute=path.absolute and not inside):
                del self._left[key]
                self._answers[key] = INSTALLED

    def _guessed(self, *, sourced: bool) -> bool:
        """By the longest end in common; whether any path was settled so."""
        found: dict[Key, Guess] = {}
        if sourced and not self._bases.outside:
            return False
        for key, named in self._left.items():
            if self._inside(key) is not None or (sourced and named.path.absolute):
                continue
            if guess := guesses(self._bases, named, sourced=sourced):
                found[key] = guess
        placed = any(isinstance(each.resolution, Match) for each in self._answers.values())
        jury = Jury(
            self._bases,
            self._excluded,
            self._settled,
            self._forms(),
            placed=placed,
            based=self._based,
        )
        settled: dict[str, list[Key]] = defaultdict(list)
        rules: dict[Key, Rule] = {}
        for key, (files, sure, rule) in jury.judge(found, self._left).items():
            if len(files) == 1 and sure:
                settled[files[0]].append(key)
                rules[key] = rule or found[key].rule(files[0])
            elif files:
                del self._left[key]
                self._answers[key] = Answer(Ambiguous(tuple(sorted(files))))
        for file, keys in settled.items():
            self._enter_guess(file, keys, rules)
        return bool(settled)

    def _enter_guess(self, file: str, keys: list[Key], rules: Mapping[Key, Rule]) -> None:
        """A file is one path's: paths that differ are different files, also those of groups."""
        one = self._are_one(keys)
        for key in keys:
            del self._left[key]
            if one:
                self._answers[key] = Answer(Match(file), rule=rules[key])
            else:
                self._answers[key] = Answer(Ambiguous((file,)))

    def _forms(self) -> Iterator[Parts]:
        """All paths elsewhere, absolute or below the sources there."""
        for key in self._outside:
            yield split_path(key.path).parts
        for key, named in self._left.items():
            if not is_absolute(key.path):
                yield from self._bases.forms(named.path)

    def _last_resorts(self) -> None:
        """Links and another case, where exactly one file fits that nothing else names.

        Where the end alone is alike, paths that differ in more than case are different files.
        """
        self._take((key, self._in_any_spelling(named.path)) for key, named in self._left.items())
        guessed: dict[Key, set[str]] = {}
        rivals: dict[str, set[Key]] = defaultdict(set)
        for key, named in self._left.items():
            files = self._bases.ending_in_any_case(named.path)
            if files:
                guessed[key] = files
            for file in files:
                rivals[file].add(Key(key.path.casefold(), key.group))
        shared = [(key, files) for key, files in guessed.items() if len(files) == 1]
        for key, files in shared:
            if any(len(rivals[file]) > 1 for file in files):
                self._answers[key] = Answer(Ambiguous(tuple(files)))
                del self._left[key]
        self._take((key, files) for key, files in guessed.items() if key in self._left)
        self._answers.update(dict.fromkeys(self._left, NOWHERE))

    def _take(self, found: Iterable[tuple[Key, set[str]]]) -> None:
        """Settle paths that fit one file alone which none named before, or several."""
        taken = self._settled | {
            answer.resolution.path
            for answer in self._answers.values()
            if isinstance(answer.resolution, Match)
        }
        for key, files in [each for each in found if each[1]]:  # most have none
            if len(files) == 1 and not files & taken:
                self._answers[key] = Answer(Match(*files))
            elif len(files) > 1:
                self._answers[key] = Answer(Ambiguous(tuple(sorted(files))))
            else:
                continue
            del self._left[key]

    def _in_any_spelling(self, path: SplitPath) -> set[str]:
        """The files through links, or else those in another case, from where paths can start."""
        readings = list(self._bases.readings(path, self._anchors, bare=self._bare))
        return self._tree.by_links(readings) or self._tree.in_any_case(readings)
