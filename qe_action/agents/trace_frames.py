"""The lines of files that a stack trace names, in whatever language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qe_action.agents.test_places import INSTALLED, Places, named_file
from qe_action.analysis.paths import PathIndex, is_absolute, split_path
from qe_action.execution.suite_port import Frame
from qe_action.results.case import Case

TEXT = 16_000
"""Characters of a trace that are looked at, half at each end."""
LONGEST = 300
"""Characters of a path."""
FRAMES = 200

# `a.py:7`, `a.cs:line 7`, `a.js:7:5`, `a.ts(7,5)`, and Python's `File "a.py", line 7`
_LINE = re.compile(r'(\.[A-Za-z]\w{0,9})(?::line |:|\(|", line )(\d{1,7})')
_BEFORE = re.compile(r"""[\s()"'<>\[\]{},;|]|(?<=\w):///?(?:\./)?""")
_SOURCES = (".java", ".kt", ".scala", ".groovy", ".cs", ".fs", ".vb", ".php")


def named_lines(text: str) -> Iterator[tuple[str, str, int]]:
    """What stands before a path (as a class in Java), the path, and the line, as they come."""
    if len(text) > TEXT:
        text = f"{text[: TEXT // 2]}\n{text[-TEXT // 2 :]}"
    for found in _LINE.finditer(text):
        end = found.end(1)
        lead = text[max(0, end - LONGEST) : end]
        start = 0
        for mark in _BEFORE.finditer(lead):
            start = mark.end()
        path = lead[start:]
        if path != found[1]:
            yield lead[:start], path, int(found[2])


class Locator:
    """Finds the repository's file that a result means; none outside of it is ever found.

    `folder` is where the tests ran, from the repository's top.
    """

    def __init__(self, places: Places, folder: str) -> None:
        self._places = places
        self._folder = folder
        self._known: dict[tuple[str, str], str] = {}  # as many as a file has names

    @property
    def _index(self) -> PathIndex | None:
        return self._places.index

    def file_of(self, case: Case) -> str:
        """The file that a test is in, as far as its names tell."""
        for name in (case.file, case.suite_file):
            if path := self.file(name):
                return path
        dotted = case.classname or case.name
        if path := named_file(dotted, self._index)[0] or self._of_class(dotted):
            return path
        return next((path for name in reversed(case.suite) if (path := self._if_a_path(name))), "")

    def test_name(self, case: Case) -> str:
        """A test's name; pytest's own where its file is known."""
        dotted = case.classname or case.name
        path, classes = named_file(dotted, self._index)
        if not path:
            return case.id
        return "::".join((path, *classes, *([case.name] if case.classname else [])))

    def frames(self, case: Case) -> tuple[Frame, ...]:
        """The repository's lines in a failure, the innermost last.

        pytest writes the innermost last, all others first.
        """
        found = []
        for before, name, line in named_lines(f"{case.traceback}\n{case.message}"):
            if path := self.file(name, before):
                found.append(Frame(path, line))
            if len(found) >= FRAMES:
                break
        python = found and found[-1].path.endswith(".py")
        return tuple(found if python else found[::-1])

    def file(self, name: str, before: str = "") -> str:
        """The file of a path as a machine had it; `before` may end in Java's class and method."""
        key = name, before[-LONGEST:].rpartition(" ")[2] if "/" not in name else ""
        if key not in self._known:
            self._known[key] = self._find(*key) if name else ""
        return self._known[key]

    def _find(self, name: str, before: str) -> str:
        for folder in dict.fromkeys((self._folder, "")):
            path = self._places.file(folder, name)
            if self._places.owned(path):
                return path
        parts = split_path(name).parts
        if self._index is None or not INSTALLED.isdisjoint(parts) or not parts:
            return ""
        if len(parts) == 1:
            package = tuple(before.rstrip("(").split(".")[:-2])
            return self._only(self._index.ending((*package, *parts))) or self._only(
                self._index.ending(parts)
            )
        length, files = self._index.longest_end(parts)
        enough = length == len(parts) or (is_absolute(name) and length > 1)
        return self._only(files) if enough else ""

    def _of_class(self, name: str) -> str:
        """The source file of a class in a language whose files are named after theirs."""
        key = "class", name
        if key not in self._known:
            self._known[key] = self._class_file(name) if name else ""
        return self._known[key]

    def _class_file(self, name: str) -> str:
        if self._index is None:
            return ""
        parts = tuple(re.split(r"[.\\]", name.partition("$")[0]))
        for length in range(len(parts), 0, -1):
            for ending in _SOURCES:
                if found := self._index.ending((*parts[: length - 1], parts[length - 1] + ending)):
                    return self._only(found)
        return ""

    def _if_a_path(self, name: str) -> str:
        return self.file(name) if "/" in name or "." in name else ""

    @staticmethod
    def _only(files: list[str]) -> str:
        return files[0] if len(files) == 1 else ""
