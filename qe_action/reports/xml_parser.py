"""What the parsers of XML reports share: expat, hardened, and bulk treatment of `line`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from qe_action.errors import ReportError
from qe_action.reports.defects import Defects
from qe_action.reports.elements import Attributes, Row, as_mapping
from qe_action.reports.model import FileLines
from qe_action.reports.xml_errors import wrong_root
from qe_action.reports.xml_guard import MAX_DEPTH, SLICE, XmlGuard


class XmlReportParser(ABC):
    """Reads XML as it comes. Entities, depth and the length of a token are bounded.

    Implements `ReportParser` for a format that says what its elements mean: a handler an
    element in `_handlers`, called with the number of elements around it and its attributes.
    `defects` holds the lines whose figures make no sense.

    Lines are a report's bulk, so their start tags are only collected, end tags too, and both
    are settled at the next other element: its depth is the number of elements open then.
    """

    interned: ClassVar[tuple[str, ...]] = ()
    """Names of `line` and its attributes."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.defects = Defects()
        self._done: list[FileLines] = []
        self._failure: ReportError | None = None
        self._rows: list[Row] = []
        self._last_row: Row = []
        self._ends: list[str] = []
        self._depth = 0
        self._root_seen = False
        self._handlers: dict[str, Callable[[int, Attributes], None]] = {}
        self._guard = self._guarded_parser()

    @abstractmethod
    def _check_top(self, depth: int, name: str) -> None:
        """Look at the root and what is right below; `ReportError` if it is another format."""

    @abstractmethod
    def _take_lines(self, rows: list[Row]) -> None:
        """Enter `line` elements where they belong."""

    @abstractmethod
    def _settled(self) -> None:
        """Finish what has ended, now that `_depth` elements are open."""

    @abstractmethod
    def _finish(self) -> None:
        """The report has ended: finish the last file."""

    def _guarded_parser(self) -> XmlGuard:
        # One string object a name makes comparing a name a comparison of pointers.
        guard = XmlGuard({name: name for name in self.interned}, _refusal)
        parser = guard.parser
        parser.ordered_attributes = True
        parser.EndElementHandler = self._ends.append
        collect, start = self._rows.append, self._start

        def start_element(name: str, row: Row) -> None:
            if name == "line":
                collect(row)
            else:
                start(name, row)

        parser.StartElementHandler = start_element
        return guard

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
        self._finish()
        done, self._done = self._done, []
        return done

    def _guarded(self, data: bytes | memoryview, *, final: bool) -> None:
        """Let expat read; what stops it becomes the failure."""
        try:
            self._guard.parse(data, final=final, empty=lambda: not self._root_seen)
        except ReportError as error:
            self._failure = error
        self._settle()
        if self._failure is not None:
            return
        try:
            self._guard.check(self._depth)
        except ReportError as error:
            self._failure = error
            return
        if final and not self._root_seen:
            self._failure = wrong_root("line")

    def _settle(self) -> int:
        """Work off what was collected; the number of elements open now."""
        rows = self._rows
        self._depth += len(rows) - len(self._ends)
        self._ends.clear()
        if rows:
            self._last_row = rows[-1]
            self._take_lines(rows)
            rows.clear()
        self._settled()
        return self._depth

    def _start(self, name: str, row: Row) -> None:
        """Any element but an unprefixed `line`."""
        depth = self._settle()
        local = name.rpartition(":")[2]
        if depth <= 1:
            self._check_top(depth, local)
            self._root_seen = True
        if local == "line":
            self._rows.append(row)
            return
        if depth > MAX_DEPTH:
            raise self._guard.too_deep()
        self._depth = depth + 1
        handler = self._handlers.get(local)
        if handler is not None:
            handler(depth, as_mapping(row))


def _refusal(why: str, line: int) -> ReportError:
    return ReportError(
        f"The report is refused at line {line}: {why}.",
        hint="No coverage tool writes this. Create the report again.",
    )
