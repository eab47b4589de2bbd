"""A diff's bytes as text, in the encodings that shells write it in.

git writes the bytes of the files; PowerShell's `git diff > x.diff` turns them into UTF-16 or into
UTF-8 with a byte order mark, with line ends of its own, which `analysis.patch` takes back.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE = 32
"""Characters by which UTF-16 without a mark is told: a diff begins with words of English."""


def diff_text(data: bytes) -> str:
    """The text of a diff; bytes that are none in its encoding become U+FFFD."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode(_unmarked(data[: 2 * _PROBE]), "replace")


def _unmarked(head: bytes) -> str:
    even, odd = head[0::2], head[1::2]
    if head and not any(odd) and all(even[: len(odd)]):
        return "utf-16-le"
    if head and not any(even) and all(odd):
        return "utf-16-be"
    return "utf-8"
