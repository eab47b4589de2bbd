"""LCOV tracefiles, as geninfo (1.x and 2.x), llvm-cov, istanbul, coverage.py and others write them.

The records are those of geninfo(1), *Tracefile format*. Sums (LF, BRH …) are not read: the
counts come from the lines. What is unknown is passed over, as lcov itself adds records; so are
those of MC/DC (MCDC), which lcov counts apart from branches.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable

from qe_action.errors import ReportError
from qe_action.reports.defects import Defects
from qe_action.reports.lcov_records import RECORDS, Section, text_of
from qe_action.reports.model import FileLines, usable_path

SLICE = 1 << 16
"""Bytes split into lines at once: bounds the lines that wait."""

MAX_RECORD = 1 << 20
"""Bytes of one line; a mangled name of C++ may have tens of thousands."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AGAIN = "Was it cut off, or still being written? Create the report again."
_HINT = "Give the tracefile that `lcov --capture` or your test tool's lcov reporter writes."


class LcovParser:
    """Reads a tracefile line by line and gives each file at its `end_of_record`.

    Implements `ReportParser`. It holds one file at a time; LCOV names no source roots. A file
    measured by several tests has a section for each: it comes out as often, and
    its ways out of lines are united by block and branch. `defects` holds what makes no sense.
    """

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.defects = Defects()
        self._done: list[FileLines] = []
        self._failure: ReportError | None = None
        self._rest = bytearray()  # the line that has not ended yet
        self._begun = False
        self._decoder: codecs.IncrementalDecoder | None = None
        self._line = 0
        self._blank = True
        self._recognized = False
        self._path = ""
        self._section: Section | None = None

    def feed(self, chunk: bytes, /) -> list[FileLines]:
        """The files that end in these bytes.

        Raises:
            ReportError: the report is broken. Files that were complete before are returned
                first, then the error comes with the next call.
        """
        for at in range(0, len(chunk), SLICE):
            self._guarded(self._take, chunk[at : at + SLICE])
        done, self._done = self._done, []
        if self._failure is not None and not done:
            raise self._failure
        return done

    def close(self) -> list[FileLines]:
        """The last file, if no line break follows its end.

        Raises:
            ReportError: the report is broken, or ends within a file.
        """
        self._guarded(self._take_end, b"")
        if self._failure is not None:
            raise self._failure
        done, self._done = self._done, []
        return done

    def _guarded(self, take: Callable[[bytes], None], data: bytes) -> None:
        if self._failure is None:
            try:
                take(data)
            except ReportError as error:
                self._failure = error

    def _take(self, data: bytes) -> None:
        if not self._begun:
            self._rest += data
            if len(self._rest) < 3:  # a byte order mark may follow
                return
            data = self._begin()
        if self._decoder is not None:
            data = self._decoder.decode(data).encode()
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            lines = (bytes(self._rest) + whole).split(b"\n")
            self._rest.clear()
            for line in lines:
                self._take_line(line)
        self._rest += rest
        if len(self._rest) > MAX_RECORD:
            self._line += 1
            raise self._refusal()

    def _begin(self) -> bytes:
        """What was held back at the start, without a byte order mark of UTF-8.

        Shells of Windows redirect into UTF-16.
        """
        data = bytes(self._rest).removeprefix(codecs.BOM_UTF8)
        self._rest.clear()
        self._begun = True
        if data.startswith(_UTF16):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        return data

    def _take_end(self, _: bytes) -> None:
        last = bytes(self._rest) if self._begun else self._begin()
        self._take_line(last)
        if self._section is not None:
            raise ReportError(
                f"The report ends too early, at line {self._line}: "
                f"{self._path[:200]!r} has no `end_of_record`.",
                hint=_AGAIN,
            )
        if not self._recognized:
            what = "is empty" if self._blank else "is not LCOV"
            raise ReportError(f"The report {what}: it names no file.", hint=_HINT)

    def _refusal(self) -> ReportError:
        return ReportError(
            f"The report is refused: line {self._line} is longer than {MAX_RECORD >> 20} MB.",
            hint="No coverage tool writes this. Create the report again.",
        )

    def _take_line(self, line: bytes) -> None:
        self._line += 1
        if len(line) > MAX_RECORD:
            raise self._refusal()
        line = line.strip()
        self._blank = self._blank and not line
        kind, colon, value = line.partition(b":")
        if colon:
            if kind in RECORDS:
                self._take_record(kind, value)
            elif kind == b"SF":
                self._start_file(value)
            elif kind == b"TN":
                self._recognized = True
        elif kind == b"end_of_record":
            self._end_file()

    def _take_record(self, kind: bytes, value: bytes) -> None:
        if self._section is None:
            raise ReportError(
                f"The report is broken at line {self._line}: "
                f"`{kind.decode()}` stands before any `SF`, the name of its file.",
                hint=f"Is its beginning missing? {_HINT}",
            )
        self._section.take(kind, value)

    def _start_file(self, value: bytes) -> None:
        if self._section is not None:
            raise ReportError(
                f"The report is broken at line {self._line}: another file begins, but "
                f"{self._path[:200]!r} has no `end_of_record`.",
                hint=_AGAIN,
            )
        self._recognized = True
        self._path = text_of(value)
        self._section = Section(self._path, self.defects)

    def _end_file(self) -> None:
        section, self._section = self._section, None
        if section is None:
            return
        path = usable_path(self._path)
        if path and "\0" not in path:
            self._done.append(section.file(path))
