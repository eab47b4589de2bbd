"""What the records of one file in an LCOV tracefile say."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from qe_action.reports.bounds import (
    FEW,
    MAX_EXACT,
    MAX_FUNCTIONS,
    MAX_LINE,
    MAX_NAMED,
    MAX_ROOM,
    MAX_STATEMENTS,
    MAX_WEIGHT,
)
from qe_action.reports.combine import MAX_ALIASES, combine_functions
from qe_action.reports.defects import UNREADABLE, Defects, Kind
from qe_action.reports.elements import MAX_HITS, MAX_NAME
from qe_action.reports.model import Branch, FileLines, Function, Ways
from qe_action.reports.ways import as_ways, branch_of, way_id

_NUMBER = re.compile(rb"[+-]?(\d++\.?\d*+|\.\d++)([eE][+-]?\d{1,4})?")
_NOT_RUN = (b"#####", b"=====")
"""How gcov marks a line not run; the second one only runs after an exception."""
_BLOCK = re.compile(rb"([efU]*)(\d{1,20})")
_FUNCTION = re.compile(rb"(\d{1,8}),(?:(\d{1,8}),)?(.+)", re.DOTALL)
_LEADER = re.compile(rb"(\d{1,9}),(\d{1,8})(?:,(\d{1,8}))?")
_ALIAS = re.compile(rb"(\d{1,9}),([^,]+),(.+)", re.DOTALL)

MAX_RECORDS = 4 * MAX_FUNCTIONS
"""Records about functions that are kept of a section: name, calls, aliases."""
SHARED = 1000
"""Sets of ways of a line that are remembered to be shared by others."""
MAX_BYTES = 4 * MAX_NAME
"""Bytes of a function's name that are kept."""

OF_LINE = 80  # bytes that each of these takes, about, beside its text
OF_WAY = 250
OF_FUNCTION = 64


class _Found(NamedTuple):
    """A function: its first line, its last if the report gives it, and whether it was called."""

    name: str
    start: int
    end: int | None
    called: bool | None
    aliases: tuple[str, ...] = ()


class Section:
    """The records between `SF` and `end_of_record`: one file, or one test's part of it."""

    def __init__(self, path: str, defects: Defects) -> None:
        self._path = path
        self._defects = defects
        self._unreadable = 0
        self._hits: dict[int, int] = {}
        self._ways: dict[int, dict[str, bool]] = {}
        self._weight = 0
        self._functions: list[tuple[int, int | None, bytes]] = []
        self._calls: dict[bytes, int] = {}
        self._leaders: dict[bytes, tuple[int, int | None]] = {}
        self._aliases: dict[bytes, list[tuple[bytes, int]]] = {}
        self._names = 0
        self._texts = 0  # bytes of names and ways

    def take(self, kind: bytes, value: bytes) -> None:
        """Enter one of `RECORDS`; what makes no sense of it becomes a defect."""
        defect = _TAKE[kind](self, value)
        if defect is not None:
            self._defects.add(defect, _example(kind, value), self._path)
            self._unreadable += defect in UNREADABLE

    def file(self, path: str) -> FileLines:
        """All that was taken."""
        file = FileLines(path, self._hits, functions=self._all_functions())
        shared: dict[object, tuple[Ways, Branch]] = {}  # most lines have the same few ways
        for line in list(self._ways):
            ways = as_ways(self._ways.pop(line))
            found = shared.get(ways) or (ways, branch_of(ways))
            if len(shared) < SHARED:
                shared[ways] = found
            file.ways[line], branch = found
            file.branches[line] = branch
            if len(branch.missing) == MAX_NAMED < branch.total - branch.covered:
                self._defects.add("names", f"line {line}", self._path)
        file.weight, file.unreadable = self._weight, self._unreadable
        return file

    def _take_line(self, value: bytes) -> Kind | None:
        """`line,hits[,checksum]`; of a line given twice the higher hits count."""
        number, _, more = value.partition(b",")
        line, taken = _line(number), _hits(more.partition(b",")[0])
        if line is None or taken is None:
            return "line"
        if line not in self._hits:
            if len(self._hits) >= MAX_STATEMENTS:
                return "statements"
            if not self._fits(OF_LINE):
                return "room"
        if len(self._hits) >= MAX_EXACT:
            taken = min(taken, FEW)
        if self._hits.setdefault(line, taken) < taken:
            self._hits[line] = taken
        return None

    def _take_branch(self, value: bytes) -> Kind | None:
        """`line,[flags]block,branch,taken`, where the branch may hold commas.

        Of the flags, `U` says that it can't be reached: lcov doesn't count it either. `e` is a
        way that only an exception takes. A count that makes no sense counts as none.
        """
        number, _, more = value.partition(b",")
        block, _, more = more.partition(b",")
        branch, comma, count = more.rpartition(b",")
        if not comma:
            branch = count  # the count itself is missing
        line, taken = _line(number), 0 if count.strip() == b"-" else _hits(count)
        if line is None or not branch:
            return "branch"
        flagged = _BLOCK.fullmatch(block)
        if flagged and b"U" in flagged[1]:
            return None
        way = way_id(text_of(flagged[2] if flagged else block), text_of(branch))
        ways = self._ways.get(line)
        if ways is None or way not in ways:
            if self._weight >= MAX_WEIGHT:
                return "ways"
            if not self._fits(OF_WAY + len(way)):
                return "room"
            self._weight += 1
            self._texts += len(way)
        if ways is None:
            ways = self._ways[line] = {}
        if not comma or taken is None:
            ways.setdefault(way, False)
            return "branch"
        ways[way] = ways.get(way, False) or taken > 0
        return None

    def _take_function(self, value: bytes) -> Kind | None:
        """`start[,end],name`."""
        found = _FUNCTION.fullmatch(value)
        start = _line(found[1]) if found else None
        if not found or start is None:
            return "function"
        if not self._has_room(found[3]):
            return "functions"
        self._functions.append((start, _end(found[2], start), found[3][:MAX_BYTES]))
        return None

    def _take_calls(self, value: bytes) -> Kind | None:
        """`calls,name`."""
        count, _, name = value.partition(b",")
        name = name[:MAX_BYTES]
        calls = _hits(count)
        if name not in self._calls and not self._has_room(name):
            return "functions"
        self._calls[name] = max(calls or 0, self._calls.get(name, 0))
        return "function" if calls is None else None

    def _take_leader(self, value: bytes) -> Kind | None:
        """`index,start[,end]` of lcov 2.2: a function, whose names follow."""
        leader = _LEADER.fullmatch(value)
        start = _line(leader[2]) if leader else None
        if not leader or start is None:
            return "function"
        if not self._has_room(leader[1]):
            return "functions"
        self._leaders[leader[1]] = (start, _end(leader[3], start))
        return None

    def _take_alias(self, value: bytes) -> Kind | None:
        """`index,calls,name` of lcov 2.2: one of a function's names."""
        alias = _ALIAS.fullmatch(value)
        if not alias:
            return "function"
        if not self._has_room(alias[3]):
            return "functions"
        calls = _hits(alias[2])
        self._aliases.setdefault(alias[1], []).append((alias[3][:MAX_BYTES], calls or 0))
        return "function" if calls is None else None

    def _has_room(self, name: bytes) -> bool:
        """Whether one more record of a function may be kept."""
        self._names += 1
        size = 2 * min(len(name), MAX_BYTES)  # as bytes, and as text in the end
        if self._names > MAX_RECORDS or not self._fits(OF_FUNCTION + size):
            return False
        self._texts += size
        return True

    def _fits(self, size: int) -> bool:
        """Whether so many bytes more can be held of the file."""
        held = OF_LINE * len(self._hits) + OF_WAY * self._weight + OF_FUNCTION * self._names
        return held + self._texts + size <= MAX_ROOM

    def _all_functions(self) -> list[Function]:
        found = []
        for start, end, name in self._functions:
            calls = self._calls.get(name)
            found.append(_Found(_name(name), start, end, None if calls is None else calls > 0))
        for index, (start, end) in self._leaders.items():
            aliases = self._aliases.get(index)
            if aliases:
                names = sorted({_name(name) for name, _ in aliases}, key=lambda n: (len(n), n))
                called = any(calls for _, calls in aliases)
                found.append(_Found(names[0], start, end, called, tuple(names[:MAX_ALIASES])))
        if not found:
            return []  # in order, many lines take room
        lines = sorted(self._hits)
        run = [line for line in lines if self._hits[line]]
        starts = sorted(each.start for each in found)
        return combine_functions(_function(each, lines, run, starts) for each in found)


_TAKE: dict[bytes, Callable[[Section, bytes], Kind | None]] = {
    b"DA": Section._take_line,
    b"BRDA": Section._take_branch,
    b"FN": Section._take_function,
    b"FNDA": Section._take_calls,
    b"FNL": Section._take_leader,
    b"FNA": Section._take_alias,
}
RECORDS = frozenset(_TAKE)
"""The records that are read of a file."""


def text_of(data: bytes) -> str:
    """Bytes as text: UTF-8, or Latin-1, which can always be read, where they aren't."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _function(found: _Found, lines: list[int], run: list[int], starts: list[int]) -> Function:
    """The function with its last line, and whether it was run if its calls aren't told.

    Where the end isn't given, a function that was never called reaches to the next line that
    was run or the next function. Of one that was called no more than its first line is
    claimed: what follows may belong to whatever is around it.
    """
    name, start, end, called, aliases = found
    if called is None:
        called = bisect_right(run, end or start) > bisect_left(run, start)
    if end is None and not called:
        border = min(_following(run, start), _following(starts, start))
        end = lines[bisect_left(lines, border) - 1] if lines else start
    return Function(name, start, max(start, end or 0), called, aliases)


def _following(ordered: list[int], line: int) -> int:
    """The first of the lines in order that comes after `line`, or one beyond all."""
    at = bisect_right(ordered, line)
    return ordered[at] if at < len(ordered) else MAX_LINE + 1


def _name(name: bytes) -> str:
    return " ".join(text_of(name).split())[:MAX_NAME]


def _line(text: bytes) -> int | None:
    """A line's number; None where no file can have it."""
    text = text.strip()
    number = int(text) if text.isdigit() and len(text) < 12 else 0
    return number if 0 < number <= MAX_LINE else None


def _end(text: bytes | None, start: int) -> int | None:
    """A function's last line; None where it isn't given or can't be."""
    end = _line(text) if text else None
    return end if end is not None and end >= start else None


def _hits(text: bytes) -> int | None:
    """A count, also written as `3.0`; None where it makes no sense.

    A negative one is an overflown counter's and counts as none, as lcov takes it.
    """
    text = text.strip()
    if text.isdigit() and len(text) < 19:
        return int(text)
    if text in _NOT_RUN:
        return 0
    if not _NUMBER.fullmatch(text):
        return None
    return math.ceil(max(0.0, min(float(text), MAX_HITS)))


def _example(kind: bytes, value: bytes) -> str:
    return text_of(kind + b":" + value[:MAX_BYTES])
