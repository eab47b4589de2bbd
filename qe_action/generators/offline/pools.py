"""What a subject's inputs are drawn from."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.regexes import matching
from qe_action.generators.offline.subjects import Subject
from qe_action.generators.offline.values import Lit, Value, read
from qe_action.generators.offline.worker_answers import Constants

SAMPLES = (
    "", "a", "abc", "Hello World", "a b", "123", "1.0", "-1", " x ", "é", "A", "foo_bar", "fooBar",
    "user@example.com", "192.168.0.1", "::1", "https://example.com/a?b=c#d", "978-3-16-148410-0",
    "9783161484100", "0306406152", "4111111111111111", "5555555555554444", "378282246310005",
    "123e4567-e89b-12d3-a456-426614174000", '{"a": 1}', "[1, 2]", "my-slug-text", "racecar",
    "2024-02-29", "2024-01-01T00:00:00Z", "12:30:45", "<b>x</b>", "#ff0000", "1,234.5", "1e10",
    "0x1F", "v1.2.3", "key=value", "a,b,c", "line1\nline2", "a/b.txt", "true", "XIV",
    "The quick brown fox jumps over the lazy dog", "A text.\n\nA longer text.",
)  # fmt: skip
"""Strings of common kinds: what people mean by a string."""


@dataclass
class Pool:
    """The raw material for one subject: what the code it reaches says, nearest first."""

    strings: list[str] = field(default_factory=list)
    numbers: list[int | float] = field(default_factory=list)
    patterns: list[tuple[str, int]] = field(default_factory=list)
    literals: list[Value] = field(default_factory=list)
    uses: dict[str, set[str]] = field(default_factory=dict)
    compared: dict[str, list[Value]] = field(default_factory=dict)
    keys: dict[str, list[Value]] = field(default_factory=dict)
    keywords: dict[str, dict[str, str]] = field(default_factory=dict)
    near: list[str] = field(default_factory=list)
    """Strings in the object that the call is made on: what its arguments are about."""
    checked: set[str] = field(default_factory=set)
    by_parameter: dict[str, list[Value]] = field(default_factory=dict)

    def matching(self, rng: random.Random) -> str:
        pattern, flags = rng.choice(self.patterns)
        return matching(pattern, flags, rng) or ""


def pool_for(subject: Subject, hints: CodeHints, constants: Constants, words: list[str]) -> Pool:
    """The pool of a subject from the functions that it may reach."""
    pool = Pool()
    reached = hints.reach(subject.qualname)
    init = f"{subject.owner.name}.__init__" if subject.owner else ""
    if init and init in hints.functions:
        reached = reached | hints.reach(init)
    own = hints.functions.get(hints.home(subject.qualname))
    if own is not None and "NotImplemented" in own.mentions:
        pool.checked |= set(own.uses)
    pool.keywords = hints.keywords(subject.qualname)
    mentions: set[str] = set()
    for name in (subject.qualname, *sorted(reached - {subject.qualname})):
        function = hints.functions.get(name)
        if function is None:
            continue
        pool.strings += function.strings
        pool.numbers += function.numbers
        pool.patterns += [(pattern, 0) for pattern in function.patterns]
        mentions |= function.mentions
        pool.checked |= function.checked
        for parameter, uses in function.uses.items():
            if function is own or own is None or parameter not in own.uses:
                pool.uses.setdefault(parameter, set()).update(uses)
        for parameter, values in function.compared.items():
            where = pool.keys if parameter.startswith("[") else pool.compared
            kept = where.setdefault(parameter.lstrip("["), [])
            kept += [Lit(v) for v in values if isinstance(v, str | int | float | None)]
    _globals(pool, mentions, constants)
    pool.strings += words
    pool.strings = _distinct([*pool.strings])[:300]
    pool.numbers = _distinct([n for n in pool.numbers if n == n])[:200]
    pool.patterns = _distinct(pool.patterns)[:60]
    return pool


def _globals(pool: Pool, mentions: set[str], constants: Constants) -> None:
    """Constants of the module that the reached functions name."""
    for name, pattern, flags in constants.patterns:
        if name in mentions:
            pool.patterns.append((pattern, flags))
    for name, source in constants.literals:
        value = read(source, {})
        if name in mentions and isinstance(value, Lit):
            if isinstance(value.value, str):
                pool.strings.append(value.value)
            elif isinstance(value.value, int | float) and not isinstance(value.value, bool):
                pool.numbers.append(value.value)


def _distinct(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))
