"""The step's log, annotations and outputs, read as GitHub's runner reads them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hostile import NASTY, TEXT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runner import COMMANDS, read_commands, read_pairs
from test_injection import CONCLUSIONS, QUICK, SLOTS, events, hostile_words

from qe_action.events import EVENT, Event, TestCase
from qe_action.render.annotations import Words
from qe_action.sinks import workflow_commands
from qe_action.sinks.code import print_code
from qe_action.sinks.jsonl import EventsSink
from qe_action.sinks.step_log import StepLogSink

SAY: tuple[Callable[[str], None], ...] = (
    workflow_commands.warn,
    workflow_commands.error,
    workflow_commands.notice,
)
CAPTURED = settings(
    deadline=None, suppress_health_check=(HealthCheck.function_scoped_fixture,), max_examples=100
)


def log_of(words: list[str], how: str) -> str:
    """The step's log of a run of hostile events."""

    out = io.StringIO()
    asyncio.run(StepLogSink(out).consume(stream_of(words, how)))
    return out.getvalue()


async def stream_of(words: list[str], how: str) -> AsyncIterator[Event]:
    for event in events(lambda slot: words[slot], how):
        yield event


def assert_only_groups(log: str) -> None:
    """The log's own groups, opened and closed in turn, and no other command."""
    names = [command.name for command in read_commands(log)]
    assert names == ["group", "endgroup"] * (len(names) // 2)
    assert len(names) <= 4


@pytest.mark.parametrize("how", CONCLUSIONS)
@QUICK
@given(hostile_words)
def test_a_log_of_hostile_text_holds_no_command_but_ours(how: str, words: list[str]) -> None:
    log = log_of(words, how)
    assert_only_groups(log)
    assert len(log.splitlines()) == len(log_of([f"w{n}" for n in range(SLOTS)], how).splitlines())


@QUICK
@given(hostile_words)
def test_events_on_standard_output_are_text_in_a_workflow_too(words: list[str]) -> None:
    out = io.StringIO()
    asyncio.run(EventsSink(out).consume(stream_of(words, "finished")))
    assert not list(read_commands(out.getvalue()))
    read = [EVENT.validate_json(line) for line in out.getvalue().split("\n")[:-1]]
    assert read == list(events(lambda slot: words[slot], "finished"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize(
    "shape",
    [
        "::{}::x",
        "::{} a=b::x",
        " \t\u3000::{}::x",
        "##[{}]x",
        "a ##[{} b=c;]x",
        "\n::{}::x",
        "\r##[{}]x",
        "::{}",
        "####[{}]x",
        "##\u200b##[{}]x",
    ],
)
def test_no_command_in_any_shape_survives_as_a_log_line(name: str, shape: str) -> None:
    for text in (shape.format(name), shape.format(name.upper())):
        line = workflow_commands.log_line(text)
        assert not list(read_commands(line)), line
        # .NET compares by culture, for which some characters are not there at all.
        assert not list(read_commands(line.replace("\u200b", "\ufffc")))
        assert not list(read_commands(workflow_commands.no_command(f"x\n{text}\n")))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_code_of_tests_holds_no_command_where_a_workflow_prints_it(name: str) -> None:
    code = f"def test_a():\n    text = '''\n::{name}::x\n  ::{name} a=b::x\n##[{name}]x\n'''\n"
    tail = "    assert text[\n        ::2] != []\n"
    out = io.StringIO()
    made = TestCase(
        id="a",
        test_name="test_a",
        test_code=code + tail,
        framework="pytest",
        test_type="unit",
        path="test_a.py",
    )
    print_code([made], out)
    assert not list(read_commands(out.getvalue()))
    assert out.getvalue().endswith(tail)


@CAPTURED
@given(TEXT, st.sampled_from(SAY))
def test_a_message_is_one_command_with_all_of_its_text(
    capsys: pytest.CaptureFixture[str], text: str, say: Callable[[str], None]
) -> None:
    say(text)
    (command,) = read_commands(capsys.readouterr().out)
    assert command.name in ("warning", "error", "notice")
    assert command.properties == {"title": "qe-action"}
    assert command.message == workflow_commands.visible(text)


@CAPTURED
@given(TEXT, TEXT, TEXT)
def test_an_annotation_is_one_command_at_its_own_place(
    capsys: pytest.CaptureFixture[str], path: str, title: str, message: str
) -> None:
    title, message = workflow_commands.visible(title), workflow_commands.visible(message)
    workflow_commands.annotate(path, 3, 5, Words("warning", title, message))
    (command,) = read_commands(capsys.readouterr().out)
    assert command.name == "warning"
    assert command.message == message
    expected = {
        "file": workflow_commands.visible(path),
        "title": title,
        "line": "3",
        "endLine": "5",
    }
    assert {k: v.strip() for k, v in command.properties.items()} == {
        k: v.strip() for k, v in expected.items() if v
    }


@CAPTURED
@given(st.dictionaries(st.sampled_from(["conclusion", "gaps", "journal-file"]), TEXT))
def test_an_output_is_its_own_value_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    file = tmp_path / "output"
    file.write_text("")
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    workflow_commands.set_outputs(values)
    expected = {name: workflow_commands.visible(value) for name, value in values.items()}
    assert read_pairs(file.read_text(encoding="utf-8")) == expected


def test_the_runner_s_rules_are_as_its_source_has_them() -> None:
    """The parser that judges must itself see what the runner sees."""

    def names(text: str) -> list[str]:
        return [command.name for command in read_commands(text)]

    assert names("::error::x") == names("  ::error file=a::x") == ["error"]
    assert names("\u3000\u00a0::Error::x") == ["Error"]
    assert names("a ::error::x") == names("::nothing::x") == names("::error") == []
    assert names("a ##[error]x") == names("##[error b=c;d=e]x") == ["error"]
    assert names("##[ error]x") == names("##[error x") == []
    assert names("::stop-commands::t\n::error::x\n::t::\n::notice::y") == ["notice"]
    (found,) = read_commands("::warning file=a%3Ab,line=1,title=::%2525%0A%3A")
    assert found.properties == {"file": "a:b", "line": "1"}
    assert found.message == "%25\n%3A"
    assert read_pairs("a=b<<c\nd<<E\nx=1\nE\n") == {"a": "b<<c", "d": "x=1"}
    for refused in ("a", "=b", "<<E\nE", "a<<\n", "a<<E\nx"):
        with pytest.raises(AssertionError):
            read_pairs(refused)


@pytest.mark.parametrize("text", NASTY)
def test_each_nasty_text_is_inert_in_the_log(text: str) -> None:
    for how in CONCLUSIONS:
        assert_only_groups(log_of([f"{text} {n}" for n in range(SLOTS)], how))
