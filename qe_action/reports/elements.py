"""What Cobertura's `line`, `condition` and `method` elements say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from qe_action.reports.bounds import (
    FEW,
    MAX_BRANCHES,
    MAX_EXACT,
    MAX_HELD,
    MAX_LINE,
    MAX_NAMED,
    MAX_STATEMENTS,
    MAX_WEIGHT,
)
from qe_action.reports.combine import combine_branches
from qe_action.reports.defects import UNREADABLE, Defects, Kind
from qe_action.reports.model import Branch, FileLines

Attributes = dict[str, str]
Row = list[str]
"""An element's attributes as expat gives them fastest: name, value, name, value …"""

MAX_HITS = float(2**63)
"""What hits beyond any integer, as `1e400`, count as."""

MAX_CONDITIONS = 20
"""Conditions named a line; the counts hold all."""

MAX_NAME = 200
"""Characters of a method's or a class's name that are kept."""
MAX_CACHED = 200
"""Characters of branch attributes worth remembering; reports repeat few, hostile ones are long."""

_COUNTS = re.compile(r"\(\s*(\d{1,9})\s*/\s*(\d{1,9})\s*\)")
_TARGET = re.compile(r"[\w.:>+-]{1,40}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,9})?%?", re.ASCII)


def as_mapping(row: Row) -> Attributes:
    """Names to values, of the flat list that expat gives."""
    values = iter(row)
    return dict(zip(values, values, strict=True))  # twice the same iterator: pairs


def take_lines(rows: Iterable[Row], into: FileLines, defects: Defects, held: int = 0) -> None:
    """Enter `line` elements; what makes no sense of them becomes a defect.

    `held` is the size of what else the parser holds of the file.
    The loop runs once for each line of a report, so it looks for number and hits where all
    writers put them first, and for the rest of the attributes among those met before.
    """
    hits, limit = into.hits, MAX_LINE
    full = len(hits) >= MAX_STATEMENTS or held + into.size >= MAX_HELD
    most = FEW if len(hits) >= MAX_EXACT else int(MAX_HITS)
    for row in rows:
        try:
            if row[0] == "number" and row[2] == "hits":
                number, taken, more = int(row[1]), int(row[3]), 4
            else:
                number, taken, more = *_figures(as_mapping(row)), 0
        except (IndexError, ValueError):
            number, taken, more = *_figures(as_mapping(row)), 0
        if not 0 < number <= limit or (full and number not in hits):
            note(defects, "statements" if 0 < number <= limit else "line", row, into)
            continue
        taken = min(taken, most)
        if hits.setdefault(number, taken) < taken:
            hits[number] = taken
        if taken < 0:
            hits[number] = max(0, hits[number])
        if len(row) > 4:
            _take_branch(row, more, number, into, defects)


def _take_branch(row: Row, rest: int, number: int, into: FileLines, defects: Defects) -> None:
    """Enter the branches that the attributes from `rest` on tell of."""
    branch, defect = _branch(row[rest:])
    if branch is None:
        return
    defect = enter_branch(into, number, branch) or defect
    if defect is not None:
        note(defects, defect, row, into)


def enter_branch(into: FileLines, number: int, branch: Branch) -> Kind | None:
    """Enter a line's branches; without the names of those missed where the file has too many.

    The defect where these are of too many lines, or not named.
    """
    branches = into.branches
    if number not in branches and len(branches) >= MAX_WEIGHT:
        return "branches"
    full = bool(branch.missing) and into.weight + len(branch.missing) > MAX_WEIGHT
    if full:
        branch = branch._replace(missing=())
    into.weight += len(branch.missing)
    known = branches.get(number)
    branches[number] = combine_branches(known, branch) if known else branch
    return "names" if full else None


def note(defects: Defects, kind: Kind, row: Row, of: FileLines) -> None:
    """A `line` element that makes no sense in part or whole."""
    values = iter(row)
    shown = (f'{name[:20]}="{value[:40]}"' for name, value in zip(values, values, strict=True))
    defects.add(kind, " ".join(shown), of.path)
    of.unreadable += kind in UNREADABLE


def _figures(line: Attributes) -> tuple[int, int]:
    """A line's number and hits, also written as `12.0`; the number 0 where either makes no sense.

    Negative hits are an overflown counter's and count as none.
    """
    try:
        return int(line["number"]), int(line["hits"])
    except (KeyError, ValueError):
        pass
    try:
        number, hits = float(line["number"]), float(line["hits"])
    except (KeyError, ValueError):
        return 0, 0
    if not number.is_integer() or math.isnan(hits):
        return 0, 0
    return int(number), int(max(-1.0, min(hits, MAX_HITS)))


_Read = tuple[Branch | None, Kind | None]
"""A line's branches and what is wrong with their figures, None for neither."""


def _branch(row: Row) -> _Read:
    """The branch figures of a line that has them; None where the report gives no counts."""
    key = "\0".join(row)  # XML has no NUL
    return _known_branch(key) if len(key) <= MAX_CACHED else _read_branch(key)


def _read_branch(key: str) -> _Read:
    """The branch that attributes as `50% (1/2)` and `15,exit` describe."""
    line = as_mapping(key.split("\0"))
    coverage = line.get("condition-coverage", "").strip()
    if line.get("branch", "true").lower() != "true":
        return None, None
    counts = _COUNTS.search(coverage)
    if counts is None:
        if not coverage or _PERCENT.fullmatch(coverage):
            return None, None  # how many there are is not told
        return unreadable_branch(*_parts(coverage)), "branch"
    covered, total = int(counts[1]), int(counts[2])
    if not total and not covered:
        return None, None
    if not 0 < total <= MAX_BRANCHES or covered > total:
        return unreadable_branch(covered, total), "branch"
    listed = line.get("missing-branches", "")
    names = (name.strip() for name in listed.split(",", MAX_NAMED)[:MAX_NAMED])
    missing = tuple(name for name in names if _TARGET.fullmatch(name))
    crowded = listed.count(",") >= MAX_NAMED
    return Branch(covered, total, missing), "names" if crowded else None


def _parts(coverage: str) -> tuple[int | None, int | None]:
    """Both counts of `NaN% (NaN/2)`, None where one makes no sense."""
    covered, _, total = coverage[:MAX_CACHED].rpartition("(")[2].rstrip(")").partition("/")
    first, second = (text.strip() for text in (covered, total))
    return _count(first), _count(second)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def unreadable_branch(covered: int | None, total: int | None) -> Branch:
    """Counts of which one makes no sense: that one stands for a single branch not taken.

    Where there is a branch there are two ways at least. Counts that contradict each other say
    nothing of what was taken.
    """
    if total is not None and 0 < total <= MAX_BRANCHES:
        return Branch(0, total)
    taken = covered if covered is not None and covered < MAX_BRANCHES else 0
    return Branch(taken, max(2, taken + 1))


_known_branch = lru_cache(maxsize=4096)(_read_branch)


def take_condition(condition: Attributes, line: Attributes, into: FileLines) -> bool:
    """Name a condition that was not wholly covered, where the line names no branch targets.

    False where there is no room for its name.
    """
    number, _ = _figures(line)
    branch = into.branches.get(number)
    coverage = condition.get("coverage", "").strip()
    if branch is None or branch.covered == branch.total or not _PERCENT.fullmatch(coverage):
        return True
    if float(coverage.rstrip("%")) >= 100 or "missing-branches" in line:
        return True
    label = condition.get("number", "").strip()
    name = f"{label}: {coverage}" if _TARGET.fullmatch(label) else coverage
    if name in branch.missing:
        return True
    if len(branch.missing) >= MAX_CONDITIONS or into.weight >= MAX_WEIGHT:
        return False
    into.weight += 1
    into.branches[number] = branch._replace(missing=(*branch.missing, name))
    return True


def function_name(method: str, class_name: str, path: str) -> str:
    """`Class.method`, or the method alone where the class is named after the file."""
    method = " ".join(method.split())[:MAX_NAME]
    class_name = " ".join(class_name.split())[:MAX_NAME]
    of_file = "/" in class_name or "\\" in class_name or class_name == path.rpartition("/")[2]
    if not class_name or of_file or method.startswith(class_name):
        return method
    return f"{class_name}.{method.lstrip('.')}"
