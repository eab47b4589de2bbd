"""Small changes to values that keep each one's type."""

from __future__ import annotations

import random
import re

from qe_action.generators.offline.pools import SAMPLES, Pool
from qe_action.generators.offline.values import Lit, Map, Seq, Value, parts, rebuilt

LETTERS = "0123456789abcXYZ-_. /\n:(),[]=\t'\"#"
JOINTS = ("", "", " ", "\n", "\n    ", ": ", ":\n    ", "-", ".", ",", "\n\n", " = ")
LONGEST = 300
"""How many characters a string is cut to."""


def changed_text(text: str, pool: Pool, rng: random.Random) -> str:
    """A string a step or three away."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        text = _step(text, pool, rng)
    return text[:LONGEST]


def _word(pool: Pool, rng: random.Random) -> str:
    roll = rng.random()
    if pool.patterns and roll < 0.15:
        return pool.matching(rng)
    if pool.strings and roll < 0.85:
        return rng.choice(pool.strings)
    return rng.choice(SAMPLES)


def _step(text: str, pool: Pool, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    if rng.random() < 0.1 and (found := re.search(r"\d+", text)):
        number = rng.choice(pool.numbers or [7]) if rng.random() < 0.6 else 10 ** rng.randint(0, 12)
        return text[: found.start()] + str(number) + text[found.end() :]
    match rng.randint(0, 10):
        case 0 | 1:
            return text + rng.choice(JOINTS) + _word(pool, rng)
        case 2:
            return _word(pool, rng) + rng.choice(JOINTS) + text
        case 3 | 4:
            return text[:at] + rng.choice(JOINTS) + _word(pool, rng) + text[at:]
        case 5:
            return text[:at] + text[at + rng.choice((1, 1, 2, 5)) :]
        case 6:
            return text[:at] + rng.choice(LETTERS) + text[at:]
        case 7:
            return text[:at] + rng.choice(LETTERS) + text[at + 1 :]
        case 8:
            return rng.choice((text.upper(), text.lower(), text.title(), text[::-1], text.strip()))
        case 9:
            return text * 2 if len(text) < 40 else text[:at]
        case _:
            words = text.split(" ")
            rng.shuffle(words)
            return " ".join(words)


def changed_literal(value: Lit, pool: Pool, rng: random.Random) -> Lit:
    """A literal of the same type."""
    old = value.value
    if isinstance(old, bool):
        return Lit(not old)
    if isinstance(old, str):
        if rng.random() < 0.2 and pool.strings:
            return Lit(rng.choice(pool.strings))
        return Lit(changed_text(old, pool, rng))
    if isinstance(old, int | float):
        near = (old + 1, old - 1, -old, old * 10, old * 2, old // 2 if old == old else 0, 0)
        number = rng.choice(pool.numbers or [7]) if rng.random() < 0.3 else rng.choice(near)
        if isinstance(old, float):
            return Lit(float(number) if abs(number) < 1e300 else 1.0)
        return Lit(int(number) if abs(number) < 1e30 else 1)
    if isinstance(old, bytes):
        return Lit(changed_text(old.decode("latin-1"), pool, rng).encode()[:LONGEST])
    return value


def changed_value(value: Value, pool: Pool, rng: random.Random) -> Value:
    """The value changed somewhere inside, of the same types."""
    if isinstance(value, Lit):
        return changed_literal(value, pool, rng)
    inside = list(parts(value))
    if isinstance(value, Seq) and value.kind != "tuple":
        return _sequence(value, inside, pool, rng)
    if isinstance(value, Map) and value.items and rng.random() < 0.3:
        kept = list(value.items)
        del kept[rng.randrange(len(kept))]
        return Map(tuple(kept))
    if not inside:
        return value
    at = rng.randrange(len(inside))
    inside[at] = changed_value(inside[at], pool, rng)
    return rebuilt(value, tuple(inside))


def _sequence(value: Seq, inside: list[Value], pool: Pool, rng: random.Random) -> Value:
    roll = rng.random()
    if inside and roll < 0.2:
        del inside[rng.randrange(len(inside))]
    elif inside and roll < 0.45:
        inside.insert(rng.randint(0, len(inside)), rng.choice(inside))
    elif inside and roll < 0.9:
        at = rng.randrange(len(inside))
        inside[at] = changed_value(inside[at], pool, rng)
    else:
        rng.shuffle(inside)
    if value.kind in ("set", "frozenset"):
        inside = list(dict.fromkeys(inside))
    return Seq(value.kind, tuple(inside))
