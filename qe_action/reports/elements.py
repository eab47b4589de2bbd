"""What Cobertura's `line`, `condition` and `method` elements say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from qe_action.reports.combine import combine_branches
from qe_action.reports.model import Branch, FileLines

Attributes = dict[str, str]
Row = list[str]
"""An element's attributes as expat gives them fastest: name, value, name, value …"""

MAX_LINE = 10_000_000
"""No source file has more lines; a greater number is a defect of the report."""

MAX_HITS = float(2**63)
"""What hits beyond any integer, as `1e400`, count as."""

MAX_BRANCHES = 100_000
MAX_CONDITIONS = 20
"""Conditions named a line; the counts hold all."""

MAX_NAME = 200
MAX_CACHED = 200
"""Characters of branch attributes worth remembering; reports repeat few, hostile ones are long."""

_COUNTS = re.compile(r"\(\s*(\d{1,9})\s*/\s*(\d{1,9})\s*\)")
_TARGET = re.compile(r"[\w.:>+-]{1,40}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,9})?%?", re.ASCII)


def as_mapping(row: Row) -> Attributes:
    """Names to values, of the flat list that expat gives."""
    values = iter(row)
    return dict(zip(values, values, strict=True))  # twice the same iterator: pairs


def take_lines(rows: Iterable[Row], into: FileLines) -> int:
    """Enter `line` elements; how many made no sense and were left out.

    The loop runs once for each line of a report, so it looks for number and hits where all
    writers put them first, and for the rest of the attributes among those met before.
    """
    hits, branches, limit = into.hits, into.branches, MAX_LINE
    skipped = 0
    for row in rows:
        try:
            if row[0] == "number" and row[2] == "hits":
                number, taken, more = int(row[1]), int(row[3]), 4
            else:
                number, taken, more = *_figures(as_mapping(row)), 0
        except (IndexError, ValueError):
            number, taken, more = *_figures(as_mapping(row)), 0
        if not 0 < number <= limit:
            skipped += 1
            continue
        if hits.setdefault(number, taken) < taken:
            hits[number] = taken
        if taken < 0:
            hits[number] = max(0, hits[number])
        if len(row) > 4:
            branch = _branch(row[more:])
            if branch is not None:
                known = branches.get(number)
                branches[number] = combine_branches(known, branch) if known else branch
    return skipped


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


def _branch(row: Row) -> Branch | None:
    """The branch figures of a line that has them; None where the report gives no counts."""
    key = "\0".join(row)  # XML has no NUL
    return _known_branch(key) if len(key) <= MAX_CACHED else _read_branch(key)


def _read_branch(key: str) -> Branch | None:
    """The branch that attributes as `50% (1/2)` and `15,exit` describe."""
    line = as_mapping(key.split("\0"))
    counts = _COUNTS.search(line.get("condition-coverage", ""))
    if counts is None or line.get("branch", "true").lower() != "true":
        return None
    covered, total = int(counts[1]), int(counts[2])
    if not 0 < total <= MAX_BRANCHES or covered > total:
        return None
    names = (name.strip() for name in line.get("missing-branches", "").split(","))
    return Branch(covered, total, tuple(name for name in names if _TARGET.fullmatch(name)))


_known_branch = lru_cache(maxsize=4096)(_read_branch)


def take_condition(condition: Attributes, line: Attributes, into: FileLines) -> None:
    """Name a condition that was not wholly covered, where the line names no branch targets."""
    number, _ = _figures(line)
    branch = into.branches.get(number)
    coverage = condition.get("coverage", "").strip()
    if branch is None or branch.covered == branch.total or not _PERCENT.fullmatch(coverage):
        return
    if float(coverage.rstrip("%")) >= 100 or "missing-branches" in line:
        return
    label = condition.get("number", "").strip()
    name = f"{label}: {coverage}" if _TARGET.fullmatch(label) else coverage
    if name not in branch.missing and len(branch.missing) < MAX_CONDITIONS:
        into.branches[number] = branch._replace(missing=(*branch.missing, name))


def function_name(method: str, class_name: str, path: str) -> str:
    """`Class.method`, or the method alone where the class is named after the file."""
    method = " ".join(method.split())[:MAX_NAME]
    class_name = " ".join(class_name.split())[:MAX_NAME]
    of_file = "/" in class_name or "\\" in class_name or class_name == path.rpartition("/")[2]
    if not class_name or of_file or method.startswith(class_name):
        return method
    return f"{class_name}.{method.lstrip('.')}"
