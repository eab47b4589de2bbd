"""Settings files in the form of `setup.cfg`, as strangers may have written them."""

from __future__ import annotations

import re
from configparser import ConfigParser

_BLANKS = re.compile(r"[^\S\n]{64,}+")
"""The standard library's pattern for a line tries all blanks of a run from each of them."""


def read_ini(text: str, *, strict: bool = False, keep_case: bool = False) -> ConfigParser:
    """What a text says, `%` without a meaning; `strict` refuses what is said twice.

    Raises `configparser.Error`.
    """
    parser = ConfigParser(interpolation=None, strict=strict)
    if keep_case:
        parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(_BLANKS.sub(" ", text))
    return parser
