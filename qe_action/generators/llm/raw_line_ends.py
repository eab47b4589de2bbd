r"""Line ends in string literals, where a model meant `\n`. Pure.

In JSON `"f('a\n')"` holds an end of line, which no literal in single quotes may have in Python;
what was meant can only be the escape.
"""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"""
    (?P<triple>'''(?:\\.|[^\\])*?'''|\"""(?:\\.|[^\\])*?\""")
    | (?P<plain>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    | (?P<comment>\#[^\n]*)
    """,
    re.VERBOSE | re.DOTALL,
)
_ENDS = {"\n": r"\n", "\r": r"\r"}
_END = re.compile(r"\\?[\n\r]|\\.", re.DOTALL)


def with_escapes(code: str) -> str:
    """`code` with every end of line in a literal of single quotes as its escape."""
    return _PIECE.sub(lambda hit: _escaped(hit[0]) if hit["plain"] else hit[0], code)


def _escaped(literal: str) -> str:
    return _END.sub(lambda hit: _ENDS.get(hit[0], hit[0]), literal)
