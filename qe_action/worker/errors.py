"""What can be said of an exception: whether the project's own code meant to raise it."""

from __future__ import annotations

import ast
import os
from typing import Any

from . import express, tracing


class Errors:
    """Tells exceptions; files are read once."""

    def __init__(self, tracer: tracing.Tracer) -> None:
        self._tracer = tracer
        self._raises: dict[Any, Any] = {}
        self._bare: dict[Any, Any] = {}

    def told(self, error: BaseException) -> dict[Any, Any]:
        """The exception, and whether a `raise` of the project's own code made it."""
        kind = type(error)
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        file = trace.tb_frame.f_code.co_filename if trace is not None else ""
        line = trace.tb_lineno if trace is not None else 0
        try:
            message = str(error)[:300]
        except Exception:
            message = ""
        return {
            "type": kind.__qualname__,
            "module": kind.__module__,
            "public": self._public(kind),
            "message": message,
            "line": line if file == self._tracer.filename and self._explicit(file, line) else 0,
            "explicit": self._explicit(file, line)
            or (file == "<act>" and self._undefined(error))
            or self._raised_again(),
        }

    @staticmethod
    def _public(kind: type) -> str:
        """A module from which a test would import the class."""
        public = express._public(kind)
        return public or kind.__module__

    def _raised_again(self) -> bool:
        """Whether the target ran a bare `raise`: the traceback shows where it came from first."""
        own = self._tracer.filename
        if own not in self._bare:
            self._bare[own] = _raise_lines(own, bare=True)
        return any(line in self._bare[own] for _, line in self._tracer.arcs)

    def _undefined(self, error: BaseException) -> bool:
        """Whether an operator of the target's said NotImplemented."""
        text = str(error) if type(error) is TypeError else ""
        return "not supported between" in text or "unsupported operand type" in text

    def _explicit(self, file: str, line: int) -> bool:
        if file not in self._raises:
            self._raises[file] = _raise_lines(file)
        return line in self._raises[file]


def _raise_lines(file: str, bare: bool = False) -> set[Any]:
    if not os.path.isfile(file) or (
        file.startswith(os.path.dirname(os.__file__) + os.sep) and ("site-packages" not in file)
    ):
        return set()
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (SyntaxError, ValueError, OSError):
        return set()
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and (node.exc is None or not bare):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines
