"""coverage.py's JSON report, formats 2 and 3.

Summaries are not read: the counts come from the lines. Format 3 lists functions as well, and
with `--show-contexts` there are the tests that ran each line.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from qe_action.errors import ReportError
from qe_action.reports.combine import combine_functions
from qe_action.reports.contexts import ContextReader, Contexts
from qe_action.reports.elements import MAX_LINE
from qe_action.reports.model import Branch, FileLines, Function, usable_path

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_HINT = "Give the file that `coverage json` writes."


class CoverageJsonParser:
    """Implements `ReportParser` for coverage.py's JSON.

    JSON can't be checked before its end, so the whole report is held until `close`. JSON
    names no source roots.
    """

    def __init__(self) -> None:
        self.sources: list[str] = []
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes, /) -> list[FileLines]:
        """Keep the bytes; no file is known before the end."""
        self._chunks.append(bytes(chunk))
        return []

    def close(self) -> list[FileLines]:
        """All files.

        Raises:
            ReportError: it is not JSON, or not coverage.py's.
        """
        text = b"".join(self._chunks)
        self._chunks.clear()
        if not text.strip():
            raise ReportError("The report is empty.", hint=_HINT)
        try:
            data = json.loads(text.removeprefix(b"\xef\xbb\xbf"))
        except json.JSONDecodeError as error:
            raise ReportError(
                f"The report is not valid JSON: {error.msg} at line {error.lineno}, "
                f"column {error.colno}.",
                hint=f"Was it cut off? {_HINT}",
            ) from error
        except (UnicodeDecodeError, RecursionError, ValueError) as error:
            raise ReportError(
                f"The report is not readable JSON ({type(error).__name__}).", hint=_HINT
            ) from error
        return list(files_from_json(data))


def files_from_json(data: object, reader: ContextReader | None = None) -> Iterator[FileLines]:
    """The files of a report given as coverage.py's JSON, already decoded to a mapping.

    Hits are 1 for executed lines, 0 for missing ones. Line numbers out of range are left out.
    `reader` is for those who read one report in several pieces.

    Raises:
        ReportError: the mapping is not coverage.py's, at the file where that shows.
    """
    files = data.get("files") if isinstance(data, Mapping) else None
    if not isinstance(files, Mapping):
        raise ReportError(
            "The JSON is not a coverage.py report: it has no mapping 'files'.", hint=_HINT
        )
    reader = reader or ContextReader()
    for path, entry in files.items():
        if usable_path(str(path)):
            yield _file(str(path), entry, reader)


def _file(path: str, entry: object, reader: ContextReader) -> FileLines:
    if not isinstance(entry, Mapping) or "executed_lines" not in entry:
        raise _malformed(path, "it has no 'executed_lines'")
    executed = _lines(entry, "executed_lines", path)
    hits = dict.fromkeys(_lines(entry, "missing_lines", path), 0) | dict.fromkeys(executed, 1)
    # A lone surrogate, which JSON can spell, could not be written to any output.
    spelled = usable_path(path).encode("utf-8", "replace").decode("utf-8")
    return FileLines(
        spelled,
        dict(sorted(hits.items())),
        _branches(entry, path),
        _functions(entry, path),
        _contexts(entry, path, hits, reader) if "contexts" in entry else {},
    )


def _contexts(
    entry: Mapping[str, Any], path: str, hits: Mapping[int, int], reader: ContextReader
) -> Contexts:
    recorded = entry["contexts"]
    if not isinstance(recorded, Mapping):
        raise _malformed(path, "'contexts' is not a mapping")
    found: dict[int, list[str]] = {}
    for line, names in recorded.items():
        numbered = isinstance(line, int) or (isinstance(line, str) and _NUMBER.fullmatch(line))
        if not numbered or not isinstance(names, list | tuple):
            raise _malformed(path, "'contexts' does not map line numbers to lists")
        found[int(line)] = [name for name in names if isinstance(name, str)]
    return reader.read(found, hits, _lines(entry, "excluded_lines", path))


def _branches(entry: Mapping[str, Any], path: str) -> dict[int, Branch]:
    """Branches by the line they leave; a negative target is a way out of the code block."""
    executed, missing = (
        _arcs(entry, key, path) for key in ("executed_branches", "missing_branches")
    )
    branches = {}
    for line in sorted(executed.keys() | missing.keys()):
        taken, missed = (
            executed.get(line, set()),
            missing.get(line, set()) - executed.get(line, set()),
        )
        names = tuple("exit" if target < 0 else str(target) for target in sorted(missed))
        branches[line] = Branch(len(taken), len(taken) + len(missed), names)
    return branches


def _functions(entry: Mapping[str, Any], path: str) -> list[Function]:
    """The functions of format 3; the nameless one is the module's own code."""
    regions = entry.get("functions", {})
    if not isinstance(regions, Mapping):
        raise _malformed(path, "'functions' is not a mapping")
    functions = []
    for name, region in regions.items():
        if not isinstance(region, Mapping):
            raise _malformed(path, f"function {name!r} is not a mapping")
        executed = _lines(region, "executed_lines", path)
        lines = executed + _lines(region, "missing_lines", path)
        if name and lines:
            start = region.get("start_line")
            first = start if type(start) is int and 0 < start <= min(lines) else min(lines)
            functions.append(Function(str(name), first, max(lines), bool(executed)))
    return combine_functions(functions)


def _lines(entry: Mapping[str, Any], key: str, path: str) -> list[int]:
    numbers = entry.get(key, [])
    if not isinstance(numbers, list | tuple) or any(type(number) is not int for number in numbers):
        raise _malformed(path, f"'{key}' is not a list of line numbers")
    return [number for number in numbers if 0 < number <= MAX_LINE]


def _arcs(entry: Mapping[str, Any], key: str, path: str) -> dict[int, set[int]]:
    """The targets of each line, from pairs of line and target."""
    pairs = entry.get(key, [])
    arcs: dict[int, set[int]] = defaultdict(set)
    if not isinstance(pairs, list | tuple):
        raise _malformed(path, f"'{key}' is not a list of pairs")
    for pair in pairs:
        match pair:
            case [int() as line, int() as target] if 0 < line <= MAX_LINE:
                arcs[line].add(target)
            case [int(), int()]:
                continue
            case _:
                raise _malformed(path, f"'{key}' is not a list of pairs of lines")
    return arcs


def _malformed(path: str, why: str) -> ReportError:
    return ReportError(f"The JSON report is malformed at file {path[:200]!r}: {why}.", hint=_HINT)
