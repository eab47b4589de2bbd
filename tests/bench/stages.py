"""The stages that the benchmark measures in a process of their own.

python tests/bench/stages.py count|parse REPORT
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 16


def chunks(report: Path) -> Iterator[bytes]:
    with report.open("rb") as data:
        while chunk := data.read(CHUNK):
            yield chunk


def count(report: Path) -> str:
    """The least a reader can do: expat, and a callback that counts `line` elements."""
    from xml.parsers import expat

    lines = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal lines
        if name == "line":
            lines += 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    for chunk in chunks(report):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)
    return f"{lines} lines"


def parse(report: Path) -> str:
    """Our parsing stage: counts and missed lines of each file."""
    from qe_action.reports.cobertura import CoberturaParser
    from qe_action.reports.model import FileLines

    counts: dict[str, tuple[int, int, int]] = {}

    def take(files: list[FileLines]) -> None:
        for file in files:
            missed = [line for line, hits in file.hits.items() if not hits]
            partial = sum(1 for each in file.branches.values() if each.covered < each.total)
            counts[file.path] = (len(file.hits), len(missed), partial)

    parser = CoberturaParser()
    for chunk in chunks(report):
        take(parser.feed(chunk))
    take(parser.close())
    lines, missed, partial = (sum(column) for column in zip(*counts.values(), strict=True))
    return f"{len(counts)} files, {lines} lines, {missed} missed, {partial} partial"


if __name__ == "__main__":
    stage = {"count": count, "parse": parse}[sys.argv[1]]
    print(stage(Path(sys.argv[2])))
