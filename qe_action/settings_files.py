"""Settings files, as strangers may have written them: none takes long for its length."""

from __future__ import annotations

import re
import tomllib
from configparser import ConfigParser
from typing import Any

PARTS = 100
"""Parts of the longest key, as in `a.b.c`: the library goes through all of them for each."""
_BLANKS = re.compile(r"[^\S\n]{64,}+")
"""The standard library's pattern for a line tries all blanks of a run from each of them."""
_LONG_KEY = re.compile(
    rf"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{PARTS}}}"""
)


def read_ini(text: str, *, strict: bool = False) -> ConfigParser:
    """What a text says, `%` without a meaning; `strict` refuses what is said twice.

    Raises `configparser.Error`.
    """
    parser = ConfigParser(interpolation=None, strict=strict)
    parser.read_string(_BLANKS.sub(" ", text))
    return parser


def read_toml(text: str) -> dict[str, Any]:
    """What a text says. Raises `ValueError` for all that can't be read, however it is written."""
    if _LONG_KEY.search(text):
        raise ValueError(f"a key has more than {PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
