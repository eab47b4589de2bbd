"""What a suite's processes say is hostile: what does not fit is left out, the rest is bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.execution.heard import FRAMES, KEYS, LINE, LONG, NAME, Heard
from qe_action.execution.suite_port import (
    Collected,
    Finished,
    Frame,
    Message,
    Over,
    Session,
    Started,
)

FAILED = ["r", "test_a.py::test_b", "failed", "call", 0.5, "", 3, ""]


def heard(*said: Any) -> list[Message]:
    """What one process's messages become."""
    return list(Heard().take(b"".join(map(lines, said))))


def lines(said: Any) -> bytes:
    """A message as the plugin writes it."""
    text = json.dumps(said)
    parts = [text[start : start + 4000] for start in range(0, len(text), 4000)]
    return "".join(
        f"k1{'+' if number < len(parts) else ' '}{part}\n" for number, part in enumerate(parts, 1)
    ).encode()


def dropped(data: bytes) -> int:
    taken = Heard()
    assert list(taken.take(data)) == []
    return taken.dropped


def test_messages_of_a_run() -> None:
    more = {"frames": [["/p/test_a.py", 3], ["/p/a.py", 9]], "message": "no", "output": "said"}
    session, collected, started, finished, over = heard(
        ["session", "/p", "/p/sub", "/bin/python", ["-q"], 2],
        ["collected", 2, 1, {"test_a.py": 2}],
        ["s", "test_a.py::test_b"],
        [*FAILED, more],
        ["over", 1, 12.5],
    )
    assert isinstance(session, Session)
    assert (str(session.root), session.arguments, session.workers) == ("/p", ("-q",), 2)
    assert collected == Collected("k1", 2, {"test_a.py": 2})
    assert started == Started("k1", "test_a.py::test_b")
    assert finished == Finished(
        key="k1",
        id="test_a.py::test_b",
        outcome="failed",
        phase="call",
        seconds=0.5,
        file="test_a.py",
        line=3,
        frames=(Frame("/p/test_a.py", 3), Frame("/p/a.py", 9)),
        message="no",
        output="said",
    )
    assert over == Over("k1", 1)


def test_a_message_may_come_in_parts_between_those_of_others() -> None:
    text = json.dumps(["s", "x" * 900])
    lines = [f"k1+{text[:300]}", 'k2 ["s","other"]', f"k1+{text[300:600]}", f"k1 {text[600:]}"]
    data = "\n".join([*lines, ""]).encode()
    taken = Heard()
    found = [message for byte in data for message in taken.take(bytes([byte]))]
    assert found == [Started("k2", "other"), Started("k1", "x" * 900)]
    assert taken.dropped == 0


def test_a_beginning_whose_end_is_heard_with_it_is_left_out() -> None:
    ended = ["r", "test_a.py::test_b", "passed", "call", 0.5, "", 3, ""]
    first, second = heard(["s", ended[1]], ended)[:1], heard(["s", "test_a.py::other"], ended)
    assert [type(each) for each in first] == [Finished]
    assert [type(each) for each in second] == [Started, Finished]


@pytest.mark.parametrize("other", [b"k2", b"k1+"])
def test_a_beginning_is_kept_where_the_end_is_another_process_s(other: bytes) -> None:
    data = b'k1 ["s","a"]\n' + other + b' ["r","a","passed","call",1,"",1,""]\n'
    assert next(Heard().take(data)) == Started("k1", "a")


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        ["r"],
        ["unheard-of"],
        ["s", 3],
        ["s", "a", "b"],
        ["r", "a", "rerun", "call", 0.5, "", 3, ""],
        ["r", "a", ["passed"], "call", 0.5, "", 3, ""],
        ["r", "a", "passed", "call", "soon", "", 3, ""],
        ["r", "a", "passed", "call", float("nan"), "", 3, ""],
        ["r", "a", "passed", "call", True, "", 3, ""],
        ["r", "a", "passed", "call", 0.5, "", -3, ""],
        ["r", "a", "passed", "call", 0.5, "", 10**30, ""],
        [*FAILED, ["message"]],
        [*FAILED, {"frames": [["a.py", "3"]]}],
        [*FAILED, {"frames": "a.py"}],
        [*FAILED, {"message": 3}],
        ["collected", -1, 1, {}],
        ["collected", 1, 1, {"a": "many"}],
        ["over", "fine", 0],
        ["session", "/p", "/p", "", "words", 1],
        ["lost", -5],
    ],
)
def test_what_does_not_fit_is_left_out_and_counted(said: object) -> None:
    assert dropped(f"k1 {json.dumps(said)}\n".encode()) == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"k1", b"k1 {", b"no key here", b"../../etc +1", b"k\xff1 []", b"k1 " + b"[" * 3000],
)
def test_a_line_that_is_none_is_left_out(line: bytes) -> None:
    assert dropped(line + b"\n") == 1


def test_texts_are_bounded_and_can_be_written() -> None:
    (told,) = heard(
        ["r", "t" * 3000, "failed", "call", 1e300, "", 1, "", {"message": "\ud800\0" + "m" * 9000}]
    )
    assert isinstance(told, Finished)
    assert len(told.id) == NAME
    assert len(told.message) == LONG
    assert "\0" not in told.message
    assert told.message.encode()
    assert told.seconds == 1e9


def test_many_frames_are_the_innermost() -> None:
    frames = [["a.py", number] for number in range(1, 200)]
    (told,) = heard([*FAILED, {"frames": frames}])
    assert isinstance(told, Finished)
    assert [frame.line for frame in told.frames] == list(range(200 - FRAMES, 200))


def test_memory_is_bounded() -> None:
    taken = Heard()
    assert list(taken.take(b"k1 " + b"x" * 100 * LINE)) == []
    assert list(taken.take(b"\n" + b'k1 ["s","a"]\n')) == [Started("k1", "a")]
    for number in range(KEYS + 5):
        list(taken.take(f'p{number} ["s","a"]\n'.encode()))
    assert taken.dropped == 1 + 6
    endless = Heard()
    for _ in range(200):
        list(endless.take(b"k1+" + b"x" * 8000 + b"\n"))
    assert endless.dropped >= 3


def test_what_the_plugin_had_to_leave_out_is_counted() -> None:
    assert dropped(b'k1 ["lost",7]\n') == 7


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    list(Heard().take(data + b"\n"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(st.sampled_from(["s", "r", "session", "collected", "over", "lost"]), st.lists(JSON))
def test_nothing_that_is_json_raises(kind: str, rest: list[Any]) -> None:
    heard([kind, *rest])
