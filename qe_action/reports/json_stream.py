"""JSON taken apart as it comes: what is small is decoded at once, what is large piece by piece.

About `WINDOW` characters are in sight. A value that ends within them is decoded as a whole; of
a larger one the members of an object and the elements of an array are asked for one after the
other, and what nobody asks for is passed over without being decoded.

The methods are generators that pause where more text is needed: `yield from` them in a
generator, and resume that one after each `feed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any, Final, TypeVar

from qe_action.errors import ReportError

WINDOW = 1 << 20
"""Characters in sight; also the longest text and, times 15, the largest decoded value."""

_T = TypeVar("_T")
Reading = Generator[None, None, _T]
"""Something read in steps: it pauses until more is fed."""


class Large:
    """The type of `LARGE`."""


LARGE: Final = Large()
"""Stands for a value that does not end in sight."""

_BLANK = re.compile(r"[ \t\n\r]*+")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_IN_OBJECT = re.compile(r'"(?:[^"\\]|\\.)*+"|["{}]', re.DOTALL)
_IN_ARRAY = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]]', re.DOTALL)
_IN_ANY = re.compile(r'"(?:[^"\\]|\\.)*+"|["{}\[\]]', re.DOTALL)
_BARE = re.compile(r"[^\s,:{}\[\]\"]++")
_PAIRS_END = re.compile(r"\]\s*+\]")
_COMMA = re.compile(r"\s*+,\s*+")


class JsonStream:
    """The text that is in sight, and where in it the reader stands."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._text = ""
        self._at = 0
        self._waiting: list[str] = []
        self._waits = 0
        self._ended = False
        self._lines = 0  # before the text in sight
        self._column = 0

    def feed(self, text: str, *, final: bool = False) -> None:
        """More text, the last with `final`."""
        if text:
            self._waiting.append(text)
            self._waits += len(text)
        self._ended = self._ended or final

    @property
    def short(self) -> bool:
        """Whether the reader would have to wait."""
        return (
            not self._ended
            and self._waits < self._window
            and len(self._text) - self._at < self._window
        )

    def whole(self) -> Reading[Any]:
        """The next value, decoded, or `LARGE`; then it is still the next.

        Raises:
            ReportError: what is there is no JSON.
        """
        yield from self._peek()
        end = self._end_of_value()
        if end is None:
            if not self._ended:
                return LARGE
            end = len(self._text)
        return self._decoded(self._at, end)

    def enter(self, bracket: str) -> Reading[bool]:
        """Step into an object or array; False where the next value is none."""
        if (yield from self._peek()) != bracket:
            return False
        self._at += 1
        return True

    def key(self, *, first: bool) -> Reading[str | None]:
        """The next key of an object that was entered; None at its end, which is left."""
        if not (yield from self._next("}", first=first)):
            return None
        yield from self._peek()
        found = _TEXT.match(self._text, self._at)
        if found is None and not self._ended and self._text[self._at] == '"':
            raise self._too_long()
        if found is None:
            raise self._broken("Expecting property name enclosed in double quotes")
        key: str = self._decoded(found.start(), found.end())
        if (yield from self._peek()) != ":":
            raise self._broken("Expecting ':' delimiter")
        self._at += 1
        return key

    def piece(self, *, first: bool) -> Reading[list[Any] | None]:
        """The next elements of an array that was entered; None at its end, which is left."""
        if not (yield from self._next("]", first=first)):
            return None
        yield from self._peek()
        cut = self._piece_end()
        piece: list[Any] = self._decoded(self._at, cut, array=True)
        return piece

    def skip(self) -> Reading[None]:
        """Pass over the next value, of whatever size."""
        if (yield from self._peek()) not in ("{", "["):
            yield from self.whole()
            return
        depth = 0
        while True:
            for found in _IN_ANY.finditer(self._text, self._at):
                mark = found[0]
                if mark == '"':
                    self._at = found.start()
                    break  # a text that ends out of sight
                if mark in ("{", "["):
                    depth += 1
                elif mark in ("}", "]"):
                    depth -= 1
                    if not depth:
                        self._at = found.end()
                        return
            else:
                self._at = len(self._text)
            if self._ended and not self._waits:
                raise self._broken("Expecting ',' delimiter")
            if len(self._text) - self._at >= self._window:
                raise self._too_long()
            yield from self._fill()

    def at_end(self) -> Reading[bool]:
        """Whether nothing but blanks follows."""
        return not (yield from self._peek())

    def end(self) -> Reading[None]:
        """Make sure that nothing follows."""
        if not (yield from self.at_end()):
            raise self._broken("Extra data")

    def _next(self, closing: str, *, first: bool) -> Reading[bool]:
        """Step to the next member or element; False at the end, which is left."""
        mark = yield from self._peek()
        if mark == closing:
            self._at += 1
            return False
        if first:
            return True
        if mark != ",":
            raise self._broken("Expecting ',' delimiter")
        self._at += 1
        return True

    def _peek(self) -> Reading[str]:
        """The next character but blanks, with a window's text in sight; empty at the end."""
        while True:
            yield from self._fill()
            blank = _BLANK.match(self._text, self._at)
            assert blank is not None
            self._at = blank.end()
            if not self.short and (self._at < len(self._text) or not self._waits):
                return self._text[self._at : self._at + 1]

    def _fill(self) -> Reading[None]:
        """Bring a window's text in sight, or all there is."""
        while self.short:
            yield
        if self._waits and len(self._text) - self._at < self._window:
            passed = self._text[: self._at]
            if lines := passed.count("\n"):
                self._lines += lines
                self._column = len(passed) - passed.rindex("\n") - 1
            else:
                self._column += len(passed)
            self._text = "".join((self._text[self._at :], *self._waiting))
            self._at = self._waits = 0
            self._waiting.clear()

    def _end_of_value(self) -> int | None:
        """Where the next value ends; None where that is not in sight."""
        mark = self._text[self._at : self._at + 1]
        limit = self._at + self._window
        if mark == '"':
            found = _TEXT.match(self._text, self._at, limit)
            if found is None and len(self._text) >= limit:
                raise self._too_long()
            return found.end() if found else None
        if mark not in ("{", "["):
            found = _BARE.match(self._text, self._at)
            return found.end() if found else min(self._at + 1, len(self._text))
        inside = _IN_OBJECT if mark == "{" else _IN_ARRAY
        depth = 0
        for each in inside.finditer(self._text, self._at, limit):
            found_mark = each[0]
            if found_mark == mark:
                depth += 1
            elif found_mark in ("}", "]"):
                depth -= 1
                if not depth:
                    return each.end()
            elif found_mark == '"':
                return None
        return None

    def _piece_end(self) -> int:
        """Where the elements end that are taken from an array in one go."""
        text, at = self._text, self._at
        end = at + self._window // 2
        mark = text[at : at + 1]
        if mark == '"':
            return self._after_texts(end)
        closing = text.find("]", at, end)
        if mark == "[":
            outer = _PAIRS_END.search(text, at, end)
            cut = outer.start() + 1 if outer else text.rfind("]", at, end) + 1
        elif closing >= 0:
            cut = closing
        else:
            cut = text.rfind(",", at, end)
        if cut <= at:
            raise self._broken("Expecting a list of numbers or texts")
        return cut

    def _after_texts(self, end: int) -> int:
        at = cut = self._at
        while at < end and (found := _TEXT.match(self._text, at)):
            cut = found.end()
            blank = _COMMA.match(self._text, cut)
            if blank is None:
                break
            at = blank.end()
        if cut == self._at:
            raise self._too_long()
        return cut

    def _decoded(self, start: int, end: int, *, array: bool = False) -> Any:
        """The value between two places in sight, or the array of the values there."""
        text = self._text[start:end]
        try:
            value = json.loads(f"[{text}]" if array else text)
        except json.JSONDecodeError as error:
            self._at = start + error.pos - array
            raise self._broken(error.msg) from None
        except (RecursionError, ValueError) as error:
            raise unreadable(error) from None
        self._at = end
        return value

    def _broken(self, why: str) -> ReportError:
        passed = self._text[: self._at]
        lines = passed.count("\n")
        column = len(passed) - passed.rindex("\n") if lines else self._column + len(passed) + 1
        return ReportError(
            f"The report is not valid JSON: {why} at line {self._lines + lines + 1}, "
            f"column {column}.",
            hint="Was it cut off? Create the report again.",
        )

    def _too_long(self) -> ReportError:
        return ReportError(
            f"The report is refused: one text of it is longer than {WINDOW >> 20} MB.",
            hint="No coverage tool writes this. Create the report again.",
        )


def unreadable(error: Exception) -> ReportError:
    """What Python itself can't take: nesting without end, numbers of any length, odd bytes."""
    return ReportError(
        f"The report is not readable JSON ({type(error).__name__}).",
        hint="Create the report again.",
    )
