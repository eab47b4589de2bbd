"""What is said of single tests, in plain text: their names, where they are, and how they failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qe_action.events import Anchor, ExecutionComplete, History, TestFinished, TimedTest
from qe_action.text import clip, duration, visible

_CONTROL = re.compile(
    "\x1b(?:\\[[0-9;:?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])"
)
"""Colours and other sequences for terminals."""

_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)*")
SHORT = 0.05
"""Seconds below which a duration is not told."""
HISTORIES: dict[History, str] = {"": "", "new": "new", "known": "also fails on the base"}
_FAILED_IN = {
    "": "error",
    "collect": "error while collecting",
    "setup": "error in setup",
    "call": "error",
    "teardown": "error in teardown",
}


def short_name(name: str) -> str:
    """A test's name without its file or its package: `TestShop::test_buy[3]`, `ShopTest::buys`.

    What stands between brackets are a case's values, and colons there part nothing.
    """
    whole = visible(name).strip()
    head, bracket, case = whole.partition("[")
    outer, parted, inner = head.partition("::")
    if not parted or not inner:
        return whole or "a test"
    if "/" in outer or outer.endswith(".py"):
        return f"{inner}{bracket}{case}"
    owner = outer.rpartition(".")[2] if _DOTTED.fullmatch(outer) else outer
    return f"{owner}::{inner}{bracket}{case}"


def where_failed(event: TestFinished) -> Anchor | None:
    """Where a failure is shown: at the head where it stands there."""
    return event.anchor or event.failed_at


def place_name(event: TestFinished) -> str:
    """`tests/test_app.py:12`; without the line, or empty, where that is not known."""
    if (place := where_failed(event)) is not None:
        return visible(f"{place.path}:{place.line_start}")
    line = f":{event.line}" if event.line else ""
    return visible(f"{event.file_path}{line}") if event.file_path else ""


def how(event: TestFinished) -> str:
    """`failed`, or where around the test the error was: `error in setup`."""
    return "failed" if event.outcome == "failed" else _FAILED_IN[event.phase]


def said(event: TestFinished, limit: int) -> str:
    """What a failure says, on one line."""
    return first_line(event.message or last_line(event.traceback), limit)


def first_line(text: str, limit: int) -> str:
    """The first line of a text that says something."""
    lines = (" ".join(visible(line).split()) for line in uncoloured(text).splitlines())
    return clip(next((line for line in lines if line), ""), limit)


def last_line(text: str) -> str:
    """The last line of a text that says something."""
    return next((line for line in reversed(uncoloured(text).splitlines()) if line.strip()), "")


def ending(text: str, lines: int, characters: int) -> str:
    """The end of a text without colours, as whole lines where they fit."""
    whole = uncoloured(text).rstrip().split("\n")
    kept: list[str] = []
    for line in reversed(whole[-lines:]):
        characters -= len(line) + bool(kept)
        if characters < 0:
            break
        kept.append(line)
    if not kept:
        return f"…{whole[-1][-characters:]}"
    return "\n".join([*(["…"] if len(kept) < len(whole) else []), *reversed(kept)])


def uncoloured(text: str) -> str:
    """A text without what is meant for terminals."""
    return _CONTROL.sub("", text)


def worth_telling(result: ExecutionComplete) -> Sequence[TimedTest]:
    """The slowest tests, but for those that take no time to speak of."""
    return [test for test in result.slowest if test.seconds >= SHORT]


def seconds(value: float | None) -> str:
    """`0.4 s`; a dash where it is not known, and `<0.1 s` for what is too short to tell."""
    if value is None:
        return "–"
    return "<0.1 s" if value < SHORT else duration(round(min(value, 1e9) * 1000))
