"""What makes a test hard to read or to keep: one table of rules over its parts."""

from __future__ import annotations

import ast
import platform
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}|qe-call-|<[\w.]+ object|\bat 0x")
"""What is different in every process."""
_REPRS = re.compile(r"<(class|function|module|bound method|built-in|generator|coroutine)\b")
_INNER = frozenset(["__name__", "__qualname__", "__class__", "__dict__", "__module__", "__doc__"])
_LONGEST_TEXT = 160
"""How long a string may be that a reader can take in."""
_LONGEST_RESULT = 500
"""How long an expected result may be."""
_GREATEST = 10**16
"""The greatest whole number."""
_FIXTURES = frozenset(["pytest"])


@dataclass(frozen=True)
class WrittenTest:
    """The parts of a test: its code, what it expects, and the modules its names come from."""

    code: str
    wanted: str
    modules: Mapping[str, str]
    own: str
    allowed: frozenset[str]
    people: bool = False
    """Whether people wrote the input: the project's documentation or tests."""


def _private(test: WrittenTest) -> bool:
    """Names with an underscore, but for special methods and the target's own module."""
    for node in ast.walk(ast.parse(test.code)):
        name = getattr(node, "id", getattr(node, "attr", getattr(node, "arg", "")))
        if isinstance(name, str) and name.startswith("_") and not name.endswith("__"):
            return True
    return any(
        part.startswith("_")
        for name, module in test.modules.items()
        if module != test.own
        for part in (*name.split("."), *module.split("."))
    )


def _inner(test: WrittenTest) -> bool:
    """What is about the class or function and not about behaviour."""
    nodes = ast.walk(ast.parse(test.code))
    return any(isinstance(node, ast.Attribute) and node.attr in _INNER for node in nodes)


def _stranger(test: WrittenTest) -> bool:
    """A package that neither the project nor its tests use so far."""
    tops = {(module or name).partition(".")[0] for name, module in test.modules.items()}
    return not tops <= test.allowed | sys.stdlib_module_names | _FIXTURES


def _noise(test: WrittenTest) -> bool:
    """Literals that say nothing to a reader: long, huge, or with control characters."""
    if test.people:
        return False
    for node in ast.walk(ast.parse(test.code)):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str | bytes) and _unreadable(value):
            return True
        if isinstance(value, int) and abs(value) > _GREATEST:
            return True
    return len(test.wanted) > _LONGEST_RESULT


def _unreadable(value: str | bytes) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    odd = sum(not letter.isprintable() and letter not in "\n\t\r" for letter in text)
    return len(text) > _LONGEST_TEXT or odd > max(1, len(text) // 4)


def _machine(test: WrittenTest) -> bool:
    """What only this machine gives: its name, its kernel."""
    marks = (platform.release(), platform.version(), platform.node())
    return any(len(mark) > 3 and mark in test.wanted for mark in marks)


RULES: Mapping[str, Callable[[WrittenTest], bool]] = {
    "private names": _private,
    "attributes of classes": _inner,
    "new dependencies": _stranger,
    "noise": _noise,
    "this machine": _machine,
    "addresses": lambda test: bool(ADDRESS.search(test.code + test.wanted)),
    "reprs of objects": lambda test: bool(_REPRS.search(test.wanted)),
}


def broken_rule(test: WrittenTest) -> str:
    """The first rule that a test breaks, '' where it keeps to all of them."""
    try:
        return next((name for name, broken in RULES.items() if broken(test)), "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "not Python"
