"""Strings that a regular expression matches."""

from __future__ import annotations

import random
import re
import warnings
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 120
"""How many characters of a match are kept."""
_CLASSES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": "  \t\n",
    "CATEGORY_WORD": "abcxyzABC019_",
    "CATEGORY_NOT_DIGIT": "abc -_.",
    "CATEGORY_NOT_SPACE": "abcXYZ019-_.",
    "CATEGORY_NOT_WORD": " -.,:/",
}
_ANY = "abcdeXYZ0123 -_.:"


def matching(pattern: str, flags: int, rng: random.Random) -> str | None:
    """A string that the pattern should match, of the shorter ones; None where it can't be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = parser.parse(pattern, flags & ~re.DEBUG)
        return _Writer(rng).sequence(tree)[:LONGEST]
    except (re.error, RecursionError, OverflowError, ValueError, KeyError, TypeError):
        return None


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._groups: dict[int, str] = {}

    def sequence(self, tree: Any) -> str:
        return "".join(self._one(str(op), argument) for op, argument in tree)

    def _one(self, op: str, argument: Any) -> str:
        rng = self._rng
        match op:
            case "LITERAL":
                return chr(argument)
            case "NOT_LITERAL":
                return rng.choice([c for c in _ANY if ord(c) != argument])
            case "ANY":
                return rng.choice(_ANY)
            case "IN":
                return self._in(argument)
            case "BRANCH":
                return self.sequence(rng.choice(argument[1]))
            case "SUBPATTERN":
                text = self.sequence(argument[-1])
                self._groups[argument[0] or 0] = text
                return text
            case "GROUPREF":
                return self._groups.get(argument, "")
            case "GROUPREF_EXISTS":
                group, yes, no = argument
                chosen = yes if self._groups.get(group) else no
                return self.sequence(chosen) if chosen else ""
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeat(*argument)
            case "ATOMIC_GROUP":
                return self.sequence(argument)
            case "ASSERT":
                return ""
            case _:
                return ""

    def _repeat(self, least: int, most: int, tree: Any) -> str:
        most = min(int(most), least + self._rng.choice((0, 1, 1, 2, 4)))
        self_count = self._rng.randint(least, max(least, most))
        return "".join(self.sequence(tree) for _ in range(min(self_count, 40)))

    def _in(self, items: Any) -> str:
        negated = str(items[0][0]) == "NEGATE"
        letters: list[str] = []
        for op, argument in items:
            match str(op):
                case "LITERAL":
                    letters.append(chr(argument))
                case "RANGE":
                    low, high = argument
                    letters += [chr(low), chr(high), chr((low + high) // 2)]
                    letters += [chr(self._rng.randint(low, high))]
                case "CATEGORY":
                    letters += _CLASSES.get(str(argument), "")
        if negated:
            letters = [c for c in _ANY if c not in letters] or ["a"]
        return self._rng.choice(letters) if letters else ""
