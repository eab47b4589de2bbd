"""The text of a check run that keeps what later runs compare with: of coverage, tests, or both."""

from __future__ import annotations

import random

import pytest

from qe_action.analysis import baseline, test_baseline
from qe_action.analysis.baseline import digest_of
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.packed_comment import TEXT_LIMIT
from qe_action.analysis.test_baseline import digest_of_tests
from qe_action.events import ExecutionComplete, Measured, without_figures
from qe_action.render.comparison import KEPT_SIZE, kept_baseline, kept_digests, kept_tests
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.text import size

SHA = "a" * 40
LINKS = Links("https://github.com", "octo/demo", SHA)
KEY = "0" * 16


def state(files: int, tests: int) -> RunState:
    """A run with digests of so many files and tests, each as large as its own text may be."""
    dice = random.Random(0)
    room = TEXT_LIMIT - KEPT_SIZE
    counts = {f"src/{dice.random()}.py": FileCounts(dice.randrange(999), 0) for _ in range(files)}
    seconds = {f"tests/test_{dice.random()}.py::test_a": dice.random() * 9 for _ in range(tests)}
    told = RunState()
    if files:
        text = baseline.fitted(digest_of(SHA, KEY, counts), room)[1]
        measured = Measured(tree="commit", sha=SHA)
        update = {"digest": text, "measured": measured}
        told.fold(without_figures("finished").model_copy(update=update))
    if tests:
        digest = digest_of_tests(SHA, KEY, failing=["t.py::test_b"], flaky=[], seconds=seconds)
        told.fold(ExecutionComplete(digest=test_baseline.fitted(digest, room)[1]))
    return told


@pytest.mark.parametrize("files", [1, pytest.param(200, marks=pytest.mark.slow), 5000])
@pytest.mark.parametrize("tests", [1, 5000])
def test_both_fit_into_one_text_and_the_coverage_keeps_its_room(files: int, tests: int) -> None:
    run = state(files, tests)
    text, alone = kept_digests(run, LINKS), kept_baseline(run, LINKS)
    assert text is not None
    assert alone is not None
    assert size(text) <= TEXT_LIMIT
    assert baseline.decode(text) == baseline.decode(alone)
    found = test_baseline.decode(text)
    assert found is None or "t.py::test_b" in found.failing
    assert found is not None or size(alone) > TEXT_LIMIT - 500


def test_each_stands_alone_where_there_is_no_other() -> None:
    assert kept_digests(state(1, 0), LINKS) == kept_baseline(state(1, 0), LINKS)
    assert kept_digests(state(0, 1), LINKS) == kept_tests(state(0, 1), LINKS)
    assert kept_digests(state(0, 0), LINKS) is None
