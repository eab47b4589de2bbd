"""The reports that are here: what they are, what they hold, and how their paths fit."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from qe_action.analysis.coverage_paths import read_aliases
from qe_action.analysis.globs import PathFilter
from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.path_report import diagnose, guess_root, report_of, used
from qe_action.analysis.paths import Ambiguous, Match, PathIndex
from qe_action.analysis.source_lines import excludes
from qe_action.analysis.unmeasured_files import Misfit, misfit
from qe_action.diagnosis.facts import Paths, Report
from qe_action.errors import QEError, ReportError, sentence
from qe_action.place import Place
from qe_action.reports import FORMATS, detect
from qe_action.reports.model import FileLines
from qe_action.reports.sniff import HEAD
from qe_action.settings import Settings
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.data_file import DataFiles
from qe_action.workspace.report_file import Report as Readable
from qe_action.workspace.report_file import ReportFile, expand
from qe_action.workspace.sources import Foreign, Sources

PATIENCE = 20.0
"""Seconds for reading all reports; what was read until then is told as “at least”."""
REPORTS = 50
"""Reports that are looked at."""
NEARBY = 5
"""Reports that are named where one is missing."""
ENTRIES = 20_000
"""Names of files and folders that are looked at for reports."""
LEVELS = 5
"""Folders below each other that are looked into."""

_USUAL = re.compile("|".join(each.files for each in FORMATS), re.IGNORECASE)
_ELSEWHERE = {"node_modules", "__pycache__", "site-packages", "venv", "env"}

Clock = Callable[[], float]


def find_reports(settings: Settings) -> tuple[tuple[Report, ...], tuple[Report, ...]]:
    """Every report that was asked for, told by its first bytes, and those nearby."""
    if settings.inputs.mode == "publish":
        return (), ()
    folder = settings.workspace / settings.inputs.working_directory
    found: list[Report] = []
    for name in settings.inputs.coverage_file:
        try:
            files = expand(folder / name)
        except ReportError as error:
            found.append(Report(name, problem=error.message))
        else:
            found += [_told(file, settings.workspace) for file in files]
        if len(found) >= REPORTS:
            break
    missing = any(report.problem for report in found)
    return tuple(found[:REPORTS]), tuple(_nearby(settings)) if missing else ()


def _told(path: Path, workspace: Path) -> Report:
    name = _short(path, workspace)
    try:
        if path.exists() and not path.is_file():
            return Report(name, problem=f"{name} is no file.")
        with path.open("rb") as stream:
            return Report(name, detect(stream.read(HEAD), name).name)
    except FileNotFoundError:
        return Report(name, problem=f"There is no coverage report at {name}.")
    except OSError as error:
        return Report(name, problem=f"{name} can't be read: {error.strerror}.")
    except ReportError as error:
        return Report(name, problem=error.message)


def _nearby(settings: Settings) -> Iterator[Report]:
    """Files by a report's usual names that are reports, those further up first, data last."""
    folder = settings.workspace / settings.inputs.working_directory
    seen = 0
    for name in sorted(_usual(folder), key=_order):
        told = _told(folder / name, folder)
        if not told.problem:
            yield told
            seen += 1
        if seen == NEARBY:
            return


def _order(path: str) -> tuple[int, bool, str]:
    """Written reports go before the data they were made of, which need their sources."""
    return path.count(os.sep), Path(path).name.startswith(".coverage"), path


def _usual(folder: Path) -> Iterator[str]:
    left = ENTRIES
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        folders[:] = [
            name
            for name in sorted(folders)
            if not name.startswith(".") and name not in _ELSEWHERE and len(below.parts) < LEVELS
        ]
        left -= len(folders) + len(files)
        if left < 0:
            return
        yield from (str(below / name) for name in files if _USUAL.fullmatch(name))


class Reading:
    """Reads the reports as the analysis would, and counts.

    `below` is the folder of the repository that the reports are about, `.` for its top.
    """

    def __init__(
        self,
        settings: Settings,
        index: PathIndex | None,
        checkout: Checkout,
        below: str,
        clock: Clock,
    ) -> None:
        inputs = settings.inputs
        self._workspace = settings.workspace
        self._checkout = checkout
        self._mapper = PathMapper(
            Tree.of(
                index,
                workspaces=(*settings.roots, checkout.top),
                source_roots=inputs.source_root,
                working=below if below != "." else "",
                aliases=read_aliases(checkout.source, working=below if below != "." else ""),
                target=checkout.link,
            ),
            excluded=self._excluded,
        )
        self._globs = PathFilter(inputs.include, inputs.exclude)
        self._reader: Place = "workflow" if settings.in_workflow else "command line"
        self._absent: list[str] = []
        self._sources: tuple[str, ...] = ()
        self._clock = clock
        self._end = clock() + PATIENCE

    def read(self, report: Report) -> Report:
        """The report with its figures, or with what is wrong with it."""
        if report.problem:
            return report
        path = self._workspace / report.path
        readable: Readable = ReportFile(path)
        if report.format == "coverage.py data":
            readable = DataFiles([path])
        files: dict[tuple[str, str, str], int] = {}
        whole = True
        begin = partial(self._mapper.begin, report.path, place=readable.place)
        try:
            for part in readable.read(Sources(self._mapper, self._checkout)):
                begin(sources=readable.sources)
                for take in part.one_by_one():
                    whole = self._count(take(), files) and whole
                if self._clock() > self._end:
                    whole = False
                    break
        except QEError as error:
            return replace(report, problem=error.message)
        self._mapper.settle()
        begin(sources=readable.sources)
        self._sources += tuple(readable.sources)
        places = [place for each in files if (place := self._place(*each))]
        report = replace(report, files=len(files), statements=sum(files.values()))
        return self._aged(replace(report, at_least=not whole), path, places)

    def _count(self, file: FileLines, files: dict[tuple[str, str, str], int]) -> bool:
        """Enter a file's statements in `files`; whether it had none of them there yet."""
        key = (file.placed or file.path, file.group, file.package)
        new = key not in files
        files[key] = max(files.get(key, 0), len(file.hits))
        if file.placed is None:
            self._mapper.resolve(file.path, group=file.group, package=file.package, lines=file.hits)
        return new

    def _excluded(self, file: str, lines: Sequence[int]) -> bool:
        """Whether a file of the checkout can't have these lines."""
        content = self._checkout.source(file)
        return content is not None and excludes(file, content, lines)

    def _place(self, name: str, group: str, package: str) -> str | None:
        found = self._mapper.resolve(name, group=group, package=package)
        if not isinstance(found, Match) or not self._globs.allows(found.path):
            return None
        if self._checkout.path(found.path) is None:
            self._absent.append(found.path)
        return found.path

    def _aged(self, report: Report, path: Path, places: list[str]) -> Report:
        try:
            written = path.stat().st_mtime
        except OSError:
            return report
        newer = [place for place in places if self._changed(place) > written]
        return replace(report, newer=len(newer), newer_example=newer[0] if newer else "")

    def _changed(self, place: str) -> float:
        try:
            found = self._checkout.path(place)
            return found.stat().st_mtime if found else 0.0
        except OSError:
            return 0.0

    def paths(self) -> Paths:
        """How all paths so far fit."""
        found = report_of(self._mapper, self._globs.allows)
        guess = guess_root(found, self._mapper)
        misfits = self._misfit()
        return Paths(
            matched=len(found.matched),
            total=found.total,
            absent=len(self._absent),
            absent_example=next(iter(self._absent), ""),
            left_out=report_of(self._mapper).total - found.total,
            advice=tuple(map(sentence, diagnose(found, self._mapper, self._reader))),
            source_root=guess.source_root if guess else "",
            used=() if misfits else tuple(map(sentence, used(found))),
            misfit=str(misfits or ""),
        )

    def _misfit(self) -> Misfit | None:
        """Whether the reports are of something else, by what the analysis goes by."""
        if self._mapper.index is None:
            return None
        listed, open_paths = set(), set()
        foreign = set()
        for path, (found, _) in self._mapper.answers():
            name = found.path if isinstance(found, Match) else path
            if not self._globs.allows(name):
                continue
            listed.add(name)
            if not isinstance(found, Match):
                foreign.add(name)
            if isinstance(found, Ambiguous):
                open_paths.add(name)
        unchecked = PathMapper(replace(self._mapper.tree, index=PathIndex(()), known=False))
        unchecked.begin(sources=self._sources)
        there = Foreign(unchecked, self._checkout)
        return misfit(sorted(listed), foreign, lambda p: p in open_paths or there.is_here(p))


def _short(path: Path, workspace: Path) -> str:
    """A path as it is shown: relative to the workspace where it lies below."""
    try:
        return path.relative_to(workspace).as_posix()
    except ValueError:
        return str(path)
