"""What is missed of a function, in words: lines and branches, and what they run on. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from qe_action.analysis.advice.branch_words import EXIT, said, ways
from qe_action.analysis.advice.enclosing_blocks import path_to
from qe_action.analysis.advice.path_conditions import around_clauses, path_clauses
from qe_action.analysis.advice.sentence import Lead, sentence
from qe_action.analysis.python_module import PythonModule
from qe_action.generators.port import Arc, Mutant

MOST = 30
"""Sentences on one function."""
_REACHED = "Lines are reached"
LINE = 200
"""Characters of a line that a mutant changes."""


def gap_words(module: PythonModule, lines: Iterable[int], arcs: Iterable[Arc]) -> list[str]:
    """A sentence for each condition of missed lines, and for each branch between lines that run.

    Code in them stands in backticks and can't leave them.
    """
    missed = frozenset(lines)
    runs = list(_runs(module, missed))
    together: dict[str, list[tuple[int, int]]] = {}
    for first, last in runs:
        if len(together) > MOST:
            break  # a condition takes long where many come before it
        together.setdefault(_condition(module, first), []).append((first, last))
    plain = [line for run in together.pop("", ()) for line in run]
    found = [_missed(plain)] if plain else []
    found += [f"{_reached(told)}{words}" for words, told in together.items()]
    found += _branches(module, [arc for arc in sorted(arcs) if missed.isdisjoint(map(abs, arc))])
    return found[:MOST]


def _runs(module: PythonModule, lines: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Lines as runs without another line of code or another block between them."""
    before: object = None
    run: list[int] = []
    following = 0
    for line in sorted(lines):
        path = path_to(module, line)
        block = (id(path[-1].parent), path[-1].field) if path else None
        if run and (block != before or line > following):
            yield run[0], run[-1]
            run = []
        run.append(line)
        before, following = block, _after(path[-1].node if path else None, line)
    if run:
        yield run[0], run[-1]


def _after(node: ast.AST | None, line: int) -> int:
    """The line that follows a simple statement, or the head of one that holds others."""
    simple = isinstance(node, ast.stmt) and not hasattr(node, "body")
    return (getattr(node, "end_lineno", line) if simple else line) + 1


def _condition(module: PythonModule, line: int) -> str:
    """What has to hold for a line to run; empty where nothing has to, or none can tell."""
    path = path_to(module, line)
    try:
        clauses = [*around_clauses(module, path), *path_clauses(module, path)] if path else []
        return sentence(Lead(_REACHED), clauses, ()).removeprefix(_REACHED)
    except RecursionError:
        return ""


def _reached(runs: Sequence[tuple[int, int]]) -> str:
    """That lines are reached, to be followed by their condition."""
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    if shown == [str(runs[0][0])]:
        return f"Line {shown[0]} is reached"
    rest = f" and {shown.pop()}" if len(shown) > 1 else ""
    return f"Lines {', '.join(shown)}{rest} are reached"


def _missed(lines: Sequence[int]) -> str:
    """That lines are missed, from the first to the last, where no condition is told."""
    shown = [str(line) for line in dict.fromkeys(lines)]
    word = "Line" if len(shown) == 1 else "Lines"
    return f"{word} {', '.join(shown)} {'is' if len(shown) == 1 else 'are'} missed."


def _branches(module: PythonModule, arcs: Sequence[Arc]) -> list[str]:
    found = []
    for start, end in arcs:
        way = str(end) if end > 0 else EXIT
        try:
            (words,) = said(ways(module, abs(start), [way]), [(abs(start), way)])
        except RecursionError:
            continue
        found.append(f"{words[:1].upper()}{words[1:]}.")
    return list(dict.fromkeys(found))


def mutant_words(source: bytes, mutant: Mutant) -> list[str]:
    """A mutant as a small diff: the lines that it changes, before and after, numbered."""
    start = source.rfind(b"\n", 0, mutant.start) + 1
    end = source.find(b"\n", mutant.end)
    end = len(source) if end < 0 else end
    before = source[start:end]
    after = source[start : mutant.start] + mutant.text.encode() + source[mutant.end : end]
    line = source.count(b"\n", 0, start) + 1
    return [
        f"line {line}:",
        *(f"- {text}" for text in _shown(before)),
        *(f"+ {text}" for text in _shown(after)),
    ]


def _shown(data: bytes) -> list[str]:
    lines = data.decode("utf-8", "replace").splitlines() or [""]
    return [text[:LINE] for text in lines[:4]]
