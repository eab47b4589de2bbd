"""What coverage.py's JSON report says of one file, taken in one key or one piece at a time."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from qe_action.errors import ReportError
from qe_action.reports.bounds import (
    MAX_BRANCHES,
    MAX_FUNCTIONS,
    MAX_LINE,
    MAX_NAMED,
    MAX_STATEMENTS,
    MAX_WEIGHT,
)
from qe_action.reports.combine import combine_functions
from qe_action.reports.contexts import ContextReader
from qe_action.reports.defects import UNREADABLE, Defects, Kind
from qe_action.reports.elements import MAX_NAME
from qe_action.reports.model import Branch, FileLines, Function, usable_path

HINT = "Give the file that `coverage json` writes."

LINES = ("executed_lines", "missing_lines", "excluded_lines")
ARCS = ("executed_branches", "missing_branches")
_ARC = 1 << 25
"""A way from a line is held as one number: the line times this, and where it leads."""


class Entry:
    """Gathers a file's lines, branches, functions and contexts in whatever order they come."""

    def __init__(self, path: str, reader: ContextReader, defects: Defects) -> None:
        self.path = path
        self._reader = reader
        self._defects = defects
        self._unreadable = 0
        self._measured = False
        self._hits: dict[int, int] = {}
        self._excluded = bytearray()  # by line
        self._arcs: dict[str, set[int]] = {key: set() for key in ARCS}  # packed
        self._unknown: Counter[int] = Counter()  # ways out of a line that can't be read
        self._weight = 0
        self._functions: list[Function] = []
        self._contexts: dict[int, tuple[str, ...]] = {}
        self._summary: Mapping[str, Any] = {}

    def take(self, key: str, value: object) -> None:
        """A key with its whole value."""
        if key in LINES:
            self.take_lines(key, self._as_list(value, key, "list of line numbers"))
        elif key in ARCS:
            self.take_arcs(key, self._as_list(value, key, "list of pairs"))
        elif key == "summary" and isinstance(value, Mapping):
            self._summary = value
        elif key == "functions":
            for name, region in self._as_mapping(value, key).items():
                if not isinstance(region, Mapping):
                    raise self.malformed(f"function {str(name)[:MAX_NAME]!r} is not a mapping")
                span = Span(self)
                for part, content in region.items():
                    span.take(part, content)
                self.take_function(str(name), span)
        elif key == "contexts":
            for line, names in self._as_mapping(value, key).items():
                self.take_context(line, names)

    def take_lines(self, key: str, numbers: Iterable[object]) -> None:
        """Some of a key's lines."""
        self._measured = self._measured or key == "executed_lines"
        if key == "excluded_lines":
            for number in self.readable(numbers, key):
                if number >= len(self._excluded):
                    self._excluded.extend(bytes(number + 1 - len(self._excluded)))
                self._excluded[number] = 1
            return
        hits, run = self._hits, int(key == "executed_lines")
        for number in self.readable(numbers, key):
            if number not in hits and len(hits) >= MAX_STATEMENTS:
                self.note("statements", f"{key}: {number}")
            elif not hits.get(number):
                hits[number] = run

    def take_arcs(self, key: str, pairs: Iterable[object]) -> None:
        """Some of a key's pairs of a line and where it leads.

        A pair whose line alone can be read is a way of it that was not taken.
        """
        arcs = self._arcs[key]
        for pair in pairs:
            match pair:
                case [int() as line, int() as target] if (
                    0 < line <= MAX_LINE and abs(target) <= MAX_LINE
                ):
                    arc = line * _ARC + target + MAX_LINE
                    if arc not in arcs and self._has_room(f"{key}: {line}"):
                        arcs.add(arc)
                case [int() as line, *_] if 0 < line <= MAX_LINE:
                    self.note("branch", f"{key}: {pair!r:.80}")
                    if self._has_room(f"{key}: {line}"):
                        self._unknown[line] += 1
                case _:
                    self.note("branch", f"{key}: {pair!r:.80}")

    def take_function(self, name: str, span: Span) -> None:
        """A function of format 3; the nameless one is the module's own code."""
        if not name or not span.last:
            return
        if len(self._functions) >= MAX_FUNCTIONS:
            self.note("functions", name)
            return
        start = span.start if 0 < span.start <= span.first else span.first
        self._functions.append(Function(name[:MAX_NAME], start, span.last, span.covered))

    def take_context(self, line: object, names: object) -> None:
        """The contexts that ran a line, or some of them."""
        number = _line_of(line)
        if number is None or not isinstance(names, list | tuple):
            raise self.malformed("'contexts' does not map line numbers to lists")
        tests = self._reader.tests(name for name in names if isinstance(name, str))
        if known := self._contexts.get(number):
            tests = self._reader.tests((*known, *tests))
        if tests and not known and len(self._contexts) >= MAX_WEIGHT:
            self.note("tests", f"line {number}")
        elif tests:
            self._contexts[number] = tests

    def file(self) -> FileLines:
        """All that was taken."""
        if not self._measured:
            raise self.malformed("it has no 'executed_lines'")
        branches = dict(self._branches())
        # A lone surrogate, which JSON can spell, could not be written to any output.
        spelled = usable_path(self.path).encode("utf-8", "replace").decode("utf-8")
        hits = self._ordered_hits()
        excluded = array("I", (line for line, flag in enumerate(self._excluded) if flag))
        return FileLines(
            spelled,
            hits,
            branches,
            combine_functions(self._functions),
            self._reader.placed(self._contexts, hits, excluded),
            excused=self._excuse(branches),
            unreadable=self._unreadable,
            weight=sum(len(branch.missing) for branch in branches.values()),
        )

    def _ordered_hits(self) -> dict[int, int]:
        """The hits by line, which are not held twice."""
        lines = array("I", sorted(self._hits))
        run = bytes(self._hits[line] for line in lines)
        self._hits.clear()
        return dict(zip(lines, run, strict=True))

    def _branches(self) -> Iterator[tuple[int, Branch]]:
        """Branches by the line they leave; a negative target is a way out of the code block."""
        executed, missing = (self._arcs[key] for key in ARCS)
        weight = 0
        taken = Counter(arc // _ARC for arc in executed)
        missed = Counter(arc // _ARC for arc in missing if arc not in executed)
        arcs = iter(sorted(arc for arc in missing if arc not in executed))
        for line in sorted(taken.keys() | missed.keys() | self._unknown.keys()):
            targets = [arc % _ARC - MAX_LINE for arc in islice(arcs, missed[line])]
            named = targets[:MAX_NAMED] if weight < MAX_WEIGHT else []
            weight += len(named)
            if len(named) < len(targets):
                self.note("names", f"line {line}")
            names = tuple("exit" if target < 0 else str(target) for target in named)
            total = taken[line] + missed[line] + self._unknown[line]
            yield line, Branch(taken[line], total, names)

    def _excuse(self, branches: dict[int, Branch]) -> int:
        """Count what the summary has beyond the lists: branches not taken that are excused.

        Those of `pragma: no branch` are in no list, but count as taken in coverage.py's totals. A
        branch has two ways at least, so a line with one has an excused one; of the others the
        line is not known: they are the result.
        """
        total, taken = (self._summary.get(f"{key}_branches") for key in ("num", "covered"))
        if type(total) is not int or type(taken) is not int:
            return 0
        listed = sum(branch.total for branch in branches.values())
        covered = sum(branch.covered for branch in branches.values())
        excused = min(total - listed, taken - covered, MAX_BRANCHES)
        for line, branch in branches.items():
            if excused > 0 and branch.total == 1:
                branches[line] = Branch(branch.covered + 1, 2, branch.missing)
                excused -= 1
        return max(0, excused)

    def _has_room(self, example: str) -> bool:
        self._weight += 1
        if self._weight <= MAX_WEIGHT:
            return True
        self.note("ways", example)
        return False

    def readable(self, numbers: Iterable[object], key: str) -> list[int]:
        """The lines among `numbers`; what is none is noted."""
        listed = list(numbers)
        found = [number for number in listed if type(number) is int and 0 < number <= MAX_LINE]
        if len(found) < len(listed):
            for number in listed:
                if type(number) is not int or not 0 < number <= MAX_LINE:
                    self.note("line", f"{key}: {number!r:.80}")
        return found

    def note(self, kind: Kind, example: str) -> None:
        self._defects.add(kind, example, self.path)
        self._unreadable += kind in UNREADABLE

    def malformed(self, why: str) -> ReportError:
        return ReportError(
            f"The JSON report is malformed at file {self.path[:200]!r}: {why}.", hint=HINT
        )

    def _as_list(self, value: object, key: str, what: str) -> list[object] | tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise self.malformed(f"'{key}' is not a {what}")
        return value

    def _as_mapping(self, value: object, key: str) -> Mapping[Any, Any]:
        if not isinstance(value, Mapping):
            raise self.malformed(f"'{key}' is not a mapping")
        return value


class Span:
    """The lines of one function: no more of them than is needed."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.start = 0
        self.first = MAX_LINE + 1
        self.last = 0
        self.covered = False

    def take(self, key: str, value: object) -> None:
        """A key of the function, with its value or a piece of it."""
        if key == "start_line":
            self.start = value if type(value) is int else 0
        elif key in ("executed_lines", "missing_lines"):
            if not isinstance(value, list | tuple):
                raise self._entry.malformed(f"'{key}' is not a list of line numbers")
            if lines := [n for n in value if type(n) is int and 0 < n <= MAX_LINE]:
                self.first = min(self.first, *lines)
                self.last = max(self.last, *lines)
                self.covered = self.covered or key == "executed_lines"


def _line_of(line: object) -> int | None:
    """A line as a number, or as the text that a JSON key is."""
    if isinstance(line, str):
        digits = line.removeprefix("-")
        if len(digits) < 10 and digits.isascii() and digits.isdecimal():
            return int(line)
    return line if type(line) is int else None
