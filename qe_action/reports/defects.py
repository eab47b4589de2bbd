"""What of a report can't be read or is left out: counted, each kind with an example or two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from qe_action.reports.bounds import MAX_FUNCTIONS, MAX_STATEMENTS, MAX_WEIGHT
from qe_action.text import plural, visible

EXAMPLES = 2
"""How many examples a note gives."""
SHOWN = 100
"""Characters that are shown of an example, and as many of the path before it."""

Kind = Literal[
    "line",
    "branch",
    "function",
    "statements",
    "functions",
    "names",
    "tests",
    "ways",
    "branches",
    "room",
]

_LOST: dict[Kind, tuple[str, str]] = {
    "line": ("line can't be read and is left out", "lines can't be read and are left out"),
    "branch": (
        "branch count can't be read: what it hides counts as not taken",
        "branch counts can't be read: what they hide counts as not taken",
    ),
    "function": (
        "function's count can't be read: it counts as not called",
        "functions' counts can't be read: they count as not called",
    ),
    "statements": (
        f"line is left out, as no more than {MAX_STATEMENTS:,} statements of a file are read",
        f"lines are left out, as no more than {MAX_STATEMENTS:,} statements of a file are read",
    ),
    "functions": (
        f"function is left out, as no more than {MAX_FUNCTIONS:,} of a file are read",
        f"functions are left out, as no more than {MAX_FUNCTIONS:,} of a file are read",
    ),
    "names": (
        "line has more branches not taken than are named",
        "lines have more branches not taken than are named",
    ),
    "tests": (
        "line names more tests than are kept",
        "lines name more tests than are kept",
    ),
    "ways": (
        f"branch is left out, as no more than {MAX_WEIGHT:,} of a file are read",
        f"branches are left out, as no more than {MAX_WEIGHT:,} of a file are read",
    ),
    "branches": (
        f"line's branches are left out, as those of no more than {MAX_WEIGHT:,} of a file are read",
        f"lines' branches are left out, as those of no more than {MAX_WEIGHT:,} of a file are read",
    ),
    "room": (
        "record is left out, as its file has too many together",
        "records are left out, as their file has too many together",
    ),
}
UNREADABLE: frozenset[Kind] = frozenset(
    {"line", "branch", "statements", "ways", "branches", "room"}
)
"""What the counts of lines and branches lack; the rest costs names or functions only."""


class Defects:
    """Counts what one report's parser met; `notes` are the sentences for people."""

    def __init__(self) -> None:
        self._counts: Counter[Kind] = Counter()
        self._examples: dict[Kind, list[str]] = {}

    @property
    def unreadable(self) -> int:
        """Lines and branches that the figures lack."""
        return sum(self._counts[kind] for kind in UNREADABLE)

    def add(self, kind: Kind, example: str = "", path: str = "", *, times: int = 1) -> None:
        """Count a defect; `example` is the report's own text, `path` the file it is about."""
        self._counts[kind] += times
        examples = self._examples.setdefault(kind, [])
        if example and len(examples) < EXAMPLES:
            shown = _cut(example)
            examples.append(f"{shown} ({_cut(path)})" if path else shown)

    def absorb(self, other: Defects) -> None:
        """Add what another report's parser met."""
        self._counts += other._counts
        for kind, examples in other._examples.items():
            known = self._examples.setdefault(kind, [])
            known += examples[: EXAMPLES - len(known)]

    def notes(self, name: str) -> Iterator[str]:
        """A sentence each kind; `name` is what to call the report."""
        for kind, (one, many) in _LOST.items():
            if number := self._counts[kind]:
                examples = " and ".join(self._examples.get(kind, ()))
                more = f", for example {examples}" if examples else ""
                yield f"Of {_cut(name)} {plural(number, one, many)}{more}."


def _cut(text: str) -> str:
    """A stranger's text for a sentence: one line, nothing unseen, not endless."""
    text = visible(text[: SHOWN + 1])
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
