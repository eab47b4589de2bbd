"""Notes and what to do about errors, as the last list of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qe_action.text import clip, prose

_TEXT = 1000
"""Characters of a note."""


def good_to_know(notes: Iterable[str]) -> Iterator[str]:
    """The list, each note once; nothing where there is none."""
    shown = list(dict.fromkeys(notes))
    if shown:
        yield "**Good to know**"
        yield ""
        yield from (f"- {prose(clip(note, _TEXT))}" for note in shown)
        yield ""
