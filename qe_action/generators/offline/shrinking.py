"""Inputs that say less, to try instead of one that serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.value_slots import closed, parameter_at, value_at, with_value
from qe_action.generators.offline.values import (
    Call,
    Code,
    Lit,
    Map,
    Seq,
    Value,
    arguments,
    parts,
    rebuilt,
    strings_in,
)

_HOLE = re.compile(r"(?:(?<=[-_.,:;|/])|^)(?=[-_.,:;|/])")
"""Where a word is missing before a separator."""
_LONE = re.compile(r"(?:[-_.,:;|/]|^) (?:[-_.,:;|/]|$)")
"""A space where a word should be."""
_HOLES = 3
"""What a missing word costs beside letters."""


def cost(call: Input) -> int:
    """How much there is to read in an input, and how odd it is."""
    values = [*call.args, *(value for _, value in call.kwargs)]
    if call.receiver is not None:
        values.append(call.receiver)
    texts = [text for value in values for text in strings_in(value)]
    holes = sum(_holes(text) for text in texts)
    odd = sum(not letter.isprintable() for text in texts for letter in text)
    lone = sum(len(_LONE.findall(text)) for text in texts)
    return call.size + (holes + odd + lone) * _HOLES


def leaves_folder(call: Input, plainer: Input, files: object) -> bool:
    """Whether files would no longer be written into a folder of the test's own."""
    return bool(files) and "tmp_path" in _shown(call) and "tmp_path" not in _shown(plainer)


def _shown(call: Input) -> str:
    return arguments(call.args, call.kwargs)


def _holes(text: str) -> int:
    return len(_HOLE.findall(text)) if len(text) > 2 else 0


def _filled(text: str) -> str:
    return _HOLE.sub("a", text) if _holes(text) else ""


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
        if parameter is None or not closed(parameter):
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
    elif isinstance(value, Code) and value.text == 'str(tmp_path / "a.txt")':
        yield Lit("a.txt")
    elif isinstance(value, Seq | Map):
        yield from _simpler_container(value)
    elif isinstance(value, Call):
        if value.args:
            yield Call(value.func, value.args[:-1], value.kwargs, value.names)
        for at in range(len(value.kwargs)):
            rest = value.kwargs[:at] + value.kwargs[at + 1 :]
            yield Call(value.func, value.args, rest, value.names)
        yield from _inside(value)


def _simpler_container(value: Seq | Map) -> Iterator[Value]:
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
    if size and text != "a":
        yield "a"
    if filled := _filled(text):
        yield filled
        for at, one in enumerate(_HOLE.finditer(text)):
            if at < 8:
                yield text[: one.start()] + "a" + text[one.start() :]
    for at, letter in enumerate(text[:24]):
        if size > 1 and letter not in "\n\t" and not _plain(text, at):
            yield text[:at] + ("0" if letter.isdigit() else "a") + text[at + 1 :]


def _plain(text: str, at: int) -> bool:
    """Whether a letter says no more than it has to."""
    letter = text[at]
    if letter == " ":
        return not _LONE.search(text[max(0, at - 1) : at + 2])
    sign = letter in "-_./,:;|@+=<>()[]{}'\"\n\t"
    return letter == "0" or (letter.isascii() and (letter.islower() or sign))
