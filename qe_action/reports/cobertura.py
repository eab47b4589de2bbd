"""Cobertura XML, as coverage.py, coverlet, gcovr, istanbul and others write it.

The rules, where writers differ: a class's own `<lines>` count, those inside `<methods>` only
where it has no others; a line or class given twice counts once, with the higher hits; rates
are rounded, so they are never read.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from qe_action.errors import ReportError
from qe_action.reports.combine import absorb, combine_functions, settled
from qe_action.reports.elements import (
    Attributes,
    Row,
    as_mapping,
    function_name,
    take_condition,
    take_lines,
)
from qe_action.reports.model import FileLines, Function, usable_path
from qe_action.reports.xml_errors import explain, wrong_root

SLICE = 1 << 16
"""Bytes given to expat at once: bounds the rows that wait for `take_lines`."""

MAX_DEPTH = 256
"""Open elements at the end of a slice; real reports nest ten deep."""

MAX_TOKEN = 1 << 20
"""Bytes of one tag or comment. Expat before 2.6 reads an unfinished one again and again."""

MAX_SOURCE = 4096
"""Characters of a source root, Linux' PATH_MAX."""

_INTERNED = ("line", "number", "hits", "branch", "condition-coverage")


class CoberturaParser:
    """Reads a report as it comes and gives each file when its last line is read.

    Implements `ReportParser`. It holds one file at a time. `sources` are the source roots,
    `skipped` counts lines whose number or hits make no sense.

    Lines are a report's bulk, so their start tags are only collected, end tags too, and both
    are settled at the next other element: its depth is the number of elements open then.
    """

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.skipped = 0
        self._done: list[FileLines] = []
        self._failure: ReportError | None = None
        self._rows: list[Row] = []
        self._ends: list[str] = []
        self._depth = 0
        self._fed = 0
        self._root_seen = False
        self._source: list[str] | None = None
        self._file_open = False
        self._file: FileLines | None = None  # what its classes read so far add up to
        self._merged = False
        self._class: FileLines | None = None  # the open class with its own lines
        self._class_name = ""
        self._class_depth = 0
        self._methods: list[FileLines] = []
        self._method: FileLines | None = None
        self._method_name = ""
        self._method_depth = 0
        self._target: FileLines | None = None  # where lines go now
        self._last_row: Row = []
        self._handlers: dict[str, Callable[[int, Attributes], None]] = {
            "source": self._start_source,
            "class": self._start_class,
            "method": self._start_method,
            "lines": self._start_lines,
            "condition": self._start_condition,
        }
        self._parser = self._hardened_parser()

    def _hardened_parser(self) -> expat.XMLParserType:
        # One string object a name makes comparing a name a comparison of pointers.
        parser = expat.ParserCreate(intern={name: name for name in _INTERNED})
        parser.specified_attributes = True  # no defaults from a DTD
        parser.ordered_attributes = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)  # MAX_TOKEN bounds what it guards against
        parser.EntityDeclHandler = self._refuse_entity
        parser.EndElementHandler = self._ends.append
        collect, start = self._rows.append, self._start

        def start_element(name: str, row: Row) -> None:
            if name == "line":
                collect(row)
            else:
                start(name, row)

        parser.StartElementHandler = start_element
        return parser

    def feed(self, chunk: bytes, /) -> list[FileLines]:
        """The files that end in these bytes.

        Raises:
            ReportError: the report is broken. Files that were complete before are returned
                first, then the error comes with the next call.
        """
        if self._failure is None:
            view = memoryview(chunk)
            for at in range(0, len(view), SLICE):
                self._guarded(view[at : at + SLICE], final=False)
                if self._failure is not None:
                    break
        done, self._done = self._done, []
        if self._failure is not None and not done:
            raise self._failure
        return done

    def close(self) -> list[FileLines]:
        """The last file.

        Raises:
            ReportError: the report is broken or ends too early.
        """
        if self._failure is None:
            self._guarded(b"", final=True)
        if self._failure is not None:
            raise self._failure
        self._finish_file()
        done, self._done = self._done, []
        return done

    def _guarded(self, data: bytes | memoryview, *, final: bool) -> None:
        """Let expat read; what stops it becomes the failure."""
        self._fed += len(data)
        parser = self._parser
        try:
            parser.Parse(data, final)
        except ReportError as error:
            self._failure = error
        except (expat.ExpatError, LookupError, ValueError) as error:
            self._failure = explain(
                error,
                line=parser.CurrentLineNumber,
                column=parser.CurrentColumnNumber + 1,
                empty=not self._root_seen,
            )
        self._settle()
        if self._failure is not None:
            return
        if self._depth > MAX_DEPTH:
            self._failure = self._refusal(f"elements nest more than {MAX_DEPTH} deep")
        elif self._fed - parser.CurrentByteIndex > MAX_TOKEN:
            self._failure = self._refusal(f"one tag is longer than {MAX_TOKEN >> 20} MB")
        elif final and not self._root_seen:
            self._failure = wrong_root("line")

    def _refusal(self, why: str) -> ReportError:
        return ReportError(
            f"The report is refused at line {self._parser.CurrentLineNumber}: {why}.",
            hint="No coverage tool writes this. Create the report again.",
        )

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise self._refusal(f"it declares the XML entity {name[:40]!r}")

    def _settle(self) -> int:
        """Work off what was collected; the number of elements open now."""
        rows = self._rows
        self._depth += len(rows) - len(self._ends)
        self._ends.clear()
        if rows:
            self._last_row = rows[-1]
            if self._target is not None:
                self.skipped += take_lines(rows, self._target)
            rows.clear()
        if self._file_open and self._depth < self._class_depth:
            self._finish_file()  # the list its classes stood in has ended
        return self._depth

    def _start(self, name: str, row: Row) -> None:
        """Any element but an unprefixed `line`."""
        depth = self._settle()
        local = name.rpartition(":")[2]
        if depth <= 1:
            self._check_top(depth, local)
        if local == "line":
            self._rows.append(row)
            return
        if depth > MAX_DEPTH:
            raise self._refusal(f"elements nest more than {MAX_DEPTH} deep")
        self._depth = depth + 1
        if self._source is not None:
            self._finish_source()
        handler = self._handlers.get(local)
        if handler is not None:
            handler(depth, as_mapping(row))

    def _check_top(self, depth: int, local: str) -> None:
        """Clover and SonarQube share Cobertura's root; what is below it tells."""
        if (depth == 0 and local != "coverage") or (depth == 1 and local in ("project", "file")):
            raise wrong_root(local)
        self._root_seen = True

    def _start_source(self, _depth: int, _attributes: Attributes) -> None:
        self._source = []
        self._parser.CharacterDataHandler = self._source_text

    def _source_text(self, text: str) -> None:
        if self._source is not None and len(self._source) < MAX_SOURCE:
            self._source.append(text)

    def _finish_source(self) -> None:
        source = "".join(self._source or ()).strip()[:MAX_SOURCE]
        if source:
            self.sources.append(source)
        self._source = None
        self._parser.CharacterDataHandler = None

    def _start_class(self, depth: int, attributes: Attributes) -> None:
        path = usable_path(attributes.get("filename", ""))
        self._finish_class()
        if self._file is not None and self._file.path != path:
            self._finish_file()
        self._class_depth = depth
        if path.strip():
            self._class = self._target = FileLines(path)
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
        if self._target is not None:
            take_condition(attributes, as_mapping(self._last_row), self._target)

    def _finish_method(self) -> None:
        method, self._method = self._method, None
        if method is None or self._class is None:
            return
        self._target = self._class
        if method.hits:
            self._methods.append(method)
            name = function_name(self._method_name, self._class_name, method.path)
            covered = any(method.hits.values())
            function = Function(name, min(method.hits), max(method.hits), covered)
            self._class.functions.append(function)

    def _finish_class(self) -> None:
        self._finish_method()
        part, self._class, self._target = self._class, None, None
        methods, self._methods = self._methods, []
        if part is None:
            return
        if not part.hits:
            for method in methods:
                absorb(part, method)
        if self._file is None:
            self._file = part
        else:
            absorb(self._file, part)
            self._merged = True

    def _finish_file(self) -> None:
        self._finish_class()
        if self._file is not None:
            self._file.functions = combine_functions(self._file.functions)
            self._done.append(settled(self._file) if self._merged else self._file)
        self._file, self._file_open, self._merged = None, False, False
