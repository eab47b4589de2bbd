"""What is found in a test's source, with its line. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """A line of the test as a file of its own, its imports first, and what is wrong there."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def at(node: ast.AST, what: str) -> Finding:
    """A finding at a node."""
    return Finding(getattr(node, "lineno", 1), what)


def first(findings: Iterable[Finding]) -> Finding | None:
    """The one that stands first in the source."""
    return min(findings, default=None)
