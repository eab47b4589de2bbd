"""coverage.py's data files (`.coverage`), combined and analysed by coverage.py.

A data file holds the lines or arcs that ran, by the paths of the machine that measured, but
not the statements: those come from the sources in the checkout. Nothing of the project runs:
no plugin of it is loaded, and its settings are read as `reports.coverage_config` says.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from qe_action.errors import ReportError
from qe_action.reports.coverage_settings import Settings
from qe_action.reports.model import Part
from qe_action.workspace.allowance import Allowance, settings_in_time
from qe_action.workspace.data_analysis import Analysis
from qe_action.workspace.data_check import AGAIN, Schema, check, damaged, schema_of
from qe_action.workspace.sources import Sources

if TYPE_CHECKING:
    from coverage import CoverageData

MAX_DATA = 512 << 20
"""Bytes of the largest data file that is read."""
COMBINING = 0.1
"""The part of the reading that combining counts as; analysing the sources takes the rest."""
NAMED = 3
"""How many files a note names."""


class DataFiles:
    """Data files that are one report. Implements `Report`; they name no source roots."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.sources: list[str] = []
        self.place: str | None = None
        self.notes: list[str] = []
        self.written: float | None = None

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
        allowance = Allowance()
        settings, home = _settings(sources, allowance)
        self.notes.extend(settings.notes)
        analyses = [Analysis(path, settings, home, allowance) for path in combined.data_files()]
        work = [
            (analysis, place)
            for analysis in analyses
            for place in sorted(combined.names)
            if str(place) in analysis.files
        ]
        for number, (analysis, place) in enumerate(work, 1):
            file = analysis.file(place, combined.names[place])
            if file is not None:
                file.placed = combined.tracked[place]
            fraction = COMBINING + (1 - COMBINING) * number / len(work)
            yield Part(fraction, [] if file is None else [file])
        self._note("not readable as Python", {n for each in analyses for n in each.unparsed})
        self._note("taking too long", {n for each in analyses for n in each.slow})
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

    `names` maps the place of each measured file to a name the data has for it, `tracked` to its
    path in the repository, `missing` are the names that have no place.
    """

    def __init__(self, folder: Path, sources: Sources) -> None:
        self._folder = folder
        self._sources = sources
        self._sets: dict[bool, CoverageData] = {}
        self._schema = self._made_by_coverage()
        self.names: dict[Path, str] = {}
        self.tracked: dict[Path, str] = {}
        self.missing: set[str] = set()

    def add(self, path: Path) -> None:
        """Unite one more file with those before. Raises `ReportError`."""
        from coverage import CoverageData
        from coverage.exceptions import CoverageException

        copy = self._folder / "copy"  # what is checked is what is read, whoever writes meanwhile
        if path.stat().st_size > MAX_DATA:
            raise ReportError(
                f"The coverage data {path.name!r} is larger than 512 MiB.", hint=AGAIN
            )
        shutil.copyfile(path, copy)
        measured = check(copy, path.name, self._schema)
        located = self._sources.locate(measured.paths, path)
        places = {name: self._place(name, located.get(name)) for name in measured.paths}
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

    def _place(self, name: str, tracked: str | None) -> Path | None:
        place = self._sources.path(tracked) if tracked is not None else None
        if place is None or place.suffix in (".pyc", ".pyo") or "\\" in str(place):
            # For compiled files coverage.py would read what stands beside them.
            self.missing.add(name)
            return None
        assert tracked is not None
        self.names.setdefault(place, name)
        self.tracked[place] = tracked
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


def _settings(sources: Sources, allowance: Allowance) -> tuple[Settings, Path | None]:
    """What the project tells coverage.py, and the folder that its globs start from.

    The settings of the folder in which the tests run go before those at the top.
    """
    for home in dict.fromkeys((sources.working, "")):
        start = f"{home}/" if home else ""
        settings = settings_in_time(partial(_setting, sources, start), allowance)
        if settings.file or not home:
            break
    place = sources.path(start + settings.file) if settings.file else None
    return settings, place.parent if place else None


def _setting(sources: Sources, start: str, name: str) -> bytes | None:
    return _content(sources.path(start + name))


def _content(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError:
        return None
