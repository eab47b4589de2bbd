"""The wall before GitHub: no field that people read carries what misleads, whoever forgets it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hostile import NASTY, TEXT
from hypothesis import given
from hypothesis import strategies as st

from qe_action.github.outgoing import SHOWN, outgoing
from qe_action.github.payloads import Annotation, CheckDraft, CheckUpdate, LineComment
from qe_action.quoting import LONGEST, quoted
from qe_action.sinks.jsonl import printable
from qe_action.text import document, fenced, plain, title

ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)"
)
HOSTILE = "".join(NASTY) * 3


def fields(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in fields(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in fields(item, name)]
    return [(name, value)] if isinstance(value, str) else []


@pytest.mark.parametrize(
    "made",
    [
        CheckDraft(HOSTILE, "a" * 40, HOSTILE, HOSTILE, text=HOSTILE),
        CheckUpdate(
            HOSTILE,
            HOSTILE,
            HOSTILE,
            annotations=(Annotation("a\tb.py", 1, 2, "notice", HOSTILE, HOSTILE, HOSTILE),),
        ),
        LineComment("a\tb.py", 1, 2, HOSTILE),
    ],
    ids=["draft", "update", "comment"],
)
def test_what_is_sent_carries_nothing_that_misleads(made: Any) -> None:
    sent = outgoing(made.wire())
    shown = [(name, text) for name, text in fields(sent) if name in SHOWN]
    assert shown
    for name, text in shown:
        assert not ODD.search(text), name
        assert name != "title" or (len(text.splitlines()) == 1 and len(text) <= 255)
    assert all(text == "a\tb.py" for name, text in fields(sent) if name == "path")
    assert outgoing(sent) == sent


def test_a_field_of_a_sink_to_come_is_made_safe_too() -> None:
    sent = outgoing({"a": [{"title": "x\ny"}, {"body": "x\u202ey\n"}], "n": 1, "sha": "\x00"})
    assert sent == {"a": [{"title": "x\ufffdy"}, {"body": "x\ufffdy\n"}], "n": 1, "sha": "\x00"}


@given(TEXT)
def test_what_is_escaped_for_its_place_passes_as_it_is(text: str) -> None:
    for made in (plain(text), "\n".join(fenced(text, "python")), title(text)):
        assert document(made) == made


@given(TEXT | st.text())
def test_nothing_ends_a_quotation(text: str) -> None:
    shown = quoted(text)
    assert (shown[0], shown[-1]) == ("“", "”")
    assert not re.search('[“”„‟"«»]', shown[1:-1])
    assert len(shown) <= LONGEST + 2


@given(TEXT | st.text(st.characters(exclude_categories=("Cs",))))
def test_a_printed_line_of_json_says_the_same_and_no_terminal_obeys_it(text: str) -> None:
    line = printable(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(line) == {"a": text}
    assert not ODD.search(line)
    assert "##[" not in line
