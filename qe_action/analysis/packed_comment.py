"""JSON inside an HTML comment: compressed by zlib, and written in base64.

That alphabet has no `-` and no `>`, so nothing in it can end the comment.
"""

from __future__ import annotations

import base64
import re
import zlib

TEXT_LIMIT = 65_535
"""Characters of a check run's text (REST reference, "Update a check run")."""
MAX_RAW = 4 * 1024 * 1024
"""Bytes of the largest digest before it is compressed; one that fits has under a tenth."""


def packed(name: str, schema: int, raw: bytes) -> str:
    """`raw` as the comment of a name and a version of its form."""
    text = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    return f"<!-- {name} {schema} {text} -->"


def unpacked(name: str, schema: int, text: str) -> bytes | None:
    """What such a comment in a check run's text holds; None where there is none to be believed.

    The text is hostile: too long, too large when unpacked or with more behind its end, it is none.
    """
    if len(text) > 2 * TEXT_LIMIT:
        return None
    found = re.search(rf"<!-- {re.escape(name)} {schema} ([A-Za-z0-9+/]+={{0,2}}) -->", text)
    if found is None:
        return None
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(base64.b64decode(found[1], validate=True), MAX_RAW)
    except (ValueError, zlib.error):  # base64's errors are ValueErrors
        return None
    return raw if unpacker.eof and not unpacker.unused_data else None
