"""Tests as the text of a file: a new one, or more lines for one that is there. Pure."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from qe_action.events import TestCase
from qe_action.verify.duplicates import fingerprints
from qe_action.verify.file_head import end_of_head, is_program
from qe_action.verify.import_placement import Edit, Page, import_edits
from qe_action.verify.test_imports import (
    Part,
    bound_at_top,
    fitted,
    missing,
    renamed,
    sections,
    wanted,
)

__all__ = [
    "ParsingError",
    "Part",
    "additions",
    "appended",
    "grown",
    "moved",
    "new_file",
    "renamed",
]

MARK = "\ufeff"
"""The byte order mark that some editors begin UTF-8 with."""


def new_file(parts: Sequence[Part], head: str = "") -> str:
    """A file of these tests; the head is its first comment or docstring."""
    parts = list(fitted({}, _together(parts)))
    imports = sections({name for part in parts for name in wanted(part)})
    blocks = [head.rstrip(), imports, *(f"\n{part.code.strip()}" for part in parts)]
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def appended(text: str, parts: Sequence[Part]) -> str:
    """The file with these tests at its end and the imports it lacks; all it holds stays.

    Imports go to those of their module, else behind what prepares them. What the file does when it
    is run as a program stays last. Raises `SyntaxError` where it can't be parsed.
    """
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    if not text.strip():
        return mark + text + new_file(parts)
    tree = ast.parse(text)
    newline = _newline(text)
    rows = list(io.StringIO(text, newline=""))  # as Python counts lines
    if not rows[-1].endswith(("\n", "\r")):
        rows[-1] += newline
    parts = list(fitted(bound_at_top(tree), _together(parts), text))
    edits = list(import_edits(Page(rows, tree, newline), missing(tree, parts)))
    end, program = _end_of_tests(tree, rows, end_of_head(tree))
    new: list[str] = []
    for part in parts:
        new += ["", "", *part.code.strip().split("\n")]
    if not program:
        blank = len(rows) - end
        new, end = new[min(2, blank) :], len(rows)
    elif rows[end].strip():
        new += ["", ""]
    edits.append(Edit(end, 0, "".join(f"{line}{newline}" for line in new)))
    return mark + _edited(rows, edits)


def grown(data: bytes, parts: Sequence[Part]) -> bytes:
    """`appended` for a file in its own encoding. Raises `ValueError` or `SyntaxError`."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return appended(data.decode(encoding), parts).encode(encoding)


class ParsingError(ValueError):
    """The file at `path`, or a test that belongs into it, is no Python that can be read."""

    def __init__(self, path: str, why: Exception) -> None:
        super().__init__(str(why))
        self.path = path


def additions(cases: Iterable[TestCase], present: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the tests make of the files at their paths: the new text of each, in its own encoding.

    `present` are the files that are there. A test that its file has already is not added again,
    and a file that needs none is left out. Raises `ParsingError`.
    """
    parts: dict[str, list[Part]] = {}
    for case in cases:
        part = Part(case.test_name, case.test_code, case.imports)
        parts.setdefault(case.path, []).append(part)
    found: dict[str, bytes] = {}
    for path, wanted_there in parts.items():
        data = present.get(path)
        try:
            new = [part for part in wanted_there if not _is_there(part, data or b"")]
            if new:
                found[path] = new_file(new).encode() if data is None else grown(data, new)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ParsingError(path, error) from None
    return found


def moved(cases: Iterable[TestCase], out: str, *, folder: bool) -> list[TestCase]:
    """The tests with the path that `out` gives them: one file for all, or a folder for their files.

    Files of the same name become one there.
    """
    found: list[TestCase] = []
    for case in cases:
        path = PurePath(out, PurePath(case.path).name) if folder else PurePath(out)
        found.append(case.model_copy(update={"path": str(path)}))
    return found


def _is_there(part: Part, data: bytes) -> bool:
    """Whether a file has the test, also by the names that it would have there."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding).removeprefix(MARK)
    (there,) = fitted(bound_at_top(ast.parse(text)), _together([part]), text)
    return bool((fingerprints(part.code) | fingerprints(there.code)) & fingerprints(text))


def _newline(text: str) -> str:
    """The line end that a file has most of."""
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    return max(counts, key=lambda end: counts[end])


def _edited(rows: Sequence[str], edits: Iterable[Edit]) -> str:
    """The rows with all that is to be inserted; at one place in the order given."""
    found = list(rows)
    for row, column, text in sorted(edits, key=lambda edit: edit[:2])[::-1]:
        if row == len(rows):
            found.insert(row, text)
        else:
            found[row] = found[row][:column] + text + found[row][column:]
    return "".join(found)


def _together(parts: Sequence[Part]) -> list[Part]:
    """Tests that begin with the same comment one after the other, the first with the comment."""
    heads = [_head(part.code) for part in parts]
    order = sorted(range(len(parts)), key=lambda at: heads.index(heads[at]) if heads[at] else at)
    found: list[Part] = []
    for at in order:
        part, head = parts[at], heads[at]
        if head and found and head == _head(parts[order[len(found) - 1]].code):
            part = replace(part, code=part.code.strip().removeprefix(head).lstrip("\n"))
        found.append(part)
    return found


def _head(code: str) -> str:
    """The comment that a test begins with, '' for none."""
    first = code.strip().partition("\n")[0]
    return first if first.startswith("#") else ""


def _end_of_tests(tree: ast.Module, rows: Sequence[str], least: int) -> tuple[int, bool]:
    """Behind which row new tests go, and whether a program follows: `if __name__ == ...`."""
    last = tree.body[-1] if tree.body else None
    program = last is not None and is_program(last)
    end = len(rows)
    if program and last is not None:
        end = last.lineno - 1
        while end > least and rows[end - 1].lstrip().startswith("#"):
            end -= 1
    while end > least and not rows[end - 1].strip():
        end -= 1
    return end, program
