"""Strings, numbers and functions: from what the code says, else common ones."""

from __future__ import annotations

import random

from qe_action.generators.offline.pools import SAMPLES, Pool
from qe_action.generators.offline.value_changes import changed_text
from qe_action.generators.offline.values import Code, Lit, Value


class Scalars:
    """Draws from the pool in place, the same values for the same random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pool = Pool()

    def string(self) -> Value:
        return Lit(self.text())

    def text(self) -> str:
        rng, pool = self.rng, self.pool
        if pool.near and rng.random() < 0.2:
            return rng.choice(pool.near)
        roll = rng.random()
        if pool.patterns and roll < 0.25:
            return pool.matching(rng)
        if pool.strings and roll < 0.55:
            return rng.choice(pool.strings)
        if roll < 0.75:
            return rng.choice(SAMPLES)
        return changed_text(rng.choice(pool.strings or SAMPLES), pool, rng)

    def number(self, whole: bool = True) -> Value:
        rng, pool = self.rng, self.pool
        roll = rng.random()
        if pool.numbers and roll < 0.5:
            value: int | float = rng.choice(pool.numbers) + rng.choice((-1, 0, 0, 0, 1))
        elif roll < 0.85:
            value = rng.choice((0, 1, 2, 3, -1, 5, 10))
        else:
            value = rng.choice((1, -1)) * rng.randint(0, 10 ** rng.randint(1, 13))
        if whole:
            return Lit(int(value) if value == value and abs(value) < 1e30 else 0)
        if roll > 0.95:
            return Lit(rng.choice((float("nan"), float("inf"), -0.5, float("-inf"))))
        return Lit(float(value) if rng.random() < 0.7 else round(value + rng.random(), 2))

    def function(self, arity: int, result: str) -> Value:
        rng = self.rng
        if arity >= 2:
            two = ["lambda a, b: a + b", "lambda a, b: a * b", "lambda a, b: a == b", "max"]
            return Code(rng.choice(two) if arity == 2 else "lambda *args: args")
        if arity == 0:
            return Code(rng.choice(("lambda: 1", "list", "lambda: None")))
        if result == "bool":
            return Code(
                rng.choice(("bool", "lambda x: x == 1", "lambda x: x != x", "lambda x: True"))
            )
        one = ["len", "str", "bool", "int", "lambda x: x", "lambda x: x * 2", "lambda x: x > 1"]
        one += [
            "lambda x: x % 2 == 0",
            "lambda x: True",
            "lambda x: False",
            "lambda x: x[0]",
            "abs",
        ]
        return Code(rng.choice(one))
