"""Where imports go in a file: into its own lines, else behind what prepares them. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from qe_action.verify.file_head import Import, end_of_head, is_text
from qe_action.verify.test_imports import WIDTH, Imported, lines, order, section

_QUIET = re.compile(r"# *(?:noqa:[^#]*\bE402|isort: *skip|pylint: *disable=[^#]*wrong-import).*")
_COOKIE = re.compile(r"#!|#.*coding[:=]")
_FREE = 1
"""The section of what can be imported anywhere: the standard library; pytest is there as well."""


class Edit(NamedTuple):
    """A text to insert: before the character `column` of row `row`, both from 0."""

    row: int
    column: int
    text: str


@dataclass(frozen=True)
class Page:
    """A file as rows with their ends, and its tree."""

    rows: Sequence[str]
    tree: ast.Module
    newline: str

    def column(self, line: int, offset: int) -> int:
        """What the parser counts in bytes, in characters; `line` is from 1."""
        return len(self.rows[line - 1].encode()[:offset].decode())

    def text(self, line: int) -> str:
        return self.rows[line - 1].rstrip("\r\n")


def import_edits(page: Page, lacking: Iterable[Imported]) -> Iterator[Edit]:
    """What has to be inserted for the file to have these names."""
    froms = [n for n in page.tree.body if isinstance(n, ast.ImportFrom)]
    single = _one_name_a_line(froms)
    alone: list[Imported] = []
    for module, names in _by_module(lacking):
        mine = [n for n in froms if module is not None and _source(n) == module]
        mine = [n for n in mine if n.names[0].name != "*"]
        if mine and not single and _fits(page, mine[-1], names):
            yield from _merged(page, mine[-1], names)
        elif mine and single:
            comment = _comment(page, mine[-1])
            texts = [f"from {module} import {name.text()}{comment}" for name in names]
            yield _rows_at(page, mine[-1].end_lineno or 0, texts)
        else:
            alone += names
    yield from _new_lines(page, alone)


def _by_module(names: Iterable[Imported]) -> Iterator[tuple[str | None, list[Imported]]]:
    found: dict[str | None, list[Imported]] = {}
    for name in sorted(names, key=lambda name: (name.module or "", name.name, name.alias)):
        found.setdefault(name.module, []).append(name)
    yield from found.items()


def _source(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _one_name_a_line(froms: Sequence[ast.ImportFrom]) -> bool:
    """Whether the file's habit is a line for each name of a module."""
    sources = [_source(node) for node in froms]
    return len(sources) > len(set(sources)) and all(len(node.names) == 1 for node in froms)


def _comment(page: Page, node: ast.stmt) -> str:
    """What an import line says to linters, which holds for its neighbour too."""
    found = _QUIET.search(page.text(node.end_lineno or node.lineno))
    return f"  {found[0].rstrip()}" if found else ""


def _fits(page: Page, node: ast.ImportFrom, names: Sequence[Imported]) -> bool:
    """Whether the names have room where the others stand: a line each, or one line for all."""
    if node.lineno != node.end_lineno:
        return True
    last = page.column(node.lineno, node.end_col_offset or 0)
    return last + sum(len(name.text()) + 2 for name in names) <= WIDTH


def _merged(page: Page, node: ast.ImportFrom, names: Sequence[Imported]) -> Iterator[Edit]:
    """The names among those of an import: in their order if they have one, else behind them."""
    there = [ast.unparse(alias) for alias in node.names]
    keys = (_by_kind, str.casefold, str)
    key = next((key for key in keys if _ascends([key(text) for text in there])), None)
    behind = []
    for text in (name.text() for name in names):
        later = [n for n, other in enumerate(there) if key is not None and key(other) > key(text)]
        if not later:
            behind.append(text)
            continue
        alias = node.names[later[0]]
        column = page.column(alias.lineno, alias.col_offset)
        before = page.rows[alias.lineno - 1][:column]
        end = " " if before.strip() or not _bracketed(page, node) else f"{page.newline}{before}"
        yield Edit(alias.lineno - 1, column, f"{text},{end}")
    yield from _behind(page, node, behind) if behind else ()


def _by_kind(name: str) -> str:
    """Constants, classes, others: the order that most formatters give names."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return f"{kind}{name}"


def _ascends(texts: Sequence[str]) -> bool:
    return all(a <= b for a, b in pairwise(texts))


def _bracketed(page: Page, node: ast.stmt) -> bool:
    line = node.end_lineno or node.lineno
    return page.text(line)[: page.column(line, node.end_col_offset or 0)].endswith(")")


def _behind(page: Page, node: ast.ImportFrom, names: Sequence[str]) -> Iterator[Edit]:
    last = node.names[-1]
    line = last.end_lineno or last.lineno
    row = page.text(line)
    column = page.column(line, last.end_col_offset or 0)
    before = row[: page.column(last.lineno, last.col_offset)]
    comma = row[column:].lstrip().startswith(",")
    if before.strip() or line == node.end_lineno:  # others, or the closing bracket, on its row
        end = column + row[column:].index(",") + 1 if comma else column
        own_row = not before.strip() and _bracketed(page, node)
        lead = f"{page.newline}{before}" if own_row else " "
        text = ",".join(f"{lead}{name}" for name in names)
        yield Edit(line - 1, end, f"{text}," if comma else f",{text}")
        return
    if not comma:
        yield Edit(line - 1, column, ",")
    added = [f"{before}{name}," for name in names]
    if not comma:
        added[-1] = added[-1].removesuffix(",")
    yield _rows_at(page, line, added)


def _rows_at(page: Page, line: int, texts: Sequence[str]) -> Edit:
    """Whole rows below a line."""
    return Edit(line, 0, "".join(f"{text}{page.newline}" for text in texts))


def _new_lines(page: Page, names: Sequence[Imported]) -> Iterator[Edit]:
    """New import lines, each with its like."""
    head = end_of_head(page.tree)
    if not names:
        return
    if not head:
        yield _at_top(page, _sectioned(names))
        return
    body = page.tree.body
    yield from _into(page, _leading(body), [name for name in names if _is_free(name)], head)
    yield from _into(page, _trailing(body, head), [n for n in names if not _is_free(n)], head)


def _at_top(page: Page, texts: Sequence[str]) -> Edit:
    """In a file without imports: below what it says of itself in comments."""
    at = comments = 0
    rows = [page.text(number + 1) for number in range(len(page.rows))]
    while comments < len(rows) and rows[comments].startswith("#"):
        comments += 1
        if _COOKIE.match(rows[comments - 1]) and comments <= 2:
            at = comments
    if comments < len(rows) and not rows[comments].strip():
        at = comments
    below = [""] if at < len(rows) and rows[at].strip() else []
    return _rows_at(page, at, [*([""] if at else []), *"\n".join(texts).split("\n"), *below])


def _is_free(name: Imported) -> bool:
    return section(name) <= _FREE or (name.name if name.module is None else name.module) == "pytest"


def _sectioned(names: Sequence[Imported]) -> list[str]:
    """Lines, with an empty one between sections."""
    found: list[str] = []
    before = None
    for number in sorted({section(name) for name in names}):
        if before is not None:
            found.append("")
        found += lines(name for name in names if section(name) == number)
        before = number
    return found


def _leading(body: Sequence[ast.stmt]) -> list[Import]:
    """The imports that a file begins with, up to anything else."""
    found: list[Import] = []
    for number, node in enumerate(body):
        if isinstance(node, Import):
            found.append(node)
        elif not (number == 0 and is_text(node)):
            break
    return found


def _trailing(body: Sequence[ast.stmt], head: int) -> list[Import]:
    """The imports that end the head: behind all that prepares them."""
    found: list[Import] = []
    for node in body:
        if isinstance(node, Import):
            found.append(node)
        elif (node.end_lineno or 0) <= head:
            found = []
    return found


def _into(
    page: Page, block: Sequence[Import], names: Sequence[Imported], head: int
) -> Iterator[Edit]:
    """New lines among imports that follow one another; below line `head` where there are none."""
    for number in sorted({section(name) for name in names}):
        texts = lines(name for name in names if section(name) == number)
        same = [node for node in block if section(_first_name(node)) == number]
        if not block:
            yield _rows_at(page, head, ["", *"\n".join(texts).split("\n")])
        elif same:
            yield from (_beside(page, same, text, _comment(page, block[-1])) for text in texts)
        else:
            yield _apart(page, block, number, texts)


def _beside(page: Page, same: Sequence[Import], text: str, comment: str) -> Edit:
    """A line among those of its section: in their order if they have one, else behind them."""
    places = [order(ast.unparse(node)) for node in same]
    smaller = [node for node, place in zip(same, places, strict=True) if place < order(text)]
    rows = text.split("\n") if "\n" in text else [f"{text}{comment}"]
    ordered = all(a <= b for a, b in pairwise(places))
    if ordered and not smaller:
        return _rows_at(page, same[0].lineno - 1, rows)
    anchor = smaller[-1] if ordered else same[-1]
    return _rows_at(page, anchor.end_lineno or anchor.lineno, rows)


def _apart(page: Page, block: Sequence[Import], number: int, texts: Sequence[str]) -> Edit:
    """The lines of a section that a file has not had: parted as its others are."""
    sections = [section(_first_name(node)) for node in block]
    rows = "\n".join(texts).split("\n")
    parted = [""] if _parted(page, block, sections) else []
    lower = [node for node, own in zip(block, sections, strict=True) if own < number]
    if lower:
        return _rows_at(page, lower[-1].end_lineno or 0, [*parted, *rows])
    return _rows_at(page, block[0].lineno - 1, [*rows, *parted])


def _first_name(node: Import) -> Imported:
    if isinstance(node, ast.Import):
        return Imported(None, node.names[0].name, node.names[0].name)
    return Imported(_source(node), node.names[0].name, node.names[0].name)


def _parted(page: Page, block: Sequence[Import], sections: Sequence[int]) -> bool:
    """Whether empty lines part the sections of these imports."""
    return all(
        not page.text(after.lineno - 1).strip() or page.text(after.lineno - 1).startswith("#")
        for (before, one), (after, two) in pairwise(zip(block, sections, strict=True))
        if one != two
    )
