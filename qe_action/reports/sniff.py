"""What a file is, told from its first bytes."""

from __future__ import annotations

import codecs
import re

HEAD = 8192
"""Bytes that suffice to tell every format."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_PROLOG = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")

_LCOV = re.compile(r"(TN|SF|VER|FN|FNL|FNDA|FNF|BRDA|BRF|DA|LF|LH):|end_of_record\s*$")
_JACOCO_DTD = "-//JACOCO//DTD"

BINARIES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "compressed: unpack it first"),
    (b"PK\x03\x04", "compressed: unpack it first"),
)
TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"mode: (set|count|atomic)\b"), "a Go coverage profile, which is not read yet"),
)


def text_of(head: bytes) -> str:
    """The bytes as text, as far as telling the format needs it."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            text = head.decode(encoding, "replace")
            return text.removeprefix("\ufeff").strip()
    return head.decode("latin-1").strip()


def root_elements(head: bytes) -> tuple[str, str]:
    """Name of the root element and of the next one, without prefixes; empty where not in sight."""
    text = text_of(head)
    at = 0
    while prolog := _PROLOG.match(text, at):
        at = prolog.end()
    root = _TAG.match(text, at)
    if root is None:
        return "", ""
    following = _TAG.search(text, root.end())
    return root[1], following[1] if following else ""


def is_cobertura(head: bytes) -> bool:
    """Whether it is XML with Cobertura's root, which other formats share but for what is below.

    Also true of XML whose root is not in sight: the parser says best what is wrong with it.
    """
    root, following = root_elements(head)
    if not root:
        return text_of(head).startswith("<")
    return root == "coverage" and following not in ("project", "file")


def is_jacoco(head: bytes) -> bool:
    """Whether it is XML with JaCoCo's root, which EMMA shares, or with its document type."""
    root, following = root_elements(head)
    if not root:
        text = text_of(head)
        return text.startswith("<") and _JACOCO_DTD in text
    return root == "report" and following != "stats"


def is_lcov(head: bytes) -> bool:
    """Whether the first line that is no comment is a record of LCOV.

    Also true of one that can't come first: the parser says best what is wrong with it.
    """
    lines = (line.strip() for line in text_of(head).splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return _LCOV.match(first) is not None


def is_database(head: bytes) -> bool:
    """Whether it is an SQLite database; its tables tell whether it is coverage.py's."""
    return head.startswith(b"SQLite format 3\0")


def is_coverage_json(head: bytes) -> bool:
    """Whether it is JSON as coverage.py writes it, on one line or indented."""
    text = text_of(head)
    return text.startswith("{") and re.search(r'"(meta|executed_lines)"\s*:', text) is not None
