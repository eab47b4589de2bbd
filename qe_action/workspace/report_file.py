"""A report on disk, read in chunks, as often as it is needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from qe_action.errors import ReportError
from qe_action.input_file import shown
from qe_action.place import MAKE_REPORT, NAME_REPORT, Place
from qe_action.reports import detect
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.defects import Defects
from qe_action.reports.model import Part
from qe_action.reports.sniff import HEAD
from qe_action.workspace.data_file import DataFiles
from qe_action.workspace.sources import Sources, folder_of

CHUNK = 64 * 1024


class Report(Protocol):
    """The port through which an agent reads a report.

    `sources` are its source roots and `notes` what is to be said about it, both so far.
    `written` is when the oldest file of it was written, known once it was read. `place` is the
    folder that the report lies in, None where it has none.
    """

    sources: list[str]
    place: str | None
    notes: list[str]
    written: float | None

    def read(self, sources: Sources) -> Iterator[Part]: ...


class ReportFile:
    """A report file of any format that can be read as it comes.

    `defects` is what of it could not be read.

    `place` is where whoever named it is: in whose words what is wrong is said.
    """

    def __init__(self, path: Path, place: Place = "workflow") -> None:
        self._path = path
        self._place = place
        self.sources: list[str] = []
        self.place: str | None = folder_of(path)
        self.notes: list[str] = []
        self.written: float | None = None
        self.defects = Defects()

    def read(self, _sources: Sources) -> Iterator[Part]:
        """One pass over the file. Raises `ReportError`; parts given before stay valid."""
        try:
            yield from self._read()
        except FileNotFoundError:
            raise ReportError(
                f"There is no coverage report at {shown(self._path)}.",
                hint=MAKE_REPORT[self._place],
                anchor="the-report-is-not-found",
            ) from None
        except OSError as error:
            raise ReportError(
                f"The coverage report {shown(self._path)} can't be read: {error.strerror}.",
                anchor="the-report-is-not-found",
            ) from None

    def _read(self) -> Iterator[Part]:
        if self._path.exists() and not self._path.is_file():
            # A pipe or a device could keep us waiting for ever.
            raise ReportError(
                f"{shown(self._path)} is no file.",
                hint=NAME_REPORT[self._place],
                anchor="the-report-is-not-found",
            )
        size = max(1, self._path.stat().st_size)
        with self._path.open("rb") as stream:
            chunk = stream.read(CHUNK)
            make = detect(chunk, self._path.name).parser
            if make is None:
                raise ReportError(f"{shown(self._path)} was replaced while it was read.")
            parser = make()
            self.sources = parser.sources
            done = 0
            try:
                while chunk:
                    done += len(chunk)
                    yield Part(min(1.0, done / size), parser.feed(chunk))
                    chunk = stream.read(CHUNK)
                yield Part(1.0, parser.close())
            finally:
                self.defects.absorb(parser.defects)


class ReportFiles:
    """Several report files read one after the other, of one format or mixed.

    Data files come last, as one report, since coverage.py combines them best itself.
    Each path may be a glob; they are looked for when the reading begins. A file that several
    reports list recurs like one that comes in parts, and is merged so.
    """

    def __init__(self, paths: Sequence[Path], place: Place = "workflow") -> None:
        self._paths = paths
        self._place = place
        self.sources: list[str] = []
        self.place: str | None = None
        self.notes: list[str] = []
        self.written: float | None = None

    def read(self, sources: Sources) -> Iterator[Part]:
        """One pass over all files; `sources` are those of the file that is being read."""
        paths = list(dict.fromkeys(file for path in self._paths for file in expand(path)))
        data = [path for path in paths if _is_data(path)]
        reports: list[tuple[Report, int]] = [
            (ReportFile(path, self._place), _size(path)) for path in paths if path not in data
        ]
        if data:
            reports.append((DataFiles(data), sum(map(_size, data))))
        self.notes = []
        defects = Defects()
        self.written = min(filter(None, map(_written, paths)), default=None)
        whole, done = sum(size for _, size in reports), 0
        labels = _labels(paths, data) if len(reports) > 1 else [""]
        try:
            for number, ((report, size), label) in enumerate(zip(reports, labels, strict=True)):
                report.notes = self.notes
                if isinstance(report, ReportFile):
                    report.defects = defects
                for part in report.read(sources):
                    self.sources, self.place = report.sources, report.place
                    yield Part((done + part.fraction * size) / whole, part.files, number, label)
                done += size
        finally:
            name = paths[0].name if len(paths) == 1 else "the reports"
            self.notes.extend(defects.notes(name))


def _labels(paths: Sequence[Path], data: Sequence[Path]) -> list[str]:
    """Names that tell the reports apart: their paths without what all have in common."""
    reports = [path for path in paths if path not in data]
    resolved = [path.absolute() for path in reports]
    top = Path(os.path.commonpath([path.parent for path in resolved])) if resolved else Path()
    return [path.relative_to(top).as_posix() for path in resolved] + (["data"] if data else [])


def expand(path: Path) -> list[Path]:
    """The files that a path means: itself, or where it is a glob, what it matches, sorted.

    Raises `ReportError` where a glob matches nothing.
    """
    wild = next((n for n, part in enumerate(path.parts) if set(part) & set("*?[")), None)
    if wild is None or path.exists():
        return [path]
    base, pattern = Path(*path.parts[:wild]), str(Path(*path.parts[wild:]))
    matches = sorted(match for match in base.glob(pattern) if match.is_file())
    if not matches:
        raise ReportError(
            f"No coverage report matches {path}.",
            hint="Write the reports first, or mend the glob.",
            anchor="the-report-is-not-found",
        )
    return matches


def _is_data(path: Path) -> bool:
    """Whether it is a data file; what can't be told now fails in its turn."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return detect(stream.read(HEAD)).parser is None
    except (OSError, ReportError):
        return False


def _size(path: Path) -> int:
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1


def _written(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


class ReportData:
    """coverage.py's JSON report as a dict already in memory."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.sources: list[str] = []
        self.place: str | None = None
        self.notes: list[str] = []
        self.written: float | None = None

    def read(self, _sources: Sources) -> Iterator[Part]:
        defects = Defects()
        yield Part(1.0, list(files_from_json(self._data, defects=defects)))
        self.notes.extend(defects.notes("the report"))


def report_digest(names: Iterable[Path]) -> str:
    """A hash of all files that the names and globs stand for: it tells a repeated run from another.

    What is missing or can't be read counts as missing; the analysis says so.
    """
    whole = hashlib.sha256()
    for name in names:
        try:
            paths = expand(name)
        except ReportError:
            paths = []
        for path in paths:
            whole.update(f"\0{path.name}\0".encode("utf-8", "replace"))
            whole.update(_digest(path))
    return whole.hexdigest()


def _digest(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe or a device could keep us waiting for ever
            return b""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""
