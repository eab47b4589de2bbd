"""Cobertura XML, as coverage.py, coverlet, gcovr, istanbul and others write it.

The rules, where writers differ: a class's own `<lines>` count, those inside `<methods>` only
where it has no others; a line or class given twice counts once, with the higher hits; rates
are rounded, so they are never read.
"""

from __future__ import annotations

from qe_action.reports.bounds import MAX_FUNCTIONS, MAX_SOURCES
from qe_action.reports.combine import absorb, combine_functions, settled
from qe_action.reports.elements import (
    MAX_NAME,
    Attributes,
    Row,
    as_mapping,
    function_name,
    note,
    take_condition,
    take_lines,
)
from qe_action.reports.model import FileLines, Function, usable_path
from qe_action.reports.xml_errors import wrong_root
from qe_action.reports.xml_parser import XmlReportParser

MAX_SOURCE = 4096
"""Characters of a source root, Linux' PATH_MAX."""


class CoberturaParser(XmlReportParser):
    """Reads a report as it comes and gives each file when its last line is read.

    Implements `ReportParser`. It holds one file at a time. `sources` are the source roots,
    `defects` holds the lines whose figures make no sense.
    """

    interned = ("line", "number", "hits", "branch", "condition-coverage")

    def __init__(self) -> None:
        super().__init__()
        self._source: list[str] | None = None
        self._file_open = False
        self._file: FileLines | None = None  # what its classes read so far add up to
        self._merged = False
        self._class: FileLines | None = None  # the open class with its own lines
        self._package = ""
        self._class_name = ""
        self._class_depth = 0
        self._of_methods: FileLines | None = None  # what lines its methods have
        self._method: FileLines | None = None
        self._method_name = ""
        self._method_depth = 0
        self._target: FileLines | None = None  # where lines go now
        self._crowded: Row | None = None  # the last line with more conditions than are named
        self._handlers = {
            "source": self._start_source,
            "package": self._start_package,
            "class": self._start_class,
            "method": self._start_method,
            "lines": self._start_lines,
            "condition": self._start_condition,
        }

    def _take_lines(self, rows: list[Row]) -> None:
        if self._target is not None:
            if self._target is self._class:
                self._of_methods = None  # they count only where the class has no lines of its own
            known = (self._file, self._class, self._of_methods, self._method)
            held = sum(each.size for each in known if each and each is not self._target)
            take_lines(rows, self._target, self.defects, held)

    def _settled(self) -> None:
        if self._file_open and self._depth < self._class_depth:
            self._finish()  # the list its classes stood in has ended

    def _start(self, name: str, row: Row) -> None:
        if self._source is not None:
            self._finish_source()
        super()._start(name, row)

    def _check_top(self, depth: int, name: str) -> None:
        """Clover and SonarQube share Cobertura's root; what is below it tells."""
        if (depth == 0 and name != "coverage") or (depth == 1 and name in ("project", "file")):
            raise wrong_root(name)

    def _start_source(self, _depth: int, _attributes: Attributes) -> None:
        self._source = []
        self._guard.parser.CharacterDataHandler = self._source_text

    def _source_text(self, text: str) -> None:
        if self._source is not None and len(self._source) < MAX_SOURCE:
            self._source.append(text)

    def _finish_source(self) -> None:
        source = "".join(self._source or ()).strip()[:MAX_SOURCE]
        if source and len(self.sources) < MAX_SOURCES and source not in self.sources:
            self.sources.append(source)
        self._source = None
        self._guard.parser.CharacterDataHandler = None

    def _start_package(self, _depth: int, attributes: Attributes) -> None:
        self._package = attributes.get("name", "")[:MAX_NAME]

    def _start_class(self, depth: int, attributes: Attributes) -> None:
        path = usable_path(attributes.get("filename", ""))
        self._finish_class()
        if self._file is not None and self._file.path != path:
            self._finish()
        self._class_depth = depth
        if path.strip():
            self._class = self._target = FileLines(path, package=self._package)
            self._class_name = attributes.get("name", "")
            self._file_open = True

    def _start_method(self, depth: int, attributes: Attributes) -> None:
        self._finish_method()
        if self._class is not None:
            self._method = self._target = FileLines(self._class.path)
            self._method_name = attributes.get("name", "")
            self._method_depth = depth

    def _start_lines(self, depth: int, _attributes: Attributes) -> None:
        if self._method is not None and depth <= self._method_depth:
            self._finish_method()

    def _start_condition(self, _depth: int, attributes: Attributes) -> None:
        if self._target is None:
            return
        row = self._last_row
        named = take_condition(attributes, as_mapping(row), self._target)
        if not named and row is not self._crowded:
            note(self.defects, "names", row, self._target)
            self._crowded = row

    def _finish_method(self) -> None:
        method, self._method = self._method, None
        if method is None or self._class is None:
            return
        self._target = self._class
        if not method.hits:
            return
        if not self._class.hits:
            if self._of_methods is None:
                self._of_methods = FileLines(method.path)
            absorb(self._of_methods, method, self.defects)
        functions = self._class.functions
        if len(functions) >= MAX_FUNCTIONS:
            self.defects.add("functions", self._method_name, method.path)
            return
        name = function_name(self._method_name, self._class_name, method.path)
        covered = any(method.hits.values())
        functions.append(Function(name, min(method.hits), max(method.hits), covered))

    def _finish_class(self) -> None:
        self._finish_method()
        part, self._class, self._target = self._class, None, None
        of_methods, self._of_methods = self._of_methods, None
        if part is None:
            return
        if not part.hits and of_methods is not None:
            absorb(part, of_methods, self.defects)
        if self._file is None:
            self._file = part
        else:
            absorb(self._file, part, self.defects)
            self._merged = True

    def _finish(self) -> None:
        self._finish_class()
        if self._file is not None:
            self._file.functions = combine_functions(self._file.functions)
            self._done.append(settled(self._file) if self._merged else self._file)
        self._file, self._file_open, self._merged = None, False, False
