"""Python modules by name: which file of the repository an import means.

No import is executed and no search path is known; where modules start is found by evidence.
A name that could mean several files means none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_STATEMENT = re.compile(
    rb"[ \t]*+(?:from[ \t]++(\.*+)[ \t]*+((?:(?!import\b)[\w.]++)?)[ \t]*+\bimport\b[ \t]*+"
    rb"(\([^)]*\)|(?:\\\r?\n|[^\n;#])*+)|import[ \t]++((?:\\\r?\n|[^\n;#])*+))"
)
_COMMENT = re.compile(rb"#[^\n]*|\\")
_STATEMENT_BYTES = 4_000
"""Bytes of an import statement that are read as text."""
_BEFORE_IMPORT = 300
"""Bytes before the word `import` within which its statement has to begin."""


class Import(NamedTuple):
    """What one imported name stands for.

    `level` counts the leading dots, `module` is the dotted name after them, `name` what is
    taken from the module (None for the module itself).
    """

    level: int
    module: str
    name: str | None = None


class Ambiguous(NamedTuple):
    """Several files that a module's name could mean."""

    roots: tuple[str, ...]


class Modules:
    """The modules of a repository.

    A *place* is a module's file without its suffix, or a package's folder. A folder is a root
    if a module or package lies in it and it has no `__init__.py` itself, so `src/shop/cart.py`
    is `shop.cart` from the root `src`, and also `src.shop.cart` from the top.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._files: dict[str, str | None] = {}
        for path in sorted(paths):
            folder, _, file = path.rpartition("/")
            if file == "__init__.py":
                self._files[folder] = path
            else:
                # A package wins over a module of the same name, as in Python.
                self._files.setdefault(path.removesuffix(".py"), path)
            self._add_folders(folder)
        self._tops: dict[str, list[str]] = {}
        for place in self._files:
            root, _, name = place.rpartition("/")
            if place and not (root and self.is_package(root)):
                self._tops.setdefault(name, []).append(root)
        self._found: dict[tuple[str, str], str | Ambiguous | None] = {}
        self._texts: dict[tuple[str, bytes], tuple[str, ...]] = {}

    def _add_folders(self, folder: str) -> None:
        while folder not in self._files:
            self._files[folder] = None
            folder = folder.rpartition("/")[0]

    def is_package(self, place: str) -> bool:
        """Whether the place is a folder with an `__init__.py`."""
        return self._files.get(place) == (f"{place}/__init__.py" if place else "__init__.py")

    def file(self, place: str) -> str | None:
        """The file of a place; None for a folder without `__init__.py`."""
        return self._files.get(place)

    def inside(self, place: str, name: str) -> str | None:
        """The place of a submodule; None where there is none of this name."""
        below = f"{place}/{name}" if place else name
        if self._files.get(place) is not None and not self.is_package(place):
            return None
        return below if below in self._files else None

    def root(self, path: str) -> str:
        """The folder that the module's own top package, or the module itself, lies in."""
        folder = path.rpartition("/")[0]
        while folder and self.is_package(folder):
            folder = folder.rpartition("/")[0]
        return folder

    def find(self, importer: str, level: int, module: str) -> str | Ambiguous | None:
        """The place that an import in the file `importer` means; None outside the repository."""
        if level:
            parts = importer.split("/")
            return self._below("/".join(parts[:-level]), module) if level <= len(parts) else None
        root = self.root(importer)
        key = (root, module)
        if key not in self._found:
            self._found[key] = self._absolute(root, module)
        return self._found[key]

    def _below(self, folder: str, module: str) -> str | None:
        place = "/".join(part for part in (folder, module.replace(".", "/")) if part)
        return place if place in self._files else None

    def _absolute(self, root: str, module: str) -> str | Ambiguous | None:
        top = module.partition(".")[0]
        found = {
            start: place
            for start in self._tops.get(top, ())
            if (place := self._below(start, module)) is not None
        }
        if root in found:
            return found[root]
        if not found or top in sys.stdlib_module_names:
            return None
        # Of the roots above the importer the nearest; else there must be no choice.
        above = [start for start in found if not start or root.startswith(start + "/")]
        if above:
            return found[max(above, key=len)]
        return next(iter(found.values())) if len(found) == 1 else Ambiguous(tuple(sorted(found)))

    def imported(self, importer: str, text: bytes) -> Iterator[str]:
        """The files that a source imports, told from its text alone; some may come twice."""
        folder = importer.rpartition("/")[0]
        at = text.find(b"import")
        while at >= 0:
            start = text.rfind(b"\n", max(0, at - _BEFORE_IMPORT), at) + 1
            near = start or at <= _BEFORE_IMPORT
            match = _STATEMENT.match(text, start, at + _STATEMENT_BYTES) if near else None
            end = at + len(b"import")
            if match is not None and match.end() >= end:
                key = (folder, match.group())
                if key not in self._texts:
                    self._texts[key] = tuple(self._targets(importer, match))
                yield from self._texts[key]
                end = match.end()
            at = text.find(b"import", end)

    def _targets(self, importer: str, match: re.Match[bytes]) -> Iterator[str]:
        dots, module, names, plain = (_text(group) for group in match.groups())
        places: list[str | Ambiguous | None]
        if plain:
            places = [self.find(importer, 0, name) for name in _names(plain)]
        else:
            place = self.find(importer, len(dots), module)
            if not isinstance(place, str):
                return
            places = [place, *(self.inside(place, name) for name in _names(names))]
        for each in places:
            file = self._files.get(each) if isinstance(each, str) else None
            if file is not None:
                yield file


def _text(part: bytes | None) -> str:
    if part is None:
        return ""
    if b"#" in part or b"\\" in part:
        part = _COMMENT.sub(b" ", part)
    return part.decode("utf-8", "replace")


def _names(text: str) -> Iterator[str]:
    """The names of a list with `as`, less the names they are bound to."""
    for part in text.strip("() \t\r\n").split(","):
        words = part.split()
        if words:
            yield words[0]
