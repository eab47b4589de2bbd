"""What can be said of an exception: whether the project's own code meant to raise it."""

from __future__ import annotations

import ast
import dis
import os
from typing import Any

from . import expressions, tracing

_RAISE = dis.opmap["RAISE_VARARGS"]
_ACCIDENTS = (
    TypeError,
    AttributeError,
    NameError,
    AssertionError,
    IndexError,
    ZeroDivisionError,
    UnicodeError,
)
"""What a bare `raise` passes on of these was not meant by anyone."""
_AROUND = " :;,(-\n'\""


class ExceptionFacts:
    """Describes exceptions; each file is read once. `root` holds the project."""

    def __init__(self, tracer: tracing.Tracer, root: str = "") -> None:
        self._tracer = tracer
        self._root = os.path.realpath(root) + os.sep if root else ""
        self._ours: dict[str, bool] = {}
        self._bare: dict[str, set[int]] = {}

    def told(self, error: BaseException) -> dict[str, Any]:
        """The exception, and whether a `raise` of the project's own code made it."""
        kind = type(error)
        file, line = self._raised_at(error)
        meant = file != "" or self._undefined(error) or self._raised_again(error)
        return {
            "type": kind.__qualname__,
            "module": kind.__module__,
            "public": expressions.public_module(kind) or kind.__module__,
            "message": self._message(error),
            "line": line if file == self._tracer.filename else 0,
            "explicit": meant and kind is not AssertionError,
        }

    def _raised_at(self, error: BaseException) -> tuple[str, int]:
        """File and line of the project's `raise`; ("", 0) where something else went wrong."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None:
            return "", 0
        code = trace.tb_frame.f_code
        if code.co_code[trace.tb_lasti] != _RAISE or not self._of_project(code.co_filename):
            return "", 0
        return code.co_filename, trace.tb_lineno

    def _of_project(self, file: str) -> bool:
        if file not in self._ours:
            real = os.path.realpath(file)
            inside = real[len(self._root) :] if real.startswith(self._root) else ""
            installed = {"site-packages", "dist-packages"} & set(inside.split(os.sep))
            self._ours[file] = file == self._tracer.filename or bool(inside and not installed)
        return self._ours[file]

    def _message(self, error: BaseException) -> str:
        """The project's part of the message: what it passes on of a builtin's is cut off."""
        try:
            message = str(error)[:300]
            for other in (error.__cause__, error.__context__):
                passed = str(other) if other is not None else ""
                if passed and passed in message and not self._raised_at(other)[0]:  # type: ignore[arg-type]
                    message = message[: message.index(passed)].rstrip(_AROUND)
        except Exception:
            return ""
        return message

    def _raised_again(self, error: BaseException) -> bool:
        """Whether the target ran a bare `raise`: the traceback shows where it came from first."""
        if isinstance(error, _ACCIDENTS):
            return False
        own = self._tracer.filename
        if own not in self._bare:
            self._bare[own] = _bare_raises(own)
        return any(line in self._bare[own] for _, line in self._tracer.arcs)

    @staticmethod
    def _undefined(error: BaseException) -> bool:
        """Whether an operator of the target's, used by the test itself, said NotImplemented."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None or trace.tb_frame.f_code.co_filename != "<act>":
            return False
        text = str(error) if type(error) is TypeError else ""
        return "not supported between" in text or "unsupported operand type" in text


def _bare_raises(file: str) -> set[int]:
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (SyntaxError, ValueError, OSError):
        return set()
    return {n.lineno for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc is None}
