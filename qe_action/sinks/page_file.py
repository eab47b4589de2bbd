"""The page of a run as one file: the stream, the sources it is about, and the preview."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from qe_action.events import Event
from qe_action.page.document import one_file, room_for_sources
from qe_action.page.journal_copy import JournalCopy
from qe_action.page.source_choice import ReadSource, choose
from qe_action.text import visible


class PageSink:
    """Keeps the stream, compressed, until the page is made of it."""

    name = "page"

    def __init__(self) -> None:
        self._copy = JournalCopy()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self._copy.add(event)

    def page(self, title: str, read: ReadSource, preview: Callable[[str], str]) -> str:
        """The document. `preview` makes the preview with sentences on what was left out."""
        journal = self._copy.packed()
        choice = choose(self._copy.files, read, room_for_sources(journal))
        notes = (*self._copy.notes(), *choice.notes())
        shown = preview(" ".join(notes))
        return one_file(visible(title), journal, choice.texts, shown, notes)
