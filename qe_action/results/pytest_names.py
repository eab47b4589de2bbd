"""How pytest's JUnit files name the tests that it calls by their node ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Characters that XML can't hold, and the one that pytest takes for such.
_ESCAPED = re.compile("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def address(node: str) -> tuple[str, str]:
    """The `classname` and the `name` of a node id.

    `tests/test_a.py::TestThing::test_it[x-y]` is `test_it[x-y]` of `tests.test_a.TestThing`.
    """
    path, bracket, parameters = node.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    return ".".join(names[:-1]), _escaped(names[-1])


def _escaped(text: str) -> str:
    return _ESCAPED.sub(_numbered, text)


def _numbered(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"#x{number:02X}" if number <= 0xFF else f"#x{number:04X}"


class Heard:
    """Tests that were heard, looked up by what a JUnit file calls them."""

    def __init__(self, nodes: Iterable[str]) -> None:
        self._classes: dict[str, set[str]] = {}
        for node in nodes:
            classname, name = address(node)
            self._classes.setdefault(name, set()).add(classname)

    def has(self, classname: str, name: str) -> bool:
        """Whether it is one of them; a prefix that pytest was told to put before counts too."""
        classes = self._classes.get(name, ())
        return classname in classes or any(classname.endswith(f".{each}") for each in classes)
