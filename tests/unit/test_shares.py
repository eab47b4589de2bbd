"""How tests are shared out among files, and which stay where there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_runner import RecordedRunner, passed

from qe_action.agents.goals import unreported
from qe_action.agents.shares import share
from qe_action.generators.port import Candidate
from qe_action.verify.batch import Batch, Out, fewest
from qe_action.verify.gates import Trial
from qe_action.verify.set_cover import worst_first
from qe_action.verify.suite import Suite

PLACES = st.lists(st.lists(st.integers(0, 30), max_size=5), min_size=1, max_size=5)


@given(PLACES, st.integers(0, 40))
def test_nobody_gets_more_than_there_are(gaps: list[list[int]], left: int) -> None:
    assert 0 <= share(gaps, left) <= left


@pytest.mark.parametrize(
    ("gaps", "left", "wanted"),
    [
        ([[0, 1, 2], [3, 4]], 2, 2),
        ([[0, 3, 4], [1, 2]], 3, 1),
        ([[3, 4], [0, 1, 2]], 3, 0),
        ([[0, 1], [2, 3]], 6, 3),
        ([[0]], 10, 10),
        ([[]], 10, 0),
    ],
)
def test_the_worst_gaps_have_one_each_and_the_rest_is_shared(
    gaps: list[list[int]], left: int, wanted: int
) -> None:
    assert share(gaps, left) == wanted


NAMES = st.text("abcdef", min_size=1, max_size=2)


@given(st.dictionaries(NAMES, st.frozensets(st.integers(0, 5), max_size=3)), st.integers(1, 5))
def test_a_limit_is_kept_and_the_worst_gap_has_a_test(
    reached: dict[str, frozenset[int]], limit: int
) -> None:
    chosen = worst_first(reached, reached, limit)
    assert len(chosen) == min(limit, len(reached))
    assert chosen == [name for name in reached if name in chosen]
    gaps = frozenset().union(*reached.values())
    assert not gaps or any(min(gaps) in reached[name] for name in chosen)


def test_where_not_all_may_stay_a_missed_line_counts_more_than_any_number_of_mutants() -> None:
    trials = {
        "whole": (frozenset({1, 2, 3}), frozenset({"a", "b"})),
        "mutants": (frozenset({1, 2}), frozenset({"c", "d", "e"})),
        "line": (frozenset({1, 4}), frozenset[str]()),
    }
    kept = [_kept_by_the_gate(trials, limit) for limit in (1, 2, 3)]
    assert kept == [["whole"], ["whole", "line"], ["whole", "mutants", "line"]]


def _kept_by_the_gate(
    trials: Mapping[str, tuple[frozenset[int], frozenset[str]]], limit: int
) -> list[str]:
    """The names that the gate of the fewest tests leaves."""
    tried = [
        Trial(Candidate(name, name, "", (), "m.py", ""), 0, lines=lines, killed=killed)
        for name, (lines, killed) in trials.items()
    ]
    runner = RecordedRunner({"m.py": "x = 1\n"}, "m.py", lambda _request: passed())
    batch = Batch(runner, (), Suite(runner, (), 5.0), tried, limit)

    async def out() -> list[Out]:
        return [one async for one in fewest(batch)]

    assert asyncio.run(out()) == []
    return [trial.candidate.id for trial in batch.trials]


def test_a_changed_file_that_a_report_lacks_is_one_beside_those_it_has() -> None:
    changed = [
        *("src/app/new.py", "src/app/known.py", "scripts/run.py", "setup.py"),
        *("tests/test_new.py", "src/app/data.txt", "src/app/deep/far.py", "src/app/__init__.py"),
    ]
    assert unreported(changed, ["src/app/known.py", "src/app/sub/x.py"]) == ("src/app/new.py",)
    assert unreported(["m.py"], ["n.py"]) == ("m.py",)
