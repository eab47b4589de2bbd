"""coverage.py's JSON report, formats 2 and 3.

The counts come from the lines. Of the summaries only the number of branches is read, as the lists
lack those that `pragma: no branch` excuses. Format 3 lists functions as well, and with
`--show-contexts` there are the tests that ran each line.

A report is read as it comes: a file of usual size at once, a huge one piece by piece.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Mapping

from qe_action.errors import ReportError
from qe_action.reports.contexts import ContextReader
from qe_action.reports.coverage_entry import ARCS, HINT, LINES, Entry, Span
from qe_action.reports.defects import Defects
from qe_action.reports.json_stream import LARGE, WINDOW, JsonStream, Reading, unreadable
from qe_action.reports.model import FileLines, usable_path


class CoverageJsonParser:
    """Implements `ReportParser` for coverage.py's JSON, which names no source roots.

    What is longer than `window` characters is not decoded at once.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.sources: list[str] = []
        self.defects = Defects()
        self._reader = ContextReader()
        self._stream = JsonStream(window)
        self._steps = self._document()
        self._done: list[FileLines] = []
        self._failure: ReportError | None = None
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, chunk: bytes, /) -> list[FileLines]:
        """The files that end in these bytes, or ended before them.

        Raises:
            ReportError: the report is broken. Files that were complete before are returned
                first, then the error comes with the next call.
        """
        self._guarded(bytes(chunk), final=False)
        done, self._done = self._done, []
        if self._failure is not None and not done:
            raise self._failure
        return done

    def close(self) -> list[FileLines]:
        """The files that are left.

        Raises:
            ReportError: it is not JSON, or not coverage.py's.
        """
        self._guarded(b"", final=True)
        if self._failure is not None:
            raise self._failure
        done, self._done = self._done, []
        if self._reader.full:
            self.defects.add("tests")
        return done

    def _guarded(self, chunk: bytes, *, final: bool) -> None:
        if self._failure is not None:
            return
        try:
            text = self._text(chunk, final=final)
            self._stream.feed(text, final=final)
            if not self._stream.short:
                next(self._steps, None)
        except ReportError as error:
            self._failure = error
        except UnicodeDecodeError as error:
            self._failure = unreadable(error)

    def _text(self, chunk: bytes, *, final: bool) -> str:
        """The chunk as text, in whichever of the encodings of JSON it is written."""
        if self._decoder is None:
            self._head += chunk
            if len(self._head) < 4 and not final:
                return ""
            chunk, self._head = self._head, b""
            encoding = json.detect_encoding(chunk)
            self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        return self._decoder.decode(chunk, final)

    def _document(self) -> Reading[None]:
        stream = self._stream
        if (yield from stream.at_end()):
            raise ReportError("The report is empty.", hint=HINT)
        report = yield from stream.whole()
        if report is not LARGE:
            yield from stream.end()
            for file in files_from_json(report, self._reader, self.defects):
                self._done.append(file)
            return
        found = False
        if (yield from stream.enter("{")):
            first = True
            while (key := (yield from stream.key(first=first))) is not None:
                first = False
                if key == "files":
                    found = True
                    yield from self._members(self._file)
                else:
                    yield from stream.skip()
        if not found:
            raise _no_files()
        yield from stream.end()

    def _members(self, take: Callable[[str], Reading[None]]) -> Reading[None]:
        """Read the members of an object, the value of each by `take`, given its key."""
        if not (yield from self._stream.enter("{")):
            raise _no_files()
        first = True
        while (key := (yield from self._stream.key(first=first))) is not None:
            first = False
            yield from take(key)

    def _file(self, path: str) -> Reading[None]:
        value = yield from self._stream.whole()
        usable = bool(usable_path(path))
        if value is LARGE and usable:
            entry = Entry(path, self._reader, self.defects)
            yield from self._members(lambda key: self._part(entry, key))
            self._done.append(entry.file())
        elif value is LARGE:
            yield from self._stream.skip()
        elif usable:
            self._done.append(_file(path, value, self._reader, self.defects))

    def _part(self, entry: Entry, key: str) -> Reading[None]:
        """One key of a file that is too large to be decoded at once."""
        value = yield from self._stream.whole()
        if value is not LARGE:
            entry.take(key, value)
        elif key in LINES:
            yield from self._pieces(lambda piece: entry.take_lines(key, piece))
        elif key in ARCS:
            yield from self._pieces(lambda piece: entry.take_arcs(key, piece))
        elif key == "contexts":
            yield from self._members(lambda line: self._context(entry, line))
        elif key == "functions":
            yield from self._members(lambda name: self._function(entry, name))
        else:
            yield from self._stream.skip()

    def _context(self, entry: Entry, line: str) -> Reading[None]:
        names = yield from self._stream.whole()
        if names is not LARGE:
            entry.take_context(line, names)
        else:
            yield from self._pieces(lambda piece: entry.take_context(line, piece))

    def _function(self, entry: Entry, name: str) -> Reading[None]:
        region = yield from self._stream.whole()
        if region is not LARGE:
            entry.take("functions", {name: region})
            return
        span = Span(entry)
        yield from self._members(lambda key: self._region(span, key))
        entry.take_function(name, span)

    def _region(self, span: Span, key: str) -> Reading[None]:
        value = yield from self._stream.whole()
        if value is not LARGE:
            span.take(key, value)
        elif key in LINES:
            yield from self._pieces(lambda piece: span.take(key, piece))
        else:
            yield from self._stream.skip()

    def _pieces(self, take: Callable[[list[object]], None]) -> Reading[None]:
        """Read an array that is too large to be decoded at once."""
        if not (yield from self._stream.enter("[")):
            raise ReportError("The JSON report is malformed: a list is missing.", hint=HINT)
        first = True
        while (piece := (yield from self._stream.piece(first=first))) is not None:
            first = False
            take(piece)


def files_from_json(
    data: object, reader: ContextReader | None = None, defects: Defects | None = None
) -> Iterator[FileLines]:
    """The files of a report given as coverage.py's JSON, already decoded to a mapping.

    Hits are 1 for executed lines, 0 for missing ones. Line numbers out of range are left out.
    `reader` is for those who read one report in several pieces; `defects` takes what makes no
    sense.

    Raises:
        ReportError: the mapping is not coverage.py's, at the file where that shows.
    """
    files = data.get("files") if isinstance(data, Mapping) else None
    if not isinstance(files, Mapping):
        raise _no_files()
    reader = reader or ContextReader()
    defects = defects or Defects()
    for path, entry in files.items():
        if usable_path(str(path)):
            yield _file(str(path), entry, reader, defects)


def _file(path: str, content: object, reader: ContextReader, defects: Defects) -> FileLines:
    entry = Entry(path, reader, defects)
    if isinstance(content, Mapping):
        for key, value in content.items():
            entry.take(key, value)
    return entry.file()


def _no_files() -> ReportError:
    return ReportError(
        "The JSON is not a coverage.py report: it has no mapping 'files'.", hint=HINT
    )
