"""What of a report could not be read, and when that is too much to judge a gate by it.

A gate on changed lines is not judged where anything of a changed file it is about could not be
read: there a single line may decide. One on whole files is not where it is more than one in a
hundred of the lines and branches it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from qe_action.text import plural

TRIFLE = 100
"""One in so many lines and branches may be unreadable before whole files are not judged."""
NAMED = 3
"""How many files a note names."""


@dataclass(frozen=True, slots=True)
class UnreadCounts:
    """Lines and branches that could not be read, by file.

    `unkept` are the changed files that were too much to keep, `beyond` counts the files that
    were too many to count.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    unkept: Collection[str] = ()
    beyond: int = 0

    def obstacle(
        self, kind: Literal["patch", "project"], allowed: Callable[[str], bool], whole: int
    ) -> str:
        """Why a gate on the files that are `allowed` is not judged; empty where it can be.

        Of a patch gate those are changed files; `whole` is what a project gate counts.
        """
        if self.beyond:
            return f"the report has {self.beyond:,} files more than are counted"
        if kind == "patch" and (lost := sorted(filter(allowed, self.unkept))):
            return f"the report has too much of {_first(lost)}"
        counts = {path: number for path, number in self.files.items() if allowed(path)}
        lost = sorted(counts, key=lambda path: (-counts[path], path))
        number = sum(counts.values())
        if not number or (kind == "project" and number * TRIFLE <= whole):
            return ""
        lines = plural(number, "line or branch", "lines or branches")
        return f"{lines} of {_first(lost)} can't be read"

    def notes(self) -> Iterator[str]:
        """Sentences for the user on what was too much; the reports' own say what is unreadable."""
        if self.beyond:
            files = plural(self.beyond, "file of the report is", "files of the report are")
            yield f"{files} not counted, as there are too many: figures are of the others alone."
        if self.unkept:
            names = sorted(self.unkept)
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            files = plural(len(names), "changed file", "changed files")
            yield (
                f"The report has too much of {files} to tell their changed lines: "
                f"{', '.join(names[:NAMED])}{more}."
            )


NOTHING_UNREAD = UnreadCounts()


def _first(files: Collection[str]) -> str:
    first, *others = files
    return f"{first} and {len(others):,} more" if others else first
