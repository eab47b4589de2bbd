"""What an exception's message says apart from the values in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from qe_action.generators.offline.values import quoted

_HOLE = re.compile(r"%(?:\(\w+\))?[-+ #0]*+[\d.]*+[sdrifgxa]|\{[^{}]*\}")
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\}|-?\d[\d.]*")
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()\"\n]")
_CLAUSE = re.compile(r"[:;()\[\]!?\n,]|\.(?:\s|$)|\s-\s")
_SMALL = frozenset(["a", "an", "the", "is", "are", "was", "error", "exception", "value"])
"""Words that tell nothing by themselves."""
_END = re.compile(r"(?:[_ ](?:and|with|for|or|of|to|a|an|the|be|in|on|at|is|from|by)(?=[_ ]|$))++$")
LONGEST = 44
"""How long the part to match may be."""
_LONGEST_WORDS = 36
"""How long the part of a name may be."""


@dataclass(frozen=True)
class MessageSummary:
    """What is wrong, as a message says it."""

    match: str = ""
    """The telling part as a literal."""
    words: str = ""
    """The same as a part of a name."""


class Messages:
    """The messages that a source can give, in pieces between the values it puts in."""

    def __init__(self, source: str) -> None:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            tree = ast.Module([], [])
        found = {pieces for node in ast.walk(tree) if len(pieces := _pieces(node)) > 0}
        self._templates = sorted(found, key=lambda pieces: (-sum(map(len, pieces)), pieces))

    def summary(
        self, message: str, known: Iterable[str], inputs: Iterable[str], room: int = LONGEST
    ) -> MessageSummary:
        """What a message tells beside the `known` words; `inputs` are texts it may repeat.

        `room` is how long the part to match may be.
        """
        pieces = self._parts(message, tuple(inputs))
        dull = _SMALL | set(known)
        clauses = [_words(clause) for piece in pieces for clause in _CLAUSE.split(piece)]
        telling = next((words for words in clauses if not set(words) <= dull), [])
        match = _match(message, pieces, dull, max(20, min(room, LONGEST)))
        return MessageSummary(match, _shortened(telling))

    def _parts(self, message: str, inputs: tuple[str, ...]) -> list[str]:
        for pieces in self._templates:
            if _holds(message, pieces) and not any(p in text for p in pieces for text in inputs):
                return list(pieces)
        for text in sorted(inputs, key=len, reverse=True):
            if text:
                message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "\0", message)
        return [part for part in re.split("\0", _VALUE.sub("\0", message)) if part.strip()]


def _pieces(node: ast.AST) -> tuple[str, ...]:
    """The constant parts of a string that code puts together, '' where it says nothing."""
    if isinstance(node, ast.JoinedStr):
        parts = [str(v.value) for v in node.values if isinstance(v, ast.Constant)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        parts = _HOLE.split(node.value)
    else:
        return ()
    kept = tuple(part for part in parts if part.strip())
    return kept if any(len(word) > 2 for part in kept for word in _words(part)) else ()


def _holds(message: str, pieces: tuple[str, ...]) -> bool:
    at = 0
    for piece in pieces:
        at = message.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _words(text: str) -> list[str]:
    plain = re.sub(r"(?<=\w)'(?=\w)", "", text)
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return [word.lower() for word in re.findall(r"[A-Za-z0-9]+", plain)]


def _match(message: str, pieces: list[str], dull: Set[str], room: int) -> str:
    """The longest telling part without signs that patterns give a meaning; '' for none."""
    if [message] == pieces and len(message) <= room and not _SPECIAL.search(message):
        return quoted(message)
    runs = [run for piece in pieces for run in _runs(piece, room)]
    telling = [run for run in runs if not set(_words(run)) <= dull]
    best = max(telling or runs, key=len, default="")
    return quoted(best) if len(best) > 3 and " " in best else ""


def _runs(piece: str, room: int) -> Iterator[str]:
    for run in _SPECIAL.split(piece):
        plain = run.rstrip(" '`:,;=<-").lstrip(" '`:,;=>-")
        if len(plain) > room:
            plain = _END.sub("", plain[: room + 1].rpartition(" ")[0])
        yield plain


def _shortened(words: list[str]) -> str:
    name = ""
    for word in words:
        longer = f"{name}_{word}" if name else word
        if len(longer) > _LONGEST_WORDS:
            break
        name = longer
    return _END.sub("", name)
