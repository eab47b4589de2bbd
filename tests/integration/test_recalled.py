"""A generation that was cut off, gone on with: what is searched for again, and what is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from textwrap import dedent

import pytest
from generation import GOOD, GOOD_NAMES, SHAPES, Outcome, generate, judge, project

from qe_action.events import TestProposed, TestRejected
from qe_action.generators.port import Candidate, Job, Proposal, Verdict, Verdicts
from qe_action.generators.provided import ProvidedTests
from qe_action.verify.mutants import mutants

BAD = """
from shapes import area


def test_wrong():
    assert area(2, 5) == 11
"""

ALL_MUTANTS = len(mutants(dedent(SHAPES).lstrip("\n").encode(), frozenset(range(5, 11))))


class Search:
    """Offers these tests for every job, and keeps the jobs and the verdicts that it hears."""

    name = "search"

    def __init__(self, *sources: str) -> None:
        self._tests = ProvidedTests(sources)
        self.jobs: list[Job] = []
        self.heard: list[Verdict | None] = []

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        self.jobs.append(job)
        async for each in self._tests.candidates(job, verdicts):
            yield each
            if isinstance(each, Candidate):
                self.heard.append(await verdicts.next())


Told = tuple[TestProposed | TestRejected, ...]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    project(folder, {"shapes.py": SHAPES})
    return folder


@pytest.fixture(scope="module")
def whole(root: Path) -> Outcome:
    return generate({"repo": root, "file": "shapes.py", "tests": (GOOD, BAD)})


def told(outcome: Outcome, *names: str) -> Told:
    """What a journal has of some tests."""
    kinds = (TestProposed, TestRejected)
    return tuple(
        e for e in outcome.events if isinstance(e, kinds) and e.test_case.test_name in names
    )


def resumed(root: Path, search: Search, earlier: Told) -> Outcome:
    return generate({"repo": root, "file": "shapes.py", "earlier": earlier}, generator=search)


def test_what_was_found_is_not_searched_for_again(root: Path, whole: Outcome) -> None:
    search = Search(GOOD, BAD)
    first = told(whole, GOOD_NAMES[0], "test_wrong")
    outcome = resumed(root, search, first)
    [job] = search.jobs
    assert job.goals.lines == {7, 10}, "the square's lines are covered"
    [square] = [event.test_case for event in first if isinstance(event, TestProposed)]
    assert square.evidence is not None
    assert 0 < square.evidence.killed <= ALL_MUTANTS - len(job.mutants), "nor what it notices"
    assert sorted(outcome.accepted) == sorted(GOOD_NAMES)
    [again, *others, wrong] = [verdict for verdict in search.heard if verdict is not None]
    assert [(each.reason, each.detail) for each in (again, wrong)] == [
        ("duplicate", "as before"),
        ("fails", "as before"),
    ]
    assert [verdict.kept for verdict in others] == [True, True]
    assert outcome.shown == GOOD_NAMES, "each is told once"
    assert list(outcome.refused.items()) == [("test_wrong", "fails")]
    assert outcome.result.rejected == {"fails": 1}
    assert outcome.result.coverage_estimate == 100.0
    said = "1 test was taken over from the journal without a new search; 1 refused one is not"
    assert outcome.result.notes[0].startswith(said)


@pytest.mark.slow
def test_where_all_was_found_nothing_is_searched(root: Path, whole: Outcome) -> None:
    search = Search(GOOD)
    found = told(whole, *GOOD_NAMES)
    outcome = resumed(root, search, found)
    assert not [job for job in search.jobs if job.goals.lines or job.goals.arcs]
    left = [mutant for job in search.jobs for mutant in job.mutants]
    assert len(left) < ALL_MUTANTS / 2, "those that no test has noticed"
    assert sorted(outcome.accepted) == sorted(GOOD_NAMES)


@pytest.mark.slow
def test_a_test_that_is_not_what_its_id_says_is_not_taken(root: Path, whole: Outcome) -> None:
    [event] = told(whole, GOOD_NAMES[0])
    case = event.test_case.model_copy(update={"test_code": "def test_x():\n    assert open('/')"})
    outcome = resumed(root, Search(GOOD), (event.model_copy(update={"test_case": case}),))
    assert sorted(outcome.accepted) == sorted(GOOD_NAMES)
    assert "test_x" not in str(outcome.events)


def test_a_test_that_a_journal_only_claims_has_to_pass_every_gate(root: Path) -> None:
    claimed = judge(root, BAD)
    [refused] = claimed.rejections
    earlier = TestProposed(
        test_case=refused.test_case, target="shapes.py", verdict="passes alone, it says"
    )
    outcome = resumed(root, Search(GOOD), (earlier,))
    assert sorted(outcome.accepted) == sorted(GOOD_NAMES)
    assert outcome.refused["test_wrong"] == "fails"
