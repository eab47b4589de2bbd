"""coverage.py's data files (`.coverage`), combined and analysed by coverage.py.

A data file holds the lines or arcs that ran, by the paths of the machine that measured, but
not the statements: those come from the sources in the checkout. Nothing of the project runs:
no plugin of it is loaded, and its settings are read as `reports.coverage_settings` says.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from qe_action.errors import ReportError
from qe_action.reports.contexts import ContextReader, named_test
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.coverage_settings import Settings, read_settings
from qe_action.reports.model import Branch, FileLines, Part
from qe_action.workspace.data_check import AGAIN, Schema, check, damaged, schema_of
from qe_action.workspace.sources import Sources

if TYPE_CHECKING:
    from coverage import Coverage, CoverageData

MAX_DATA = 1 << 30
"""Bytes of the largest data file that is read."""
COMBINING = 0.1
"""The part of the reading that combining counts as; analysing the sources takes the rest."""
NAMED = 3
"""How many files a note names."""
_UNREADABLE = (OSError, SyntaxError, ValueError, LookupError, RecursionError, MemoryError)
"""What Python's compiler and codecs raise at sources, beside coverage.py's own errors."""


class DataFiles:
    """Data files that are one report. Implements `Report`; they name no source roots."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.sources: list[str] = []
        self.notes: list[str] = []

    def read(self, sources: Sources) -> Iterator[Part]:
        """Combine the files, then analyse one source after the other.

        Data with branches and data without can't be combined: they are analysed apart, and
        a file of both comes twice, to be merged like any that comes in parts.

        Raises:
            ReportError: a file is no readable data file, or no measured file is in the checkout.
        """
        try:
            yield from self._read(sources)
        except OSError as error:
            raise ReportError(f"The coverage data can't be read: {error.strerror}.") from None

    def _read(self, sources: Sources) -> Iterator[Part]:
        yield Part(0.0, [])  # from here on no other report's source roots count
        with TemporaryDirectory(prefix="qe-action-") as folder:
            combined = _Combined(Path(folder), sources)
            for number, path in enumerate(self._paths, 1):
                combined.add(path)
                yield Part(COMBINING * number / len(self._paths), [])
            self._note("without a source in this checkout", combined.missing)
            if combined.missing and not combined.names:
                raise ReportError(
                    "No file that the coverage data names is in this checkout.",
                    hint="Data files are read with the sources that were measured: check them "
                    "out, or give what `coverage xml` writes.",
                    anchor="report-paths-do-not-match-the-repository",
                )
            yield from self._analyse(combined, sources)

    def _analyse(self, combined: _Combined, sources: Sources) -> Iterator[Part]:
        settings = read_settings(lambda name: _content(sources.path(name)))
        self.notes.extend(settings.notes)
        top = sources.path(settings.file) if settings.file else None
        analyses = [
            Analysis(path, settings, top.parent if top else None) for path in combined.data_files()
        ]
        work = [
            (analysis, place)
            for analysis in analyses
            for place in sorted(combined.names)
            if str(place) in analysis.files
        ]
        for number, (analysis, place) in enumerate(work, 1):
            file = analysis.file(place, combined.names[place])
            fraction = COMBINING + (1 - COMBINING) * number / len(work)
            yield Part(fraction, [] if file is None else [file])
        self._note("not readable as Python", {n for each in analyses for n in each.unparsed})
        self._note("measured by a plugin", {n for each in analyses for n in each.plugged})

    def _note(self, why: str, names: Iterable[str]) -> None:
        """Say once which files are not counted."""
        ordered = sorted(names)
        if ordered:
            shown = ", ".join(repr(name[:200]) for name in ordered[:NAMED])
            more = f" and {len(ordered) - NAMED} more" if len(ordered) > NAMED else ""
            self.notes.append(f"Not counted of the coverage data, {why}: {shown}{more}.")


class _Combined:
    """Data files united by coverage.py in `folder`, their paths brought to the checkout.

    `names` maps the place of each measured file to a name the data has for it, `missing` are
    the names that have no place.
    """

    def __init__(self, folder: Path, sources: Sources) -> None:
        self._folder = folder
        self._sources = sources
        self._sets: dict[bool, CoverageData] = {}
        self._schema = self._made_by_coverage()
        self.names: dict[Path, str] = {}
        self.missing: set[str] = set()

    def add(self, path: Path) -> None:
        """Unite one more file with those before. Raises `ReportError`."""
        from coverage import CoverageData
        from coverage.exceptions import CoverageException

        copy = self._folder / "copy"  # what is checked is what is read, whoever writes meanwhile
        if path.stat().st_size > MAX_DATA:
            raise ReportError(f"The coverage data {path.name!r} is larger than 1 GiB.", hint=AGAIN)
        shutil.copyfile(path, copy)
        measured = check(copy, path.name, self._schema)
        places = {name: self._place(name) for name in measured.paths}
        data = CoverageData(str(copy))
        united = self._set(branches=measured.branches)
        try:
            data.read()
            united.update(data, map_path=lambda name: str(places.get(name) or name))
        except (CoverageException, sqlite3.Error, UnicodeDecodeError) as error:
            raise damaged(path.name, error) from None
        finally:
            data.close()
            copy.unlink()

    def data_files(self) -> list[Path]:
        """The united data files, that with branches first."""
        for data in self._sets.values():
            data.close()
        return [Path(data.data_filename()) for _, data in sorted(self._sets.items(), reverse=True)]

    def _place(self, name: str) -> Path | None:
        place = self._sources.locate(name)
        if place is None or place.suffix in (".pyc", ".pyo"):
            self.missing.add(name)
            return None
        self.names.setdefault(place, name)
        return place

    def _set(self, *, branches: bool) -> CoverageData:
        from coverage import CoverageData

        if branches not in self._sets:
            name = "branches" if branches else "lines"
            self._sets[branches] = CoverageData(str(self._folder / name))
        return self._sets[branches]

    def _made_by_coverage(self) -> Schema:
        from coverage import CoverageData

        fresh = CoverageData(str(self._folder / "fresh"))
        fresh.measured_contexts()  # creates the file
        fresh.close()
        return schema_of(self._folder / "fresh")


class Analysis:
    """What coverage.py's own analysis says of the files of one united data file.

    `files` are the measured files, absolute, `unparsed` the names of those that this
    interpreter can't parse, `plugged` of those that a plugin of coverage.py measured.
    """

    def __init__(self, path: Path, settings: Settings, top: Path | None) -> None:
        self._out = path.with_suffix(".json")
        self._coverage = _coverage(path, settings)
        self._data = self._coverage.get_data()
        self._include = _absolute(settings.get("include"), top)
        self._omit = _absolute(settings.get("omit"), top)
        self._reader = ContextReader()
        self._contexts = any(map(named_test, self._data.measured_contexts()))
        self.files = self._data.measured_files()
        self.unparsed: list[str] = []
        self.plugged: list[str] = []

    def file(self, place: Path, name: str) -> FileLines | None:
        """The lines of the file at `place`, called `name`; None where it does not count.

        Raises:
            ReportError: the data can't be read any further.
        """
        from coverage.exceptions import CoverageException, DataError, NoDataError

        try:
            if self._data.file_tracer(str(place)):
                self.plugged.append(name)
                return None
            report = self._report(place)
        except NoDataError:
            return None  # the project's settings leave it out
        except (DataError, sqlite3.Error) as error:
            raise damaged(name, error) from None
        except (CoverageException, *_UNREADABLE):
            report = None
        if report is None:
            self.unparsed.append(name)
            return None
        report.path = name.replace("\\", "/")
        return report

    def _report(self, place: Path) -> FileLines | None:
        """One file by way of coverage.py's JSON report, its public and fullest one."""
        with warnings.catch_warnings():
            # What the compiler thinks of somebody's source is not for our log.
            warnings.simplefilter("ignore")
            self._coverage.json_report(
                [str(place)],
                outfile=str(self._out),
                include=self._include or None,
                omit=self._omit or None,
            )
        report = json.loads(self._out.read_bytes())
        if self._contexts:
            # Not asked of the report, which repeats a file's contexts for each function.
            for entry in report["files"].values():
                entry["contexts"] = self._data.contexts_by_lineno(str(place))
        file = next(files_from_json(report, self._reader), None)
        if file is not None and _excused(report, file):
            for line, (total, taken) in self._coverage.branch_stats(str(place)).items():
                known = file.branches.get(line, Branch(0, 0))
                file.branches[line] = Branch(taken, total, known.missing)
        return file


def _excused(report: Mapping[str, Any], file: FileLines) -> bool:
    """Whether branches not taken are excused (`pragma: no branch`).

    coverage.py's XML and totals count them as taken, its JSON lists them nowhere.
    """
    listed = sum(branch.total for branch in file.branches.values())
    counted: int = report["totals"].get("num_branches", 0)
    return listed != counted


def _coverage(path: Path, settings: Settings) -> Coverage:
    """coverage.py with a data file and the project's settings of what counts, nothing else."""
    from coverage import Coverage

    # A list without a function would count as none given.
    made = Coverage(data_file=str(path), config_file=False, plugins=[lambda registry: None])
    for option, more in (("exclude_lines", "exclude_also"), ("partial_branches", "partial_also")):
        default = made.get_option(f"report:{option}")
        assert isinstance(default, list)
        patterns = [*(settings.get(option) or default), *settings.get(more)]
        made.set_option(f"report:{option}", patterns)
    made.load()
    return made


def _absolute(globs: Iterable[str], top: Path | None) -> list[str]:
    """Globs that coverage.py would take from its current folder, from the project's top."""
    return [glob if glob.startswith(("*", "?")) else str((top or Path()) / glob) for glob in globs]


def _content(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError:
        return None
