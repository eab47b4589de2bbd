"""JaCoCo's XML report, also as Kover and others write it (DTD 1.1, JaCoCo 0.5 to 0.8).

A line counts as run if any of its instructions was: the report knows no hits. Lines stand in
`<sourcefile>`, methods in `<class>` before it. Counters are sums and never counted; a method's
only tell whether it was run and how many lines it may reach over.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

from qe_action.reports.bounds import (
    MAX_BRANCHES,
    MAX_FILE_NAME,
    MAX_FUNCTIONS,
    MAX_LINE,
    MAX_STATEMENTS,
)
from qe_action.reports.combine import combine_functions
from qe_action.reports.defects import Defects, Kind
from qe_action.reports.elements import (
    MAX_CACHED,
    MAX_NAME,
    Attributes,
    Row,
    as_mapping,
    enter_branch,
    note,
    unreadable_branch,
)
from qe_action.reports.model import Branch, FileLines, Function, usable_path
from qe_action.reports.xml_errors import FOREIGN_ROOTS, wrong_root
from qe_action.reports.xml_parser import XmlReportParser

MAX_GROUPS = 10
"""Groups inside each other whose names are kept."""
_BELOW_ROOT = ("sessioninfo", "group", "package", "counter")
_LAMBDA = re.compile(r"lambda\$(.+)\$\d+")
_INNER = re.compile(r"\$(?=[^\W\d])")
_SPECIAL = {
    "<init>": "constructor",
    "new": "constructor",  # in a lambda's name
    "<clinit>": "static initializer",
    "static": "static initializer",
}


class _Method(NamedTuple):
    name: str
    start: int
    lines: int
    covered: bool


class JacocoParser(XmlReportParser):
    """Gives each source file when its last line is read; groups may nest around packages.

    Implements `ReportParser`. It holds one file and the methods of one package. JaCoCo names
    no source roots: a path is the package's folder and the file's name. `defects` holds
    the lines whose figures make no sense.
    """

    interned = ("line", "nr", "mi", "ci", "mb", "cb")

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[tuple[int, str]] = []  # the open ones, with their depths
        self._last_group = ""
        self._package = ""
        self._methods: dict[str, list[_Method]] = {}  # by the name of the source file
        self._methods_held = 0
        self._class_name = ""
        self._class_methods: list[_Method] | None = None
        self._method: _Method | None = None
        self._method_depth = 0
        self._file: FileLines | None = None
        self._file_name = ""
        self._file_depth = 0
        self._handlers = {
            "group": self._start_group,
            "package": self._start_package,
            "class": self._start_class,
            "method": self._start_method,
            "counter": self._start_counter,
            "sourcefile": self._start_file,
        }

    def _check_top(self, depth: int, name: str) -> None:
        """EMMA shares JaCoCo's root; what is below it tells."""
        if depth == 0 and name != "report":
            raise wrong_root(name)
        if depth == 1 and name not in _BELOW_ROOT:
            raise wrong_root(name if name in FOREIGN_ROOTS else f"report><{name}")

    def _take_lines(self, rows: list[Row]) -> None:
        if self._file is not None:
            for row in rows:
                _take_line(row, self._file, self.defects)

    def _settled(self) -> None:
        if self._file is not None and self._depth <= self._file_depth:
            self._finish()
        if self._method is not None and self._depth <= self._method_depth:
            self._finish_method()

    def _start_group(self, depth: int, attributes: Attributes) -> None:
        self._groups = [(level, name) for level, name in self._groups if level < depth]
        name = " ".join(attributes.get("name", "").split())[:MAX_NAME]
        if name and len(self._groups) < MAX_GROUPS:
            self._groups.append((depth, name))

    def _start_package(self, depth: int, attributes: Attributes) -> None:
        self._groups = [(level, name) for level, name in self._groups if level < depth]
        self._package = attributes.get("name", "")
        self._methods.clear()
        self._methods_held = 0
        self._class_methods = None

    def _start_class(self, _depth: int, attributes: Attributes) -> None:
        source = attributes.get("sourcefilename")
        self._class_methods = None
        if source is None or len(source) > MAX_FILE_NAME:
            pass  # no file has such a name
        elif source and (source in self._methods or self._has_room()):
            self._class_methods = self._methods.setdefault(source, [])
        self._class_name = _class_name(attributes.get("name", ""))

    def _start_method(self, depth: int, attributes: Attributes) -> None:
        line = _figure(attributes.get("line"))
        if self._class_methods is not None and line is not None and 0 < line <= MAX_LINE:
            name = _method_name(attributes.get("name", ""), self._class_name)
            self._method, self._method_depth = _Method(name, line, 1, covered=False), depth

    def _has_room(self) -> bool:
        """Whether one more method, or file with methods, of the package is kept."""
        self._methods_held += 1
        return self._methods_held <= MAX_FUNCTIONS

    def _start_counter(self, depth: int, attributes: Attributes) -> None:
        if self._method is None or depth != self._method_depth + 1:
            return
        missed, covered = (_figure(attributes.get(key)) or 0 for key in ("missed", "covered"))
        if covered:
            self._method = self._method._replace(covered=True)
        if attributes.get("type") == "LINE":
            self._method = self._method._replace(lines=missed + covered)

    def _finish_method(self) -> None:
        if self._method is not None and self._class_methods is not None:
            if self._has_room():
                self._class_methods.append(self._method)
            else:
                self.defects.add("functions", self._method.name, self._package)
        self._method = None

    def _start_file(self, depth: int, attributes: Attributes) -> None:
        name = attributes.get("name", "")
        path = usable_path(f"{self._package}/{name}" if self._package else name)
        if name.strip() and path:
            self._file = FileLines(path, group=self._group(), package=self._package)
            self._file_name, self._file_depth = name, depth

    def _group(self) -> str:
        """The names of the open groups, one object as long as they are the same."""
        group = "/".join(group for _, group in self._groups)
        if group != self._last_group:
            self._last_group = group
        return self._last_group

    def _finish(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            lines = sorted(file.hits)
            methods = self._methods.pop(self._file_name, [])
            file.functions = combine_functions(_function(each, lines) for each in methods)
            self._done.append(file)


def _figure(text: str | None) -> int | None:
    """A count as JaCoCo writes it: digits."""
    if text is None or len(text) > 15 or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)


def _take_line(row: Row, into: FileLines, defects: Defects) -> None:
    """Enter a `line`. One that holds no instruction is none; what makes no sense is a defect."""
    if row and row[0] == "nr":  # as all writers put it
        number, rest = _figure(row[1]), row[2:]
    else:
        number, rest = _figure(as_mapping(row).get("nr")), row
    key = "\0".join(rest)  # XML has no NUL
    run, branch, defect = _known_counts(key) if len(key) <= MAX_CACHED else _read_counts(key)
    if number is None or not 0 < number <= MAX_LINE:
        defect = "line"
    elif run is not None and number not in into.hits and len(into.hits) >= MAX_STATEMENTS:
        defect = "statements"
    elif run is not None:
        if into.hits.setdefault(number, run) < run:
            into.hits[number] = run
        if branch is not None:
            defect = enter_branch(into, number, branch) or defect
    if defect is not None:
        note(defects, defect, row, into)


def _read_counts(key: str) -> tuple[int | None, Branch | None, Kind | None]:
    """Whether a line was run, its branches, and what is wrong with its figures.

    `mi` and `ci` are instructions missed and covered, `mb` and `cb` branches. Which of a line's
    figures there are is left to the writer.
    """
    attributes = as_mapping(key.split("\0")) if key else {}
    missed, covered, missed_branches, taken = (
        _figure(attributes.get(name, "0")) for name in ("mi", "ci", "mb", "cb")
    )
    if missed is None or covered is None or not attributes.keys() & {"mi", "ci"}:
        return None, None, "line"
    if missed + covered == 0:
        return None, None, None
    run = int(covered > 0)
    if missed_branches is None or taken is None:
        branch = unreadable_branch(taken, None)
        others = min(missed_branches or 1, MAX_BRANCHES) - 1
        return run, Branch(branch.covered, branch.total + others), "branch"
    total = missed_branches + taken
    if total > MAX_BRANCHES:
        return run, unreadable_branch(None, None), "branch"
    return run, Branch(taken, total) if total else None, None


_known_counts = lru_cache(maxsize=4096)(_read_counts)


def _function(method: _Method, lines: list[int]) -> Function:
    """The method with its last line, which JaCoCo doesn't give.

    It has at least `lines` of the file's listed lines from its first one on. Another method
    that lies inside (a lambda, an anonymous class) adds to them: then less is claimed, not more.
    """
    first = bisect_left(lines, method.start)
    last = min(first + method.lines, len(lines)) - 1
    end = lines[last] if last >= first else method.start
    return Function(method.name, method.start, max(method.start, end), method.covered)


def _class_name(name: str) -> str:
    """`Outer.Inner` of `a/b/Outer$Inner`; an anonymous class keeps its number, `Outer$1`."""
    return _INNER.sub(".", " ".join(name.rpartition("/")[2].split())[:MAX_NAME])


def _method_name(name: str, class_name: str) -> str:
    """`Class.method`, `Class constructor` or `Class.method lambda`."""
    name = " ".join(name.split())[:MAX_NAME]
    lambda_of = _LAMBDA.fullmatch(name)
    if lambda_of:
        name = lambda_of[1]
    special = _SPECIAL.get(name) if lambda_of or name.startswith("<") else None
    if special:
        readable = f"{class_name} {special}" if class_name else special
    else:
        readable = f"{class_name}.{name}" if class_name else name
    return f"{readable} lambda" if lambda_of else readable
