"""Small changes to inputs that keep each value's type, and smaller inputs to try instead."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from qe_action.generators.offline.answers import Parameter
from qe_action.generators.offline.making import Maker
from qe_action.generators.offline.pools import SAMPLES, Pool
from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.values import Call, Lit, Map, Seq, Value, parts, rebuilt

LETTERS = "0123456789abcXYZ-_. /\n:(),[]=\t'\"#"
JOINTS = ("", "", " ", "\n", "\n    ", ": ", ":\n    ", "-", ".", ",", "\n\n", " = ")
LONGEST = 300


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


class Mutator:
    """Changes inputs that have proved useful."""

    def __init__(self, maker: Maker, rng: random.Random) -> None:
        self._maker, self._rng = maker, rng

    def mutated(self, call: Input, pool: Pool, others: list[Input], hot: Pool | None) -> Input:
        """The input changed in one or a few places; `hot` is what the next condition says."""
        self._maker.pool = pool
        call = replace(call, shown=False)
        for _ in range(self._rng.choice((1, 1, 1, 2, 3))):
            near = hot if hot is not None and self._rng.random() < 0.5 else pool
            call = self._one(call, near, pool, others)
        return call

    def _one(self, call: Input, near: Pool, pool: Pool, others: list[Input]) -> Input:
        rng = self._rng
        roll = rng.random()
        if call.receiver is not None and roll < 0.35:
            return self._receiver(call, near)
        if roll < 0.5 and others:
            return self._crossed(call, rng.choice(others))
        if roll < 0.62:
            args, kwargs = self._maker.arguments(call.subject.parameters, call.subject.name)
            off, self._maker.off = self._maker.off, False
            call = replace(call, off=call.off or off)
            if rng.random() < 0.5 and len(args) == len(call.args):
                return replace(call, kwargs=kwargs)
            return replace(call, args=args, kwargs=kwargs)
        slots = len(call.args) + len(call.kwargs)
        if not slots:
            return self._receiver(call, near) if call.receiver is not None else call
        at = rng.randrange(slots)
        parameter = parameter_at(call, at)
        value = value_at(call, at)
        if parameter is not None and (rng.random() < 0.3 or _closed(parameter)):
            call = with_value(call, at, self._maker.argument(parameter))
            off, self._maker.off = self._maker.off, False
            return replace(call, off=call.off or off)
        return with_value(call, at, self.value(value, near))

    def _receiver(self, call: Input, near: Pool) -> Input:
        rng, owner = self._rng, call.subject.owner
        assert owner is not None and call.receiver is not None
        roll = rng.random()
        if roll < 0.45:
            return replace(call, receiver=self._maker.object(owner, 0))
        if roll < 0.7:
            methods = [m for m in owner.members if m.kind == "method" and m.name[:1] != "_"]
            if methods and len(call.steps) < 4 and not call.subject.signature.is_async:
                method = rng.choice(methods)
                if not method.is_async:
                    args, kwargs = self._maker.arguments(method.parameters, method.name)
                    return replace(call, steps=(*call.steps, (method.name, args, kwargs)))
        if isinstance(call.receiver, Call) and isinstance(near, Pool):
            return replace(call, receiver=self._typed_call(call.receiver, near, owner.parameters))
        return call

    def _typed_call(self, made: Call, near: Pool, parameters: tuple[Parameter, ...]) -> Value:
        inside = list(parts(made))
        if not inside:
            return made
        at = self._rng.randrange(len(inside))
        closed = {p.name for p in parameters if _closed(p)}
        name = (
            made.kwargs[at - len(made.args)][0]
            if at >= len(made.args)
            else (parameters[at].name if at < len(parameters) else "")
        )
        if name not in closed:
            inside[at] = self.value(inside[at], near)
        return rebuilt(made, tuple(inside))

    def _crossed(self, call: Input, other: Input) -> Input:
        if other.subject != call.subject:
            return call
        if self._rng.random() < 0.3 and call.receiver is not None:
            return replace(call, receiver=other.receiver, steps=other.steps)
        if self._rng.random() < 0.5:
            return replace(call, kwargs=other.kwargs, off=call.off or other.off)
        if other.off:
            return call
        return replace(call, args=other.args) if len(other.args) == len(call.args) else call

    def value(self, value: Value, pool: Pool) -> Value:
        """The value changed somewhere inside, of the same types."""
        rng = self._rng
        if isinstance(value, Lit):
            return changed_literal(value, pool, rng)
        inside = list(parts(value))
        if isinstance(value, Seq) and value.kind != "tuple":
            return self._sequence(value, inside, pool)
        if isinstance(value, Map) and value.items and rng.random() < 0.3:
            kept = list(value.items)
            del kept[rng.randrange(len(kept))]
            return Map(tuple(kept))
        if not inside:
            return value
        at = rng.randrange(len(inside))
        inside[at] = self.value(inside[at], pool)
        return rebuilt(value, tuple(inside))

    def _sequence(self, value: Seq, inside: list[Value], pool: Pool) -> Value:
        rng = self._rng
        roll = rng.random()
        if inside and roll < 0.2:
            del inside[rng.randrange(len(inside))]
        elif inside and roll < 0.45:
            inside.insert(rng.randint(0, len(inside)), rng.choice(inside))
        elif inside and roll < 0.9:
            at = rng.randrange(len(inside))
            inside[at] = self.value(inside[at], pool)
        else:
            rng.shuffle(inside)
        if value.kind in ("set", "frozenset"):
            inside = list(dict.fromkeys(inside))
        return Seq(value.kind, tuple(inside))


def _closed(parameter: Parameter) -> bool:
    """Whether only certain literals are allowed."""
    return any(t.t in ("literal", "enum") for t in (parameter.type, *parameter.type.inner))


def value_at(call: Input, at: int) -> Value:
    count = len(call.args)
    return call.args[at] if at < count else call.kwargs[at - count][1]


def with_value(call: Input, at: int, value: Value) -> Input:
    count = len(call.args)
    if at < count:
        return replace(call, args=(*call.args[:at], value, *call.args[at + 1 :]))
    pairs = list(call.kwargs)
    pairs[at - count] = (pairs[at - count][0], value)
    return replace(call, kwargs=tuple(pairs))


def parameter_at(call: Input, at: int) -> Parameter | None:
    """The parameter that a slot belongs to."""
    parameters = call.subject.parameters
    if at >= len(call.args):
        name = call.kwargs[at - len(call.args)][0]
        return next((p for p in parameters if p.name == name), None)
    if at < len(parameters) and parameters[at].kind.startswith("POSITIONAL"):
        return parameters[at]
    return next((p for p in parameters if p.kind == "VAR_POSITIONAL"), None)


def simpler_inputs(call: Input) -> Iterator[Input]:
    """Inputs that say less, the boldest first."""
    if call.steps:
        yield replace(call, steps=())
        for at in range(len(call.steps)):
            yield replace(call, steps=call.steps[:at] + call.steps[at + 1 :])
    for at in range(len(call.kwargs)):
        yield replace(call, kwargs=call.kwargs[:at] + call.kwargs[at + 1 :])
    if call.args and len(call.args) > _required(call):
        yield replace(call, args=call.args[:-1])
    for at in range(len(call.args) + len(call.kwargs)):
        parameter = parameter_at(call, at)
        if parameter is None or not _closed(parameter):
            for value in simpler(value_at(call, at)):
                yield with_value(call, at, value)
    if isinstance(call.receiver, Call):
        for receiver in simpler(call.receiver):
            yield replace(call, receiver=receiver)
    for at, (name, args, kwargs) in enumerate(call.steps):
        for place, arg in enumerate(args):
            for value in simpler(arg):
                changed = (name, (*args[:place], value, *args[place + 1 :]), kwargs)
                yield replace(call, steps=(*call.steps[:at], changed, *call.steps[at + 1 :]))


def _required(call: Input) -> int:
    return sum(
        p.default is None and p.kind.startswith("POSITIONAL") for p in call.subject.parameters
    )


def simpler(value: Value) -> Iterator[Value]:
    """Values of the same type that are shorter or plainer."""
    if isinstance(value, Lit):
        yield from _simpler_literal(value)
    elif isinstance(value, Seq | Map):
        yield from _simpler_holder(value)
    elif isinstance(value, Call):
        for at in range(len(value.kwargs)):
            rest = value.kwargs[:at] + value.kwargs[at + 1 :]
            yield Call(value.func, value.args, rest, value.names)
        yield from _inside(value)


def _simpler_holder(value: Seq | Map) -> Iterator[Value]:
    items = value.items
    fixed = isinstance(value, Seq) and value.kind == "tuple" and len(items) < 4

    def of(kept: tuple[object, ...]) -> Value:
        if isinstance(value, Map):
            return Map(kept)  # type: ignore[arg-type]
        return Seq(value.kind, kept)  # type: ignore[arg-type]

    if not fixed and len(items) > 1:
        yield of(items[:1])
        if len(items) > 2:
            yield of(items[: len(items) // 2])
            yield of(items[len(items) // 2 :])
        for at in range(min(len(items), 8)):
            yield of(items[:at] + items[at + 1 :])
    yield from _inside(value)


def _inside(value: Value) -> Iterator[Value]:
    inside = parts(value)
    for at, part in enumerate(inside[:8]):
        for plainer in simpler(part):
            yield rebuilt(value, (*inside[:at], plainer, *inside[at + 1 :]))


def _simpler_literal(value: Lit) -> Iterator[Value]:
    old = value.value
    if isinstance(old, bool) or old is None:
        return
    if isinstance(old, str):
        yield from (Lit(text) for text in _shorter(old))
    elif isinstance(old, int):
        for number in (1, 2, 10, old // 10, old // 2, abs(old)):
            if abs(number) < abs(old) or (number == -old and old < 0):
                yield Lit(number)
    elif isinstance(old, float) and old == old:
        for near in (
            1.0,
            0.5,
            2.0,
            float(int(old)) if abs(old) < 1e18 else 1.0,
            round(old, 1),
        ):
            if len(repr(near)) < len(repr(old)):
                yield Lit(near)
    elif isinstance(old, bytes):
        yield from (Lit(text.encode("latin-1")) for text in _shorter(old.decode("latin-1")))


def _shorter(text: str) -> Iterator[str]:
    size = len(text)
    step = size // 2
    while step >= 1:
        for at in range(0, size, step):
            if shorter := text[:at] + text[at + step :]:
                yield shorter
        step //= 2
        if size > 40 and step < size // 16:
            break
    if len(text) > 1 and text != "a" * size:
        for at in range(min(size, 24)):
            if text[at] not in "a0":
                plain = "0" if text[at].isdigit() else "a"
                if text[at].isalnum() and not ("a" <= text[at] <= "z"):
                    yield text[:at] + plain + text[at + 1 :]
