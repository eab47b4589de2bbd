"""coverage.py's own analysis of a data file, one source at a time."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qe_action.analysis.python_module import parse_module
from qe_action.analysis.source_match import strange_entries, strays
from qe_action.analysis.statements import find_extents
from qe_action.reports.contexts import ContextReader, named_test
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.coverage_settings import Settings
from qe_action.reports.model import Branch, FileLines
from qe_action.workspace.allowance import Allowance, TooSlowError
from qe_action.workspace.data_check import damaged

if TYPE_CHECKING:
    from coverage import Coverage

_UNREADABLE = (OSError, SyntaxError, ValueError, LookupError, RecursionError, MemoryError)
"""What Python's compiler and codecs raise at sources, beside coverage.py's own errors."""


class Analysis:
    """What coverage.py's own analysis says of the files of one united data file.

    `files` are the measured files, absolute, `unparsed` the names of those that this
    interpreter can't parse, `plugged` of those that a plugin of coverage.py measured, `slow` of
    those that would take too long.
    """

    def __init__(
        self, path: Path, settings: Settings, top: Path | None, allowance: Allowance
    ) -> None:
        self._allowance = allowance
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
        self.slow: list[str] = []

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
            with self._allowance.of(place.stat().st_size):
                report = self._report(place)
        except NoDataError:
            return None  # the project's settings leave it out
        except TooSlowError:
            self.slow.append(name)
            return None
        except (DataError, sqlite3.Error) as error:
            raise damaged(name, error) from None
        except (CoverageException, *_UNREADABLE):
            report = None
        if report is None:
            self.unparsed.append(name)
            return None
        report.path = name.replace("\\", "/")
        report.stale = self._is_stale(place)
        return report

    def _is_stale(self, place: Path) -> bool:
        """Whether lines ran that the source does not have: it was edited since."""
        module = parse_module(place.name, place.read_bytes())
        ran = sorted(line for line in self._data.lines(str(place)) or () if line > 0)
        if module is None:
            return False  # coverage.py could read it, so it has spoken
        if strays(module, find_extents(module), ran):
            return True
        arcs = self._data.arcs(str(place)) or ()
        return bool(strange_entries(module, {-line for arc in arcs for line in arc if line < 0}))

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
        if file is not None and _excused(report):
            file.excused = 0  # here it is known where they are
            for line, (total, taken) in self._coverage.branch_stats(str(place)).items():
                known = file.branches.get(line, Branch(0, 0))
                file.branches[line] = Branch(taken, total, known.missing)
        return file


def _excused(report: Mapping[str, Any]) -> bool:
    """Whether branches not taken are excused (`pragma: no branch`).

    coverage.py's XML and totals count them as taken, its JSON lists them nowhere.
    """
    entries = report["files"].values()
    keys = ("executed_branches", "missing_branches")
    listed = sum(len(entry.get(key, ())) for entry in entries for key in keys)
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
        patterns = [*settings.values.get(option, default), *settings.get(more)]
        made.set_option(f"report:{option}", patterns)
    made.load()
    return made


def _absolute(globs: Iterable[str], top: Path | None) -> list[str]:
    """Globs that coverage.py would take from its current folder, from the project's top."""
    return [glob if glob.startswith(("*", "?")) else str((top or Path()) / glob) for glob in globs]
