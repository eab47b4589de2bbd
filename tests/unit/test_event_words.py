"""Events as sentences, and how far a run is said to be."""

from __future__ import annotations

import pytest
from test_events import EXAMPLES

from qe_action.events import AnalyzerProgress, Event
from qe_action.render.event_words import LONGEST, result_lines, sentence


@pytest.mark.parametrize("event", EXAMPLES)
def test_every_event_has_a_sentence_on_one_visible_line(event: Event) -> None:
    text = sentence(event)
    assert text.strip()
    assert "\n" not in text
    assert len(text) <= LONGEST


def test_what_a_project_says_turns_nothing_around_and_ends_nothing() -> None:
    hostile = "a\u202eb\u2028c\x1b[2Jd\ne\ud800" + "x" * 1000
    text = sentence(AnalyzerProgress(percent=1, message=hostile, files_analyzed=0))
    assert text.startswith("a\ufffdb\ufffdc\ufffd[2Jd\ufffde\ufffdx")
    assert len(text) == LONGEST


@pytest.mark.parametrize("event", [event for event in EXAMPLES if event.type == "complete"])
def test_a_result_begins_with_its_sentence(event: Event) -> None:
    first, *rest = result_lines(event)
    assert first == sentence(event)
    assert all(line.startswith(("- ", "Note: ")) for line in rest)
