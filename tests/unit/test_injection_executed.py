"""Runs of tests with hostile names, messages and output through GitHub's own Markdown engine."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hostile import NASTY, TEXT
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from inert import Shown, assert_inert, rendered

from qe_action.events import (
    Anchor,
    ExecutionComplete,
    ExecutorError,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestSlow,
    TimedTest,
)
from qe_action.render import executed_summary
from qe_action.render.executed import failure_annotation, title
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.state import RunState

SERVER = "https://ghe.example.org"
RUN = f"{SERVER}/octo/demo/actions/runs/42"
LINKS = Links(SERVER, "octo/demo", "f" * 40, RUN)
SLOTS = 20
WORDS = st.lists(TEXT, min_size=SLOTS, max_size=SLOTS, unique=True)
QUICK = settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))
HARMLESS = [f"word{number}" for number in range(SLOTS)]


def state(given_words: Sequence[str], *, ended: bool) -> RunState:
    """A run in which every text from outside is a word of its own; a letter ends each."""
    words = [f"{word} x{number}" for number, word in enumerate(given_words)]
    found = RunState()
    for number in range(2):
        found.fold(
            TestFinished(
                id=words[number],
                outcome="error" if number else "failed",
                phase="setup" if number else "call",
                seconds=1.5,
                file_path=words[2],
                line=3,
                anchor=Anchor(path="tests/a.py", line_start=3, line_end=3),
                message=words[3 + number],
                traceback=words[5 + number],
                output=words[7 + number],
                history="new",
            )
        )
    found.fold(TestFlaky(id=words[9], passed_in=2, message=words[10]))
    found.fold(TestSlow(id=words[11], seconds=9, base_seconds=1))
    found.fold(ExecutorError(message=words[12], hint=words[13], recoverable=True))
    if ended:
        found.fold(
            ExecutionComplete(
                passed=False,
                counts=TestCounts(passed=3, failed=2, skipped=4),
                total=9,
                failures=(words[0], words[1]),
                flaky=(words[9],),
                skipped={words[14]: 4},
                slowest=(TimedTest(id=words[15], seconds=9.0),),
                running=(words[16],),
                hung=words[17],
                stack=words[18],
                rerun=words[19],
                notes=(words[14],),
            )
        )
    return found


def documents(words: Sequence[str], *, ended: bool) -> list[Shown]:
    found = state(words, ended=ended)
    texts = (
        executed_summary.tests_summary(found, LINKS),
        comment(found, LINKS, Heading("qe-action coverage")),
    )
    return [rendered(text) for text in texts]


def same_structure(words: Sequence[str], *, ended: bool) -> None:
    pairs = zip(documents(words, ended=ended), documents(HARMLESS, ended=ended), strict=True)
    for shown, expected in pairs:
        assert shown.blocks == expected.blocks
        assert len(shown.links) == len(expected.links)
        assert_inert(
            shown, comments=0, home=f"{SERVER}/octo/demo", sha=LINKS.sha, run=LINKS.run_url
        )


@QUICK
@given(WORDS, st.booleans())
def test_hostile_names_messages_and_output_stay_text(words: list[str], ended: bool) -> None:
    same_structure(words, ended=ended)


@pytest.mark.parametrize("text", NASTY)
def test_each_nasty_text_stays_text(text: str) -> None:
    same_structure([f"{text} {number}" for number in range(SLOTS)], ended=True)


@QUICK
@given(WORDS)
def test_an_annotation_and_a_title_have_no_line_from_outside(words: list[str]) -> None:
    found = state([word.replace("\n", " ") for word in words], ended=True)
    assert len(title(found.tests).splitlines()) == 1
    for event in found.tests.failures:
        shown = failure_annotation(event)
        assert len(shown.title.splitlines()) == 1
        assert len(shown.message.splitlines()) == 4
