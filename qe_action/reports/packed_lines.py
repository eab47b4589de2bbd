"""The lines of a file whose parts are still to come, packed."""

from __future__ import annotations

from collections.abc import Mapping

WORD = 60
"""Lines of one word."""

_MISSED = [1 << at for at in range(WORD)]
_RUN = [1 << at | 1 << at + WORD for at in range(WORD)]
"""A line's bits by its place in the word: one says that it is there, one that it ran."""


class PackedLines:
    """The lines of a file and which of them ran: two bytes each where they lie close.

    A mapping of lines to hits takes 80; where lines lie far apart, both take about the same.
    """

    __slots__ = ("_number", "_words")

    def __init__(self) -> None:
        self._words: dict[int, int] = {}
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def add(self, hits: Mapping[int, int], most: int) -> list[int]:
        """Enter lines with their hits; those that would be more than `most` are given back."""
        words, left_out = self._words, []
        for line, count in hits.items():
            word, at = divmod(line, WORD)
            known = words.get(word, 0)
            if not known & _MISSED[at]:
                if self._number >= most:
                    left_out.append(line)
                    continue
                self._number += 1
            words[word] = known | (_RUN if count else _MISSED)[at]
        return left_out

    def hits(self) -> dict[int, int]:
        """The lines in order, with one hit where they ran."""
        return {
            word * WORD + at: bits >> at + WORD & 1
            for word, bits in sorted(self._words.items())
            for at in range(WORD)
            if bits >> at & 1
        }
