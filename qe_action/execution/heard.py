"""What a suite's processes have said, line by line, as messages: all of it may be forged.

A line is a process's key, a mark and JSON: a blank ends the message, a plus says that the next line
of that key goes on with it. What does not fit is left out and counted.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast, get_args

from qe_action.events import Outcome, Phase
from qe_action.execution.suite_port import (
    Collected,
    Finished,
    Frame,
    Left,
    Message,
    Over,
    Session,
    Started,
)

LINE = 8192
"""Bytes of a line."""
TEXT = 1 << 19
"""Characters of a message in several lines."""
BEGUN = 1 << 24
"""Characters of all messages together that have begun and not ended."""
KEYS = 1000
"""How many processes are listened to."""
MESSAGES = 4_000_000
"""How many messages are taken."""
NAME = 1000
LONG = 8000
"""Characters of a name or path, and of a longer text."""
FRAMES = 50
FILES = 500
WORDS = 200
NUMBER = 1_000_000_000
"""The largest number that is believed."""
_KEY = re.compile(r"([A-Za-z0-9]{1,40})([ +])")
_OUTCOMES = frozenset(get_args(Outcome))
_PHASES = frozenset(get_args(Phase))


class Malformed(ValueError):  # noqa: N818 - says what it is
    """Not what our plugin says."""


class Heard:
    """Makes messages of the bytes that come; `dropped` counts lines that say nothing."""

    def __init__(self) -> None:
        self.dropped = 0
        self._rest = b""
        self._begun: dict[str, str] = {}
        self._size = 0
        self._keys: set[str] = set()
        self._count = 0

    def take(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete with `data`."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest if len(rest) <= LINE else b""
        for line, following in pairwise((*lines, b"")):
            if not self._begun and _has_ended(line, following):
                continue
            try:
                message = self._line(line)
            except (ValueError, TypeError, RecursionError):
                self.dropped += 1
            else:
                if message is not None:
                    yield message

    def _line(self, line: bytes) -> Message | None:
        """The message that a line ends. Raises `ValueError` or `TypeError` where it is none."""
        if len(line) > LINE or self._count >= MESSAGES:
            raise Malformed
        text = line.decode("ascii")
        key, mark, rest = _parted(text)
        if key not in self._keys:
            if len(self._keys) >= KEYS:
                raise Malformed
            self._keys.add(key)
        if before := self._begun.pop(key, ""):
            self._size -= len(before)
            rest = before + rest
        if len(rest) > TEXT or self._size + len(rest) > BEGUN:
            raise Malformed
        if mark == "+":
            self._size += len(rest)
            self._begun[key] = rest
            return None
        self._count += 1
        return self._message(key, json.loads(rest))

    def _message(self, key: str, said: object) -> Message | None:
        match said:
            case ["s" | "e" as mark, name]:
                return (Started if mark == "s" else Left)(key, _text(name, NAME))
            case ["r", *words]:
                return _finished(key, words)
            case ["collected", total, _, files]:
                return Collected(key, _number(total), _files(files))
            case ["session", root, folder, python, words, workers]:
                return Session(
                    key,
                    root=_path(root),
                    folder=_path(folder),
                    python=_text(python, NAME),
                    arguments=tuple(_text(word, NAME) for word in _list(words)[:WORDS]),
                    workers=min(max(1, _number(workers)), 1000),
                )
            case ["over", code, _, *more]:
                return Over(key, _number(code), failed_otherwise=more == [True])
            case ["lost", number]:
                self.dropped += _number(number)
            case ["."]:  # what was held is written
                pass
            case _:
                raise Malformed
        return None


def _finished(key: str, words: list[object]) -> Finished:
    """A test's end; most have passed, and nothing more is said of them."""
    if len(words) not in (7, 8):
        raise Malformed
    name, outcome, phase, seconds, file, line, worker, *more = words
    own = _text(name, NAME)
    plain = Finished(
        key,
        own,
        _outcome(outcome),
        _phase(phase),
        _seconds(seconds),
        _text(file, NAME) or own.partition("::")[0],
        _line_number(line),
        worker=_text(worker, 50),
    )
    if not more:
        return plain
    (details,) = more
    if not isinstance(details, dict):
        raise Malformed
    return replace(
        plain,
        frames=tuple(map(_frame, _list(details.get("frames", []))[-FRAMES:])),
        message=_text(details.get("message", ""), LONG),
        traceback=_text(details.get("traceback", ""), LONG),
        output=_text(details.get("output", ""), LONG),
        reason=_text(details.get("reason", ""), LONG),
        goes_on=details.get("goes_on") is True,
    )


def _has_ended(line: bytes, following: bytes) -> bool:
    """Whether a line says that a test has begun, and the next one that it has ended.

    Most do, and then the beginning is of no interest. It is where a failure has details, as the
    test may go on with its teardown.
    """
    key, mark, name = line.partition(b' ["s",')
    if not mark or following.endswith(b"}]"):
        return False
    return following.startswith(b'%s ["r",%s,' % (key, name[:-1]))


def _parted(text: str) -> tuple[str, str, str]:
    """Key, mark and the rest of a line."""
    found = _KEY.match(text)
    if found is None:
        raise Malformed
    return found[1], found[2], text[found.end() :]


def _frame(said: object) -> Frame:
    match said:
        case [path, line]:
            return Frame(_text(path, NAME), _number(line))
    raise Malformed


def _files(said: object) -> Mapping[str, int]:
    if not isinstance(said, dict) or len(said) > FILES:
        raise Malformed
    return {_text(name, NAME): _number(count) for name, count in said.items()}


def _text(said: object, most: int) -> str:
    """A text that can be written as UTF-8, without what no text has."""
    if not isinstance(said, str):
        raise Malformed
    if len(said) > most:
        said = said[:most]
    if not said.isprintable():
        said = said.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return said


def _path(said: object) -> Path:
    return Path(_text(said, 4096))


def _list(said: object) -> list[object]:
    if not isinstance(said, list):
        raise Malformed
    return said


def _number(said: object) -> int:
    if type(said) is not int or not 0 <= said <= NUMBER:
        raise Malformed
    return said


def _line_number(said: object) -> int | None:
    return None if said is None else _number(said) or None


def _seconds(said: object) -> float | None:
    if said is None:
        return None
    if type(said) not in (int, float):
        raise Malformed
    value = float(cast(float, said))
    if not math.isfinite(value):
        raise Malformed
    return min(max(0.0, value), float(NUMBER))


def _outcome(said: object) -> Outcome:
    if said not in _OUTCOMES:
        raise Malformed
    return cast(Outcome, said)


def _phase(said: object) -> Phase:
    return cast(Phase, said) if said in _PHASES else ""
