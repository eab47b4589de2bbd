"""Files that tests were added to as a patch that `git apply` takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from qe_action.text import document, visible

PLAIN, PROGRAM = "100644", "100755"
MODES = (PLAIN, PROGRAM)
"""The modes of the files that tests are added to: a link or a submodule is none."""
LONGEST = 1_000_000
"""Bytes of the longest file that is compared."""
SHOWN = 20_000
"""Characters of the longest patch that a comment holds beside all else."""
_UNSAFE = (".git", ".github")
_SHORT = re.compile(r"git(hub)?~\d")
_NO_END = b"\n\\ No newline at end of file\n"
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


class FileChange(NamedTuple):
    """What a file holds, None where it is new, and what it is to hold; `mode` is git's."""

    before: bytes | None
    after: bytes
    mode: str = PLAIN


class Patch(NamedTuple):
    """A patch in bytes, and sentences on what it lacks."""

    data: bytes
    lacks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The patch as a comment can hold it; empty where it can't, as `hidden` says."""
        return "" if self.hidden else self.data.decode()

    @property
    def hidden(self) -> str:
        """Why no comment can hold the patch; empty where one can."""
        try:
            text = self.data.decode()
        except UnicodeDecodeError:
            return "The patch is not UTF-8, so that it can't be shown here."
        if len(text) > SHOWN:
            return f"The patch is too long to be shown here: {len(text):,} characters."
        if document(text) != text or "\r" in text or any(map(_unseen, text.split("\n"))):
            return "The patch has line ends or characters that a comment does not keep."
        return ""


def _unseen(line: str) -> bool:
    return any(visible(part) != part for part in line.split("\t"))


def is_safe(path: str) -> bool:
    """Whether tests may go to a file of this name: a Python file inside the project."""
    parts = path.split("/")
    # A colon names a stream or a drive on Windows, a tilde a folder by its short name.
    inside = all(part not in ("", ".", "..") and not set(part) & set("\\:") for part in parts)
    ours = not any(
        part.lower().rstrip(". ") in _UNSAFE or _SHORT.match(part.lower()) for part in parts
    )
    return inside and ours and path.endswith(".py") and "\0" not in path and path.isprintable()


def make_patch(changes: Mapping[str, FileChange]) -> Patch:
    """One patch of all changes; a file that can't be in one is told of."""
    data, lacks = b"", []
    for path, change in changes.items():
        both = (change.before or b"") + change.after
        if b"\0" in both:
            lacks.append(f"{visible(path)} is not in the patch: it is no text.")
        elif len(change.after) > LONGEST:
            lacks.append(f"{visible(path)} is not in the patch: it is longer than a megabyte.")
        else:
            data += b"".join(_file(path, change))
    return Patch(data, tuple(lacks))


def _file(path: str, change: FileChange) -> Iterator[bytes]:
    old, new = (_name(f"{side}/{path}") for side in "ab")
    yield b"diff --git %s %s\n" % (old, new)
    if change.before is None:
        yield b"new file mode %s\n" % change.mode.encode()
    # Git ends a name with a space in it by a tab, since a date could follow.
    tab = b"\t" if " " in path and not old.startswith(b'"') else b""
    yield b"--- %s\n" % (b"/dev/null" if change.before is None else old + tab)
    yield b"+++ %s\n" % (new + tab)
    before, after = (_lines(data) for data in (change.before or b"", change.after))
    # As text of the same length, since that is what is compared.
    one, other = ([line.decode("latin-1") for line in lines] for lines in (before, after))
    for line in list(difflib.unified_diff(one, other))[2:]:
        data = line.encode("latin-1")
        yield data if data.endswith(b"\n") else data + _NO_END


def _lines(data: bytes) -> list[bytes]:
    """The lines as git counts them, with their ends."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _name(path: str) -> bytes:
    """A name as git writes it: quoted where it holds more than visible ASCII."""
    data = path.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in data):
        return data
    return b'"%s"' % "".join(map(_quoted, data)).encode()


def _quoted(byte: int) -> str:
    if byte in _ESCAPES:
        return f"\\{_ESCAPES[byte]}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
