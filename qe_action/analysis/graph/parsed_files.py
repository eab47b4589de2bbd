"""The files of a call graph, each parsed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qe_action.analysis.graph.call_facts import FileFacts, file_facts
from qe_action.analysis.python_module import parse_module

_A_TURN = 10


class ParsedFiles:
    """Facts by path. Files that can't be parsed are `unparsable`, those without a text `unread`.

    `size` counts the bytes that were parsed. Syntax trees are not kept.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self.facts: dict[str, FileFacts] = {}
        self.unparsable: set[str] = set()
        self.unread: set[str] = set()
        self.size = 0

    def __contains__(self, path: object) -> bool:
        return path in self.facts or path in self.unparsable or path in self.unread

    def parse(self, path: str) -> None:
        """Look at a file that was not looked at."""
        if path in self:
            return
        text = self._read(path)
        if text is None:
            self.unread.add(path)
            return
        module = parse_module(path, text)
        if module is None:
            self.unparsable.add(path)
            return
        self.size += len(text)
        self.facts[path] = file_facts(module)

    def parse_all(self, paths: Sequence[str]) -> Iterator[float]:
        """Parse files in slices; gives how far it is, from 0 to 1."""
        for number, path in enumerate(paths, 1):
            self.parse(path)
            if number % _A_TURN == 0:
                yield number / len(paths)
