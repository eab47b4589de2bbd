"""Takes whole JSON objects, and fenced Python, out of an answer while it is written. Pure.

One object a line is asked for, but a model may write prose between them, fences around them,
objects over several lines, or leave one unfinished. Each character is looked at once, so the work
grows with the text; no more is held than the object or block that is being read.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

LONGEST = 200_000
"""Characters of the longest object or block that is taken."""
DEEPEST = 40
"""Objects within objects."""

_IN_OBJECT = re.compile(r'["{}\n]')
_IN_STRING = re.compile(r'["\\\n]')
_IN_PROSE = re.compile(r"[{\n]")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+.-]*)[^\n]*")
_PYTHON = {"python", "python3", "py"}
_WRAPPER = re.compile(r'\{\s*"[^"\\\n]{1,40}"\s*:\s*\[\s*')
"""What stands before the first object of a list that is an object's only value."""
_WRAPPER_LENGTH = 100
_ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Fenced:
    """The text of a fenced block of Python."""

    code: str


Found = dict[str, Any] | Fenced
_State = Literal["prose", "object", "block", "lost"]


class Scanner:
    """Reads an answer in pieces of any length; any split of a text gives the same.

    An object ends at its last brace. It is given up as broken where it is no JSON then, where a
    line within it begins with a brace or a fence, and where it gets too long. Objects in a list
    that is all there is of an object stand for themselves.
    """

    def __init__(self, *, longest: int = LONGEST) -> None:
        self.broken = 0
        """Objects that were begun and came to nothing."""
        self._longest = longest
        self._state: _State = "prose"
        self._held: list[str] = []
        self._length = 0
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._head: str | None = ""  # the begin of a line of prose that may become a fence's
        self._line_starts = False  # whether the next character of an object is a line's first
        self._fence = ""
        self._whole_lines = 0  # pieces held of the lines of a block that are whole

    def feed(self, text: str) -> list[Found]:
        """What is whole now that was not before."""
        found: list[Found] = []
        at = 0
        while at < len(text):
            match self._state:
                case "prose":
                    at = self._prose(text, at)
                case "object":
                    at = self._object(text, at, found)
                case "block":
                    at = self._block(text, at, found)
                case "lost":
                    at = self._lost(text, at)
        return found

    def close(self) -> list[Found]:
        """What the end of the text makes whole: a block whose fence is the last line."""
        found: list[Found] = []
        if self._state == "object":
            self._give_up()
        elif self._state == "block":
            self._line_of_block(found)
        self._rest("prose")
        return found

    # Prose

    def _prose(self, text: str, at: int) -> int:
        """Look for an object or a fence."""
        if self._head is not None:
            return self._start_of_line(text, at)
        hit = _IN_PROSE.search(text, at)
        if hit is None:
            return len(text)
        if hit.group() == "{":
            self._open()
        else:
            self._head = ""
        return hit.end()

    def _start_of_line(self, text: str, at: int) -> int:
        """Look whether a line of prose is a fence."""
        assert self._head is not None
        character = text[at]
        if character == "{":
            self._open()
        elif character == "\n":
            self._fenced(self._head)
        elif _may_be_fence(self._head + character):
            self._head += character
        else:
            self._head = None
        return at + 1

    def _fenced(self, line: str) -> None:
        """Begin a block where a line is a fence of Python; else go on with prose."""
        self._head = ""
        hit = _FENCE.fullmatch(line)
        if hit and hit.group(2).lower() in _PYTHON:
            self._rest("block")
            self._line_starts = True
            self._fence = hit.group(1)

    # An object

    def _open(self) -> None:
        self._rest("object")
        self._hold("{")
        self._depth = 1

    def _object(self, text: str, at: int, found: list[Found]) -> int:
        """Read on in an object, up to what may end it."""
        if self._line_starts:
            return self._start_in_object(text, at)
        if self._escaped:
            self._escaped = False
            if text[at] != "\n":
                self._hold(text[at])
                return at + 1
        hit = (_IN_STRING if self._in_string else _IN_OBJECT).search(text, at)
        end = hit.end() if hit else len(text)
        self._hold(text[at:end])
        if self._length > self._longest or self._depth > DEEPEST:
            self._give_up("lost")
            return end - 1 if hit and hit.group() == "\n" else end
        if hit:
            self._turn(hit.group(), found)
        return end

    def _turn(self, character: str, found: list[Found]) -> None:
        """Follow a character of an object that matters."""
        match character:
            case '"':
                self._in_string = not self._in_string
            case "\\":
                self._escaped = True
            case "\n":
                self._line_starts = True
                self._head = ""
            case "{":
                if self._depth == 1 and self._wraps():
                    self._open()
                else:
                    self._depth += 1
            case _:
                self._depth -= 1
                if not self._depth:
                    self._end(found)

    def _start_in_object(self, text: str, at: int) -> int:
        """Give the object up where a line begins with another one or with a fence."""
        if text[at] == "{":
            self._give_up()
            return at
        if text[at] == "`":
            self._head = (self._head or "") + "`"
            if self._head == "```":
                self._give_up()
                self._head = "```"
            else:
                self._hold("`")
            return at + 1
        self._line_starts = False
        return at

    def _wraps(self) -> bool:
        """Whether what is held up to a brace only leads to a list of objects."""
        if self._length > _WRAPPER_LENGTH:
            return False
        return bool(_WRAPPER.fullmatch("".join(self._held)[:-1]))

    def _end(self, found: list[Found]) -> None:
        item = _parsed("".join(self._held))
        if item is None:
            self._give_up()
        else:
            found.append(item)
            self._rest("prose")
        self._head = None

    def _give_up(self, state: _State = "prose") -> None:
        self.broken += 1
        self._rest(state)

    # A block

    def _block(self, text: str, at: int, found: list[Found]) -> int:
        """Collect a block, line by line."""
        if self._line_starts and text[at] == "{":
            self._rest("prose")
            return at
        newline = text.find("\n", at)
        end = newline + 1 or len(text)
        self._line_starts = False
        self._hold(text[at:end])
        if self._length > self._longest:
            self._rest("lost")
            return end - 1 if newline >= 0 else end
        if newline >= 0:
            self._line_of_block(found)
        return end

    def _line_of_block(self, found: list[Found]) -> None:
        """End the block where its last line is the fence that closes it."""
        line = "".join(self._held[self._whole_lines :]).strip()
        if line.startswith(self._fence) and not line.strip(self._fence[0]):
            code = textwrap.dedent("".join(self._held[: self._whole_lines]))
            found.append(Fenced(code))
            self._rest("prose")
        else:
            self._whole_lines = len(self._held)
            self._line_starts = True

    # What has no place

    def _lost(self, text: str, at: int) -> int:
        """Skip the rest of a line."""
        newline = text.find("\n", at)
        if newline < 0:
            return len(text)
        self._rest("prose")
        return newline + 1

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._length += len(text)

    def _rest(self, state: _State) -> None:
        """Begin anew at a line's start."""
        self._state = state
        self._held = []
        self._length = self._depth = 0
        self._in_string = self._escaped = self._line_starts = False
        self._head = ""
        self._fence = ""
        self._whole_lines = 0


def _may_be_fence(start: str) -> bool:
    """Whether a line that begins so may be a fence."""
    mark = start.lstrip(" \t")
    if len(start) > 100 or (mark and mark[0] not in "`~"):
        return False
    return not mark[:3].strip(mark[:1])


def _parsed(text: str) -> dict[str, Any] | None:
    """An object of JSON; raw line ends and wrong escapes in its strings are let pass."""
    for form in (str, _with_right_escapes):
        try:
            item = json.loads(form(text), strict=False)
            if not text.isascii() or _SURROGATE.search(text):
                json.dumps(item, ensure_ascii=False).encode()  # half a character is none
        except (ValueError, RecursionError):
            continue
        assert isinstance(item, dict)
        return item
    return None


def _with_right_escapes(text: str) -> str:
    """`text` with every backslash that escapes nothing in JSON escaped itself."""
    return _ESCAPE.sub(lambda hit: hit.group() if hit.group(1) else "\\\\", text)
