"""Somebody else's words inside a sentence of ours: told apart from it, and unable to end it."""

from __future__ import annotations

LONGEST = 500
# Every mark that opens or closes a quotation somewhere.
_MARKS = dict.fromkeys(
    (0x22, 0xAB, 0xBB, *range(0x2018, 0x2020), 0x2039, 0x203A, 0x301D, 0x301E, 0xFF02), "'"
)


def quoted(text: str) -> str:
    """`text` in quotation marks that nothing in it can close, on one line of bounded length."""
    said = " ".join(text.translate(_MARKS).split())
    return f"“{said if len(said) <= LONGEST else f'{said[: LONGEST - 1]}…'}”"
