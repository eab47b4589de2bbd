"""Lines that hang below, at every width."""

from __future__ import annotations

import re

import pytest
from hostile import TEXT
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from qe_action.sinks.console import hanging
from qe_action.text import visible

GAP = (
    "critical src/very/long/package/name/with/parts/module.py:12-14 Class.method  not covered\n"
    "Call `Class.method(text, number)` with `not text and number > 0`: it should raise `Error`."
)


def pieces(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("width", range(40, 201))
def test_every_further_line_begins_at_the_indent_and_none_is_too_long(width: int) -> None:
    first, *others = hanging(Text(GAP), 9, width).plain.split("\n")
    assert first.startswith("critical src/")
    assert all(re.match(r" {9}\S", line) for line in others)
    assert max(map(len, (first, *others))) <= width
    assert pieces("".join((first, *others))) == pieces(GAP)


def test_a_long_path_breaks_behind_a_slash() -> None:
    lines = hanging(Text(GAP), 9, 40).plain.split("\n")
    assert lines[0] == "critical src/very/long/package/name/"
    assert lines[1] == "         with/parts/module.py:12-14"


@given(st.lists(TEXT, max_size=5), st.integers(1, 30), st.integers(10, 60))
def test_nothing_is_lost_and_nothing_is_too_wide(words: list[str], indent: int, width: int) -> None:
    text = visible(" ".join(words))
    shown = hanging(Text(text), indent, width).plain
    assert pieces(shown) == pieces(text)
    assert all(cell_len(line) <= width for line in shown.split("\n"))


def test_where_there_is_no_width_only_its_own_lines_are_broken() -> None:
    assert hanging(Text(GAP), 9, None).plain == GAP.replace("\n", "\n" + " " * 9)


def test_styles_stay_with_their_words() -> None:
    text = Text.assemble(("critical ", "red"), ("src/a.py:1 " + "word " * 20, "bold"))
    shown = hanging(text, 9, 40)
    at = shown.plain.index("word", 60)
    assert any(span.start <= at < span.end and span.style == "bold" for span in shown.spans)
