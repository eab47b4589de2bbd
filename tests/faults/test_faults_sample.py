"""A sample of the fault matrix, the same one each time; `make faults` runs all of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import losses
import pytest
from cases import Case, FaultRunner, Verdict, judge_all, kills, singles, storms
from crowd import crowd, judge_overtaken, overtaken
from fake_github import strict as api_description
from kinds import LONGER, PASSING, STAYING
from sites import sites

SEED = "sample"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> FaultRunner:
    folder = tmp_path_factory.mktemp("faults")
    return FaultRunner(sites(folder), folder).prepare()


def one_each(cases: Iterable[Case], last: int = 1) -> Iterator[Case]:
    """One case of each sort, which the last parts of its name tell."""
    sorts: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        sorts.setdefault(tuple(case.name.split("/")[-last:]), []).append(case)
    for sort, found in sorted(sorts.items()):
        yield random.Random(f"{SEED} {sort}").choice(found)


def told(verdicts: Iterable[Verdict]) -> str:
    return "\n".join(
        f"{v.case.name}: {'; '.join(v.wrong)}\n{v.log[-1000:]}" for v in verdicts if v.wrong
    )


def test_runs_without_faults_ask_as_github_s_description_says(runner: FaultRunner) -> None:
    if api_description.missing():
        pytest.skip(api_description.missing())
    for github in runner.exchanges:
        asked = [r for r in github.requests if r.status != 406 and r.answer]
        assert api_description.problems(asked) == []


def test_each_fault_somewhere_ends_as_it_must(runner: FaultRunner) -> None:
    chosen = [*one_each(singles(runner))]
    assert len(chosen) == len(PASSING) + len(LONGER) + len(STAYING)
    assert not told(judge_all(runner, chosen, 2))


def test_a_killed_run_is_taken_up_by_the_next(runner: FaultRunner) -> None:
    assert not told(judge_all(runner, [*one_each(kills(runner), 2)], 2))


def test_storms_pass(runner: FaultRunner) -> None:
    assert not told(judge_all(runner, [*storms(f"{SEED}-{n}" for n in range(4))], 2))


def test_an_overtaken_run_leaves_the_newer_one_s_comment(runner: FaultRunner) -> None:
    chosen = one_each(case for case in overtaken(runner) if "comment" in case.name)
    assert not told(judge_all(runner, chosen, 2, judge=judge_overtaken))


@pytest.mark.parametrize("names", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_five_runs_at_once_end_in_order(runner: FaultRunner, names: bool) -> None:
    assert not told([crowd(runner, SEED, 5, names=names)])


def test_every_request_has_its_place_in_the_table_of_losses(runner: FaultRunner) -> None:
    asked = {position.endpoint for found in runner.positions.values() for position in found}
    assert asked <= set(losses.BY_ENDPOINT)
    assert {kind.name for kind in (*LONGER, *STAYING)} == set(losses.BY_KIND)
