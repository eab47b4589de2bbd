"""What speaks against the report fitting the sources, each thing said once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from qe_action.analysis.study import Study
from qe_action.errors import sentence
from qe_action.text import plural

NAMED = 5
"""How many files a note names."""


@dataclass(slots=True)
class Doubts:
    """Files that were looked at and don't fit what the report says of them."""

    unread: set[str] = field(default_factory=set)
    unparsable: set[str] = field(default_factory=set)
    too_long: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    disagreeing: set[str] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)
    crowded: set[str] = field(default_factory=set)
    _weighed: set[str] = field(default_factory=set)

    def weigh(self, study: Study, length: int | None) -> None:
        """Take a file in, the first time. `length` is its source's number of lines, if known."""
        if study.path in self._weighed:
            return
        self._weighed.add(study.path)
        if length is not None and study.detail.lines and study.detail.lines[-1] > length:
            self.too_long.add(study.path)
        elif study.is_stale:
            self.stale.add(study.path)

    @property
    def unfit(self) -> set[str]:
        """The Python files that were surely measured in another version.

        Of other languages a report may list lines of what was inlined, beyond a file's end.
        """
        return self.stale | {path for path in self.too_long if path.endswith((".py", ".pyi"))}

    def notes(self) -> Iterator[str]:
        """Sentences for the user."""
        yield from _note(
            self.unread,
            "{} is missing from the checkout or too large: of it only lines are known",
            "{} are missing from the checkout or too large: of them only lines are known",
        )
        yield from _note(
            self.unparsable,
            "{} can't be parsed as Python here: of it only lines are known",
            "{} can't be parsed as Python here: of them only lines are known",
        )
        yield from _note(
            self.too_long,
            "{} is shorter than the report says: was it measured in another version?",
            "{} are shorter than the report says: were they measured in another version?",
        )
        yield from _note(
            self.stale,
            "{} has nothing to run on lines that the report lists: "
            "was it measured in another version?",
            "{} have nothing to run on lines that the report lists: "
            "were they measured in another version?",
        )
        yield from _note(
            self.edited - self.stale - self.too_long,
            "{} was edited after the report was written: where lines moved its figures are wrong",
            "{} were edited after the report was written: where lines moved their figures are "
            "wrong",
        )
        yield from _note(
            self.disagreeing,
            "{} ends at different lines in different reports: "
            "were they made of different versions? All their lines are counted",
            "{} end at different lines in different reports: "
            "were they made of different versions? All their lines are counted",
        )

        yield from _note(
            self.crowded,
            "{} has more gaps than are told: its counts have them all",
            "{} have more gaps than are told: their counts have them all",
        )


def _note(files: set[str], one: str, many: str) -> Iterator[str]:
    names = sorted(files)
    if len(names) == 1:
        yield sentence(one.format(names[0]))
    elif names:
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        listed = f" ({', '.join(names[:NAMED])}{more})"
        yield sentence(many.format(plural(len(names), "file") + listed))
