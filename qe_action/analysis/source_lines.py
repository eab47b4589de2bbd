"""Whether a source can't be the one whose lines a report lists."""

from __future__ import annotations

from collections.abc import Sequence

from qe_action.analysis.python_module import parse_module
from qe_action.analysis.source_match import strays
from qe_action.analysis.statements import find_extents


def excludes(path: str, content: bytes, lines: Sequence[int]) -> bool:
    """Whether the file of this content has no such lines: it is shorter, or nothing is there.

    `lines` are in order. What is on a line is known of Python alone.
    """
    if not lines:
        return False
    if lines[-1] > content.count(b"\n") + (not content.endswith(b"\n")):
        return True
    if not path.endswith(".py"):
        return False
    module = parse_module(path, content)
    return module is not None and bool(strays(module, find_extents(module), lines))
