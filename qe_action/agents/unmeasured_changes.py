"""Changed files that the report does not know: counted, or said to be unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from qe_action.agents.options import AnalysisOptions
from qe_action.analysis.collect import Collector, Detail, detail
from qe_action.analysis.diff import Diff, FileChange
from qe_action.analysis.globs import PathFilter
from qe_action.analysis.languages import PYTHON, family, says_something
from qe_action.analysis.unmeasured_files import Area, changed_sources, could_be, is_library
from qe_action.errors import sentence
from qe_action.reports.coverage_scope import Scope, scope_of
from qe_action.reports.coverage_settings import Settings
from qe_action.reports.model import FileLines
from qe_action.text import plural
from qe_action.workspace.allowance import Allowance, settings_in_time
from qe_action.workspace.checkout import Checkout
from qe_action.workspace.python_statements import StatementParser

BYTES = 16 * 1024 * 1024
"""Bytes of sources that are parsed for their statements, all together; beyond it is unknown."""
LINKS = 20_000
"""Files of the report that are looked at for whether they are links to a changed file."""
NAMED = 5
"""How many file names a note lists."""

Place = Literal["inside", "unknown", "outside"]


@dataclass(slots=True)
class Unmeasured:
    """What became of the changed sources that the report does not list.

    `details` are those that count as not covered, with no statement run. `unknown` should be in
    the report, and how many statements they have is not known. `outside` are all others.
    """

    details: dict[str, Detail] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The files that no figure stands for, by name, those first that leave one unknown."""
        return [*self.unknown, *self.outside]

    def notes(self) -> Iterator[str]:
        """Sentences for the user on the files that make a figure what it is."""
        if self.details:
            names = sorted(self.details)
            files = plural(len(names), "changed file is", "changed files are")
            whose = "its" if len(names) == 1 else "their"
            yield sentence(
                f"{files} not in the report, which measures the code around: {whose} changed "
                f"statements count as not covered (measure the whole package, or see the input "
                f"unmeasured): {_listed(names)}"
            )
        if self.unknown:
            files = plural(len(self.unknown), "changed file is", "changed files are")
            yield sentence(
                f"{files} not in the report, so patch coverage is unknown: {_listed(self.unknown)}"
            )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


class Search:
    """Looks at each changed source that the report does not list.

    `written` is when the report was, where files may have changed since; None elsewhere.
    """

    def __init__(self, options: AnalysisOptions, checkout: Checkout, written: float | None) -> None:
        self._options = options
        self._checkout = checkout
        self._written = written
        self._globs = PathFilter(options.include, options.exclude)
        self._settings, self._scope = Settings(), Scope()
        self._allowance = Allowance()
        self._parser: StatementParser | None = None
        self._bytes = 0
        self._unplaced: list[str] = []
        self._linked: set[str] = set()  # what the report may list by the name of a tracked link

    def find(
        self, diff: Diff, collector: Collector, foreign: set[str], files: set[str]
    ) -> Unmeasured:
        """What is not known. `foreign` are files of the report that the repository lacks."""
        found = Unmeasured()
        missing = [c for c in changed_sources(diff, collector.files) if self._globs.allows(c.path)]
        if not missing:
            return found
        files = {*files, *(path for path, c in diff.files.items() if c.status != "deleted")}
        self._read_settings(files)
        self._unplaced = [path for path in foreign if not is_library(path)]
        measured = collector.files.keys() - foreign
        untouched = {path for path in measured if _untouched(collector, path)}
        area = Area(measured, untouched, files, self._scope)
        links = map(self._checkout.link, sorted(measured)[:LINKS])
        self._linked = set(filter(None, links))
        for change in missing:
            place = self._place(change.path, area)
            if place == "inside":
                place = self._take(change, found)
            if place == "outside":
                found.outside.append(change.path)
            elif place == "unknown":
                found.unknown.append(change.path)
        return found

    def _place(self, path: str, area: Area) -> Place:
        if self._options.unmeasured == "ignore":
            return "outside"
        if path in self._linked:
            return "unknown"
        if not area.holds(path):
            return "outside"
        if any(could_be(unplaced, path) for unplaced in self._unplaced):
            return "unknown"
        return "outside" if area.passed_over(path) and not self._is_newer(path) else "inside"

    def _take(self, change: FileChange, found: Unmeasured) -> Place:
        """Count a file's statements, if it has any that can be told."""
        path, source = change.path, self._checkout.source(change.path)
        self._bytes += len(source or b"")
        if source is None or self._bytes > BYTES:
            return "unknown"
        if family(path) != PYTHON:
            text = source.decode("utf-8", "replace")
            return "unknown" if says_something(path, text, change.added) else "inside"
        lines = self._statements(source)
        if lines is None or (lines and self._options.unmeasured == "unknown"):
            return "unknown"
        if lines:
            found.details[path] = detail(FileLines(path, hits=dict.fromkeys(lines, 0)), path)
        return "inside"

    def _is_newer(self, path: str) -> bool:
        """Whether the file was written after the report, which could not list it then."""
        return self._written is not None and (
            (self._checkout.modified(path) or 0.0) > self._written
        )

    def _statements(self, source: bytes) -> list[int] | None:
        if self._parser is None:
            self._parser = StatementParser(self._settings, self._allowance)
        return self._parser.statements(source)

    def _read_settings(self, files: set[str]) -> None:
        """coverage.py's settings, those of the folder that the report is about before the top's."""

        def has_folder(place: str) -> bool:
            return any(not place or path.startswith(f"{place}/") for path in files)

        for folder in (*filter(None, [self._options.working]), *self._options.source_roots, ""):
            settings = settings_in_time(partial(self._content, folder), self._allowance)
            if settings.file:
                self._settings = settings
                self._scope = scope_of(settings, folder, has_folder)
                return

    def _content(self, folder: str, name: str) -> bytes | None:
        return self._checkout.source(f"{folder}/{name}" if folder else name)


def _untouched(collector: Collector, path: str) -> bool:
    counts = collector.files[path]
    return bool(counts.statements) and not counts.covered
