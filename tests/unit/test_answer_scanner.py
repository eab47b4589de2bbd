"""Whole objects out of an answer that comes in any pieces."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.generators.llm.scanner import DEEPEST, Fenced, Found, Scanner


def scan(*pieces: str, longest: int = 200_000) -> tuple[list[Found], int]:
    scanner = Scanner(longest=longest)
    found = [item for piece in pieces for item in scanner.feed(piece)]
    return found + scanner.close(), scanner.broken


ONE: dict[str, Any] = {"name": "test_a", "code": 'def test_a():\n    assert f({"a": "}"}) == "{"\n'}
TWO: dict[str, Any] = {"name": "test_ü", "code": "assert '\\\\' + '\"'", "lines": [1, 2]}
GOOD = f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n"

FENCED = "Here:\n```python\ndef test_a():\n    assert {1: 2}\n```\nThat is all.\n"

CASES = {
    "one a line": (GOOD, [ONE, TWO], 0),
    "no end of line": (GOOD.rstrip(), [ONE, TWO], 0),
    "prose before, between and after": (
        f"Sure! Here they are:\n1. {json.dumps(ONE)} and\nthen {json.dumps(TWO)}. Done.",
        [ONE, TWO],
        0,
    ),
    "a fence of JSON": (f"```json\n{GOOD}```\n", [ONE, TWO], 0),
    "over several lines": (
        json.dumps(ONE, indent=2) + "\n" + json.dumps(TWO, indent=1),
        [ONE, TWO],
        0,
    ),
    "a list": (json.dumps([ONE, TWO]), [ONE, TWO], 0),
    "a list as the only value": (json.dumps({"tests": [ONE, TWO]}, indent=2), [ONE, TWO], 0),
    "objects within objects": ('{"a": {"b": {"c": 1}}}', [{"a": {"b": {"c": 1}}}], 0),
    "raw line ends in a string": (
        '{"code": "def f():\n    x = {1}\n"}',
        [{"code": "def f():\n    x = {1}\n"}],
        0,
    ),
    "an escape that JSON lacks": (
        r'{"code": "it\'s \d+ \\ \n"}',
        [{"code": "it\\'s \\d+ \\ \n"}],
        0,
    ),
    "a string that is never closed": ('{"code": "assert x\n' + GOOD, [ONE, TWO], 1),
    "a quotation mark that is not escaped": (
        '{"code": "a == "b"", "c": 1}\n' + GOOD,
        [ONE, TWO],
        1,
    ),
    "a brace that is missing": ('{"a": {"b": 1}\n' + GOOD, [ONE, TWO], 1),
    "a brace too many": ('{"a": 1}}\n' + GOOD, [{"a": 1}, ONE, TWO], 0),
    "broken in the middle of a line": ('{"a": 1,} ' + GOOD, [ONE, TWO], 1),
    "broken, then a fence": ('{"a": "1\n```\n' + GOOD, [ONE, TWO], 1),
    "cut off": (GOOD + '{"name": "test_c", "code": "de', [ONE, TWO], 1),
    "no object at all": ("I am sorry, I can't.\n", [], 0),
    "empty": ("", [], 0),
    "other scripts": ("以下是测试\n" + GOOD, [ONE, TWO], 0),
    "half a character": ('{"code": "\\ud83d"}\n{"code": "\\ud83d\\ude00"}', [{"code": "😀"}], 1),
    "a number nobody can read": ('{"a": ' + "9" * 5000 + "}\n" + GOOD, [ONE, TWO], 1),
    "deeper than any": (
        '{"a":' * (DEEPEST + 5) + "1" + "}" * (DEEPEST + 5) + "\n" + GOOD,
        [ONE, TWO],
        1,
    ),
    "lists without end": ('{"a": ' + "[" * 90_000 + "]" * 90_000 + "}\n" + GOOD, [ONE, TWO], 1),
    "fenced Python": (FENCED, [Fenced("def test_a():\n    assert {1: 2}\n")], 0),
    "fenced Python, indented": (
        "1. So:\n   ```py\n   x = 1\n   ```\n" + GOOD,
        [Fenced("x = 1\n"), ONE, TWO],
        0,
    ),
    "a longer fence": ("````python\n'''\n```\n'''\n````", [Fenced("'''\n```\n'''\n")], 0),
    "a fence of tildes": ("~~~python\nx = 1\n~~~\n", [Fenced("x = 1\n")], 0),
    "objects in a fence of Python": (f"```python\n{GOOD}```\n", [ONE, TWO], 0),
    "a fence that is never closed": ("```python\ndef test_a():\n    pass\n", [], 0),
    "a fence of something else": ("```bash\nrm x\n```\n" + GOOD, [ONE, TWO], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_in_an_answer(name: str) -> None:
    text, expected, broken = CASES[name]
    assert scan(text) == (expected, broken)


@pytest.mark.parametrize("name", CASES)
def test_characters_one_by_one_give_the_same(name: str) -> None:
    text, expected, broken = CASES[name]
    assert scan(*text) == (expected, broken)


def test_an_object_is_there_with_its_last_character() -> None:
    scanner = Scanner()
    text = json.dumps(ONE)
    assert scanner.feed("Here: " + text[:-1]) == []
    assert scanner.feed("}") == [ONE]


PARTS = [
    *("```", "```python\n", "~~~", '{"a": 1}', '{"tests": [', GOOD, '{"code": "', "\\u12", "\r\n"),
    *'{}"\\\n`[]: a1é,~\t',
]


@pytest.mark.parametrize("longest", [5, 40, 200_000])
@given(
    text=st.lists(
        st.sampled_from(PARTS),
        max_size=40,
    ).map("".join),
    cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=12),
)
def test_any_split_gives_the_same(longest: int, text: str, cuts: list[int]) -> None:
    whole = scan(text, longest=longest)
    ends = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(ends)]
    assert scan(*pieces, longest=longest) == whole
    assert scan(*text, longest=longest) == whole


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                lambda inner: st.lists(inner, max_size=3),
            ),
        ),
        max_size=5,
    ),
    st.sampled_from(["", "Here you are:\n", "```json\n", "1. "]),
    st.sampled_from([None, 2]),
)
def test_every_object_is_found(
    items: list[dict[str, Any]], before: str, indent: int | None
) -> None:
    text = before + "\n".join(json.dumps(item, indent=indent) for item in items) + "\n```\nBye."
    assert scan(text) == (items, 0)


def test_what_is_too_long_is_dropped_and_costs_nothing_else() -> None:
    long = json.dumps({"code": "x" * 300})
    assert scan(long + "\n" + GOOD, longest=250) == ([ONE, TWO], 1)
    assert scan("```python\n" + "x = 1\n" * 60 + "```\n" + GOOD, longest=250)[0] == [ONE, TWO]


ENDLESS = {
    "an object": '{"code": "' + "x" * 90,
    "braces": "{" * 100,
    "strings that begin": '{"a\n' * 25,
    "blanks": " " * 100,
    "ticks": "`" * 100,
    "backslashes": '{"' + "\\" * 98,
    "escapes that are wrong": '{"a": "\\x"' * 10,
    "wrappers": '{"a": [{' * 12,
}


class Counting(Scanner):
    """Counts the steps in which a text is read, and the characters that they pass."""

    steps = passed = 0

    def _count(self, before: int, after: int) -> int:
        self.steps += 1
        self.passed += after - before
        return after

    def _prose(self, text: str, at: int) -> int:
        return self._count(at, super()._prose(text, at))

    def _object(self, text: str, at: int, found: list[Found]) -> int:
        return self._count(at, super()._object(text, at, found))

    def _block(self, text: str, at: int, found: list[Found]) -> int:
        return self._count(at, super()._block(text, at, found))

    def _lost(self, text: str, at: int) -> int:
        return self._count(at, super()._lost(text, at))


@pytest.mark.parametrize("piece", [*ENDLESS.values(), GOOD, FENCED])
def test_every_character_is_read_once(piece: str) -> None:
    scanner = Counting()
    for _ in range(500):
        scanner.feed(piece)
    assert scanner.passed == 500 * len(piece)
    assert scanner.steps <= 2 * scanner.passed


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "strings that begin" else ()) for n in ENDLESS],
)
def test_memory_stays_flat_however_long_an_answer_is(name: str) -> None:
    piece = ENDLESS[name]
    scanner = Scanner()
    for _ in range(10):
        scanner.feed(piece)
    tracemalloc.start()
    size = 1_000_000 if "\n" in piece else 10_000_000
    for _ in range(size // len(piece)):
        assert scanner.feed(piece) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
