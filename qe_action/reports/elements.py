"""What Cobertura's `line`, `condition` and `method` elements say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from qe_action.reports.combine import combine_branches
from qe_action.reports.model import Branch, FileLines

Attributes = dict[str, str]

MAX_LINE = 10_000_000
"""No source file has more lines; a greater number is a defect of the report."""

MAX_HITS = 2**63 - 1
MAX_BRANCHES = 100_000
MAX_CONDITIONS = 20
"""Conditions named a line; the counts hold all."""

MAX_NAME = 200

_COUNTS = re.compile(r"\(\s*(\d{1,9})\s*/\s*(\d{1,9})\s*\)")
_TARGET = re.compile(r"[\w.:>+-]{1,40}", re.ASCII)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,9})?%?", re.ASCII)


def take_lines(rows: Iterable[Attributes], into: FileLines) -> int:
    """Enter `line` elements; how many made no sense and were left out.

    The loop runs once for each line of a report: what is rare has its own function.
    """
    hits, branches = into.hits, into.branches
    skipped = 0
    for attributes in rows:
        try:
            number, taken = int(attributes["number"]), int(attributes["hits"])
        except (KeyError, ValueError):
            number, taken = _lenient(attributes)
        if not 0 < number <= MAX_LINE:
            skipped += 1
            continue
        if hits.setdefault(number, taken) < taken:
            hits[number] = taken
        if len(attributes) > 2 and "condition-coverage" in attributes:
            branch = _branch(attributes)
            if branch is not None:
                known = branches.get(number, branch)
                branches[number] = combine_branches(known, branch)
        if taken < 0:
            hits[number] = max(0, hits[number])
    return skipped


def _lenient(attributes: Attributes) -> tuple[int, int]:
    """Number and hits written as `12.0` or `1e3`; the number 0 where either makes no sense."""
    try:
        number = float(attributes["number"])
        hits = float(attributes["hits"])
    except (KeyError, ValueError):
        return 0, 0
    if not number.is_integer() or math.isnan(hits):
        return 0, 0
    return int(number), int(max(0.0, min(hits, float(MAX_HITS))))


def _branch(attributes: Attributes) -> Branch | None:
    """The branch figures of a line that has them; None where the report gives no counts."""
    counts = _COUNTS.search(attributes["condition-coverage"])
    if counts is None or attributes.get("branch", "true").lower() != "true":
        return None
    covered, total = int(counts[1]), int(counts[2])
    if not 0 < total <= MAX_BRANCHES or covered > total:
        return None
    missing = attributes.get("missing-branches", "")
    names = (name.strip() for name in missing.split(",")) if missing else ()
    return Branch(covered, total, tuple(name for name in names if _TARGET.fullmatch(name)))


def take_condition(condition: Attributes, line: Attributes, into: FileLines) -> None:
    """Name a condition that was not wholly covered, where the line names no branch targets."""
    number, _ = _lenient(line)
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
