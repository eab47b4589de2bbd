"""What reviewers reject is not proposed: one small project for each rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import job, made_for, proposals, written

from qe_action.generators.port import Candidate

NEVER = {
    "a private function": (
        "def _hidden(x):\n    return x\ndef shown(x):\n    return _hidden(x)\n",
        "_hidden(",
    ),
    "a private class as an argument": (
        "class _Inner:\n    def __init__(self, n: int) -> None:\n        self.n = n\n"
        "def use(inner: _Inner) -> int:\n    return inner.n\n",
        "_Inner",
    ),
    "a private result": (
        "class _Inner:\n    n = 1\ndef make() -> _Inner:\n    return _Inner()\n",
        "_Inner",
    ),
    "an accidental AttributeError": (
        "def upper(text):\n    return text.upper()\n",
        "AttributeError",
    ),
    "an accidental TypeError": ("def add(a, b):\n    return a + b\n", "TypeError"),
    "an accident on the line of a raise": (
        "def check(box):\n    if not box:\n        raise ValueError(box.name)\n    return 1\n",
        "AttributeError",
    ),
    "an accident that is raised again": (
        "def size(x):\n    try:\n        return len(x)\n    except TypeError:\n        raise\n",
        "TypeError",
    ),
    "an accident of arithmetic": (
        "def half(x: int) -> int:\n    return 10 // x\n",
        "ZeroDivisionError",
    ),
    "an assertion of the code": (
        "def check(x: int) -> int:\n    assert x > 0\n    return x\n",
        "AssertionError",
    ),
    "a wrong type against a hint": (
        "def shout(text: str) -> str:\n    if not isinstance(text, str):\n"
        "        raise TypeError('a string is needed')\n    return text.upper()\n",
        "TypeError",
    ),
    "an operator's wrong type against a hint": (
        "from __future__ import annotations\nclass Size:\n"
        "    def __init__(self, n: int) -> None:\n        self.n = n\n"
        "    def __lt__(self, other: Size) -> bool:\n        if not isinstance(other, Size):\n"
        "            return NotImplemented\n        return self.n < other.n\n",
        "TypeError",
    ),
    "a wrong type against a hint for type checkers alone": (
        "from __future__ import annotations\nimport typing\nif typing.TYPE_CHECKING:\n"
        "    from nowhere import Thing\ndef use(thing: Thing) -> int:\n"
        "    if isinstance(thing, (int, str, float, list, dict, tuple, type(None))):\n"
        "        raise TypeError('a thing is needed')\n    return 1\n",
        "TypeError(",
    ),
    "a wrong type for a constructor": (
        "class Box:\n    def __init__(self, n: int) -> None:\n        self.n = n\n"
        "    def size(self) -> str:\n        return 'none' if self.n is None else 'some'\n",
        "None",
    ),
    "an object's repr": ("def show(x: int) -> str:\n    return str(object())\n", "<object"),
    "a class' repr": ("def show(x: int) -> str:\n    return str(type(x))\n", "<class"),
    "a function's repr": ("def show(x: int) -> str:\n    return repr(len)\n", "<built-in"),
    "an address": ("def make():\n    return object()\n", "0x"),
    "an id": ("def ident(x: int) -> int:\n    return id(x)\n", "ident"),
    "a time": ("import time\ndef now() -> float:\n    return time.time()\n", "now"),
    "a date": (
        "import datetime\ndef today() -> str:\n    return datetime.date.today().isoformat()\n",
        "today",
    ),
    "chance": ("import random\ndef roll() -> float:\n    return random.random()\n", "roll"),
    "a folder": ("import os\ndef here() -> str:\n    return os.getcwd()\n", "here"),
    "an environment": ("import os\ndef mark():\n    os.environ['A'] = '1'\n    return 1\n", "mark"),
    "the order of a set": (
        "def chars(text: str) -> list:\n    return list({*text, 'xx', 'yy', 'zzz'})\n",
        '"yy"',
    ),
    "the order of a set in a text": (
        "def chars(text: str) -> str:\n    return '-'.join({*text, 'x', 'yy', 'zzz'})\n",
        "yy",
    ),
}


@pytest.mark.parametrize(("source", "never"), NEVER.values(), ids=NEVER)
def test_what_reviewers_reject_is_not_proposed(tmp_path: Path, source: str, never: str) -> None:
    for candidate in made_for(tmp_path, source, budget=1200):
        assert never not in candidate.code


SHOWN = {
    "a check of a parameter without a hint": (
        "def shout(text):\n    if not isinstance(text, str):\n"
        "        raise TypeError('a string is needed')\n    return text.upper()\n",
        'pytest.raises(TypeError, match="a string is needed")',
    ),
    "a check of a parameter that may be anything": (
        "def shout(text: object) -> str:\n    if not isinstance(text, str):\n"
        "        raise TypeError('a string is needed')\n    return text.upper()\n",
        'pytest.raises(TypeError, match="a string is needed")',
    ),
    "an operator that knows its own kind alone": (
        "class Size:\n    def __init__(self, n: int) -> None:\n        self.n = n\n"
        "    def __lt__(self, other):\n        if not isinstance(other, Size):\n"
        "            return NotImplemented\n        return self.n < other.n\n",
        "pytest.raises(TypeError)",
    ),
    "a value that the hint allows": (
        "def half(n: int) -> int:\n    if n < 0:\n        raise ValueError('too small')\n"
        "    return n // 2\n",
        'pytest.raises(ValueError, match="too small")',
    ),
    "an error that is raised again": (
        "class ShopError(Exception):\n    pass\n"
        "def buy(n: int) -> int:\n    try:\n        return sell(n)\n    except ShopError:\n"
        "        raise\ndef sell(n: int) -> int:\n    if n > 2:\n        raise ShopError('no')\n"
        "    return n\n",
        'pytest.raises(ShopError, match="no")',
    ),
}


@pytest.mark.parametrize(("source", "line"), SHOWN.values(), ids=SHOWN)
def test_what_the_code_means_to_raise_is(tmp_path: Path, source: str, line: str) -> None:
    assert line in "\n".join(c.code for c in made_for(tmp_path, source, budget=3000))


def test_the_message_of_a_builtin_is_no_part_of_the_pattern(tmp_path: Path) -> None:
    source = (
        "def number(text: str) -> int:\n    try:\n        return int(text)\n"
        "    except ValueError as error:\n"
        "        raise ValueError(f'Not a size: {error}') from error\n"
    )
    code = "\n".join(c.code for c in made_for(tmp_path, source, budget=1200))
    assert 'match="Not a size"' in code
    assert "invalid literal" not in code


def test_a_class_of_a_package_that_the_target_does_not_use_is_not_imported(tmp_path: Path) -> None:
    written(tmp_path / "installed", {"foreign.py": "class Thing:\n    x = 1\n"})
    source = (
        "import importlib, sys\nsys.path.append('{}')\n"
        "def make(n: int):\n    return importlib.import_module('foreign').Thing\n"
    ).format(tmp_path / "installed")
    written(tmp_path / "own", {"target.py": source})
    made = proposals(job(tmp_path / "own/target.py", [tmp_path / "own"], "target", budget=600))
    assert not [c for c in made if isinstance(c, Candidate) and "foreign" in " ".join(c.imports)]


def test_what_a_public_package_offers_is_imported_from_it(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "pack/__init__.py": "from pack._parts import one\n",
            "pack/_parts.py": "def one(n: int) -> int:\n    return n + 1\n",
        },
    )
    (found,) = proposals(job(tmp_path / "pack/_parts.py", [tmp_path], "pack._parts", budget=300))
    assert isinstance(found, Candidate)
    assert found.imports[-1] == "from pack import one"
