"""What the records of one file in an LCOV tracefile say."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from qe_action.reports.combine import combine_functions
from qe_action.reports.elements import MAX_BRANCHES, MAX_HITS, MAX_LINE, MAX_NAME
from qe_action.reports.model import Branch, FileLines, Function

_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_NOT_RUN = (b"#####", b"=====")
"""How gcov marks a line not run; the second one only runs after an exception."""

_BLOCK = re.compile(rb"([efU]*)(\d{1,20})")
_FUNCTION = re.compile(rb"(\d{1,8}),(?:(\d{1,8}),)?(.+)", re.DOTALL)
_LEADER = re.compile(rb"(\d{1,9}),(\d{1,8})(?:,(\d{1,8}))?")
_ALIAS = re.compile(rb"(\d{1,9}),([^,]+),(.+)", re.DOTALL)

_NAMEABLE = re.compile(r"[\w.:>+!=&|(), '-]{1,80}", re.ASCII)
"""Names of branches are words and conditions; no markup or mention can be made of these."""

_TO_LINE = re.compile(r"jump to line (\d{1,8})")
_EXIT = re.compile(r"jump to the function exit|exit the module|(return|except) from function .*")
"""How coverage.py describes branches here; in its other reports they are `15` and `exit`."""

Way = tuple[bytes, bytes]
"""Block and branch, which name one way out of a line."""


class _Found(NamedTuple):
    """A function: its first line, its last if the report gives it, and whether it was called."""

    name: str
    start: int
    end: int | None
    called: bool | None


class Section:
    """The records between `SF` and `end_of_record`: one file, or one test's part of it."""

    def __init__(self) -> None:
        self.skipped = 0
        self._hits: dict[int, int] = {}
        self._ways: dict[int, dict[Way, bool]] = {}
        self._functions: list[tuple[int, int | None, bytes]] = []
        self._calls: dict[bytes, int] = {}
        self._leaders: dict[bytes, tuple[int, int | None]] = {}
        self._aliases: dict[bytes, list[tuple[bytes, int]]] = {}

    def take(self, kind: bytes, value: bytes) -> None:
        """Enter one of `RECORDS`; one that makes no sense is left out."""
        _TAKE[kind](self, value)

    def file(self, path: str) -> FileLines:
        """All that was taken."""
        branches = {line: _branch(ways) for line, ways in self._ways.items()}
        return FileLines(path, self._hits, branches, self._all_functions())

    def _take_line(self, value: bytes) -> None:
        """`line,hits[,checksum]`; of a line given twice the higher hits count."""
        number, _, more = value.partition(b",")
        line, taken = _line(number), _hits(more.partition(b",")[0])
        if line is None or taken is None:
            self.skipped += 1
        elif self._hits.setdefault(line, taken) < taken:
            self._hits[line] = taken

    def _take_branch(self, value: bytes) -> None:
        """`line,[flags]block,branch,taken`, where the branch may hold commas.

        Of the flags, `U` says that it can't be reached: lcov doesn't count it either.
        """
        number, _, more = value.partition(b",")
        block, _, more = more.partition(b",")
        branch, _, count = more.rpartition(b",")
        line, taken = _line(number), 0 if count.strip() == b"-" else _hits(count)
        if line is None or taken is None or not branch:
            self.skipped += 1
            return
        flagged = _BLOCK.fullmatch(block)
        if flagged and b"U" in flagged[1]:
            return
        ways = self._ways.setdefault(line, {})
        way = (flagged[2] if flagged else block, branch)
        if way in ways or len(ways) < MAX_BRANCHES:
            ways[way] = ways.get(way, False) or taken > 0

    def _take_function(self, value: bytes) -> None:
        """`start[,end],name`."""
        found = _FUNCTION.fullmatch(value)
        start = _line(found[1]) if found else None
        if found and start is not None:
            self._functions.append((start, _end(found[2], start), found[3]))

    def _take_calls(self, value: bytes) -> None:
        """`calls,name`."""
        count, _, name = value.partition(b",")
        self._calls[name] = max(_hits(count) or 0, self._calls.get(name, 0))

    def _take_leader(self, value: bytes) -> None:
        """`index,start[,end]` of lcov 2.2: a function, whose names follow."""
        leader = _LEADER.fullmatch(value)
        start = _line(leader[2]) if leader else None
        if leader and start is not None:
            self._leaders[leader[1]] = (start, _end(leader[3], start))

    def _take_alias(self, value: bytes) -> None:
        """`index,calls,name` of lcov 2.2: one of a function's names."""
        alias = _ALIAS.fullmatch(value)
        if alias:
            self._aliases.setdefault(alias[1], []).append((alias[3], _hits(alias[2]) or 0))

    def _all_functions(self) -> list[Function]:
        found = []
        for start, end, name in self._functions:
            calls = self._calls.get(name)
            found.append(_Found(_name(name), start, end, None if calls is None else calls > 0))
        for index, (start, end) in self._leaders.items():
            aliases = self._aliases.get(index)
            if aliases:
                name = min((name for name, _ in aliases), key=lambda name: (len(name), name))
                called = any(calls for _, calls in aliases)
                found.append(_Found(_name(name), start, end, called))
        lines = sorted(self._hits)
        run = [line for line in lines if self._hits[line]]
        starts = sorted(each.start for each in found)
        return combine_functions(_function(each, lines, run, starts) for each in found)


_TAKE: dict[bytes, Callable[[Section, bytes], None]] = {
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
    name, start, end, called = found
    if called is None:
        called = bisect_right(run, end or start) > bisect_left(run, start)
    if end is None and not called:
        border = min(_following(run, start), _following(starts, start))
        end = lines[bisect_left(lines, border) - 1] if lines else start
    return Function(name, start, max(start, end or 0), called)


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


def _branch(ways: dict[Way, bool]) -> Branch:
    """The ways out of a line as its branches, with the names of those that can be named."""
    names = (_way_name(*way) for way, taken in ways.items() if not taken)
    return Branch(sum(ways.values()), len(ways), tuple(name for name in names if name))


def _way_name(block: bytes, branch: bytes) -> str:
    """What a branch is called: by the report's words if it has some, else by its numbers.

    A number alone would be read as a line. Empty where the words are no name.
    """
    text = text_of(branch).strip()
    place = text_of(block).strip()
    if to_line := _TO_LINE.fullmatch(text):
        return to_line[1]
    if _EXIT.fullmatch(text):
        return "exit"
    if text.isdecimal():
        name = f"branch {text} of block {place}"
    else:
        name = text if place == "0" else f"{text} of block {place}"
    return name if _NAMEABLE.fullmatch(name) else ""
