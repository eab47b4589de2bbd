"""How many of a report's paths the repository has, and what to do about the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from qe_action.analysis.paths import (
    Ambiguous,
    Match,
    PathIndex,
    PathMapper,
    Resolution,
    Unmatched,
    split_path,
)
from qe_action.place import Place, setting

EXAMPLES = 20
"""Paths of each kind that are kept to name and to guess from."""
SHOWN = 200
"""Characters of a path that a sentence shows."""


@dataclass(slots=True)
class PathReport:
    """Counts what `PathMapper.resolve` gave, with a few examples of what went wrong."""

    matched: int = 0
    ambiguous: int = 0
    unmatched: int = 0
    ambiguous_examples: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unmatched_examples: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.matched + self.ambiguous + self.unmatched

    def record(self, report_path: str, found: Resolution) -> None:
        """Count one path of the report."""
        match found:
            case Match():
                self.matched += 1
            case Ambiguous(candidates):
                self.ambiguous += 1
                if len(self.ambiguous_examples) < EXAMPLES:
                    self.ambiguous_examples.append((report_path, candidates))
            case Unmatched():
                self.unmatched += 1
                if len(self.unmatched_examples) < EXAMPLES:
                    self.unmatched_examples.append(report_path)


@dataclass(frozen=True, slots=True)
class Guess:
    """A source root that would bring `report_path` to the tracked `repository_path`."""

    report_path: str
    repository_path: str
    source_root: str


def guess_root(report: PathReport, mapper: PathMapper) -> Guess | None:
    """The source root that mends most of the unmatched examples; None where none does.

    A root is proposed only if a mapper with it really gives the path it was guessed from.
    """
    if mapper.index is None:
        return None
    guesses = [
        guess
        for path in report.unmatched_examples
        if (guess := _guess(path, mapper.index)) is not None
    ]
    votes = Counter(guess.source_root for guess in guesses)
    guesses.sort(key=lambda guess: -votes[guess.source_root])  # stable: first seen first
    return guesses[0] if guesses else None


def _guess(report_path: str, index: PathIndex) -> Guess | None:
    parts = split_path(report_path).parts
    for start in range(len(parts)):
        tail = parts[start:]
        candidates = index.ending(tail)
        if len(candidates) > 1:
            return None  # shorter tails can only be more ambiguous
        if candidates:
            root = candidates[0][: -len("/".join(tail))].rstrip("/") or "."
            tried = PathMapper(index, source_roots=(root,)).resolve(report_path)
            return (
                Guess(report_path, candidates[0], root) if tried == Match(candidates[0]) else None
            )
    return None


def diagnose(report: PathReport, mapper: PathMapper, place: Place = "workflow") -> tuple[str, ...]:
    """Plain sentences on paths that did not match one file; none where all did."""
    if mapper.index is None or not report.unmatched + report.ambiguous:
        return ()
    sentences = []
    if report.unmatched:
        sentences.append(
            f"{report.matched} of {report.total} report paths match the repository; "
            + _unmatched(report, mapper, place)
        )
    if report.ambiguous:
        path, candidates = report.ambiguous_examples[0]
        named = " or ".join(printable(candidate) for candidate in candidates[:3])
        more = f" or {len(candidates) - 3} more" if len(candidates) > 3 else ""
        sentences.append(
            f"{report.ambiguous} of {report.total} report paths fit several files: "
            f"{printable(path)} can be {named}{more}; "
            f"set {setting(place, 'source-root')} to the folder that the report's paths start from"
        )
    return tuple(sentences)


def _unmatched(report: PathReport, mapper: PathMapper, place: Place) -> str:
    guess = guess_root(report, mapper)
    if guess is not None:
        mended = setting(place, "source-root", printable(guess.source_root))
        return (
            f"the report says {printable(guess.report_path)}, the repository has "
            f"{printable(guess.repository_path)}: set {mended}"
        )
    return (
        f"the report says {printable(report.unmatched_examples[0])}, and no tracked file shows "
        "where that belongs: is the report of another repository, or are the files generated?"
    )


def printable(path: str) -> str:
    """A path for a sentence: one line, no control characters, not endless."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in path[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else clean[:SHOWN] + "…"
