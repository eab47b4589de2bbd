"""Which sources go into the one-file page: whole while they fit, then in excerpts, else not."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from qe_action.page.journal_copy import Interest
from qe_action.text import plural

AROUND = 5
"""Lines of an excerpt on either side of a gap."""
EXCERPTS = 100
"""How many gaps of one file an excerpt is made around, the first ones."""
LARGEST = 1 << 20
"""Bytes of the largest source that is taken whole."""
ALL_TEXT = 16 << 20
"""Characters of all sources together, however well they compress."""
ALL_READ = 64 << 20
"""Bytes of sources that are read for a choice."""
TOO_LITTLE = 64
"""Compressed bytes that no source fits into."""
LEFT_OUT = "⋯"
"""Stands in the first line of those that an excerpt leaves out; the others are empty."""

_LINE_END = re.compile(r"\r\n|\r|\n")

ReadSource = Callable[[str], bytes | None]
"""The port to the sources of the measured tree; None where there is none to show."""


@dataclass(slots=True)
class Choice:
    """The texts by their paths, and how many files are in excerpts or left out for space."""

    texts: dict[str, str] = field(default_factory=dict)
    excerpts: int = 0
    left_out: int = 0

    def notes(self) -> Iterator[str]:
        """Sentences on what of the sources is not there."""
        if self.excerpts:
            files = plural(self.excerpts, "file", "files")
            yield f"The page shows {files} in excerpts around the gaps, for space."
        if self.left_out:
            files = plural(self.left_out, "file", "files")
            yield f"The page leaves out the source of {files}, for space."


def choose(files: Mapping[str, Interest], read: ReadSource, room: int) -> Choice:
    """The sources that fit into `room` compressed bytes, those of most interest first."""
    choice = Choice()
    text_left, read_left = ALL_TEXT, ALL_READ
    for path in sorted(files, key=lambda each: files[each].rank):
        if room < TOO_LITTLE or text_left <= 0 or read_left <= 0:
            choice.left_out += 1
            continue
        source = read(path)
        if source is None:
            continue
        read_left -= len(source)
        for text, whole in _versions(source, files[path].lines):
            size = len(zlib.compress(text.encode("utf-8", "replace"), 6)) + len(path)
            if size <= room and len(text) <= text_left:
                choice.texts[path] = text
                choice.excerpts += not whole
                room -= size
                text_left -= len(text)
                break
        else:
            choice.left_out += 1
    return choice


def _versions(source: bytes, places: list[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """A source whole, then what is around its gaps; and whether it is whole."""
    whole = source.decode("utf-8", "replace")
    if len(source) <= LARGEST:
        yield whole, True
    if places:
        yield excerpt(whole, places[:EXCERPTS]), False


def excerpt(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The lines around `places`, each where it stands in the text."""
    lines = _LINE_END.split(text)
    shown: set[int] = set()
    for first, last in places:
        shown.update(range(max(1, first - AROUND), min(len(lines), last + AROUND) + 1))
    kept: list[str] = []
    for number, line in enumerate(lines, 1):
        left_out_before = number > 1 and number - 1 not in shown
        kept.append(line if number in shown else "" if left_out_before else LEFT_OUT)
        if shown and number >= max(shown):
            break
    return "\n".join(kept)
