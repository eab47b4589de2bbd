"""Every fault of a model's server at every point of an answer: what was kept stays, with a line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import get_args

import pytest
from fake_llm import FakeLLM, Fault, Reply, item
from generation import SHAPES
from recorded_runner import RecordedRunner, passed
from slowness import slowness

from qe_action.agents.trials import Released, Trials
from qe_action.generators.chained import Chained
from qe_action.generators.llm.access import Access, access_to
from qe_action.generators.llm.generator import LlmGenerator
from qe_action.generators.llm.lionagi_model import Patience
from qe_action.generators.llm.retries import Waits
from qe_action.generators.port import (
    Arc,
    Candidate,
    Goals,
    Job,
    Layout,
    Proposal,
    Trouble,
    Verdicts,
)
from qe_action.model_options import ModelOptions, Provider
from qe_action.project_worker.client import PlainInterpreter
from qe_action.verify.gates import Setting, Trial
from qe_action.verify.run_answers import Run
from qe_action.verify.run_request import RunRequest

SOURCE = SHAPES.lstrip("\n")
LINES, ARCS = frozenset({6, 7, 8, 9, 10}), frozenset({(6, 7), (6, 8), (8, 9), (8, 10)})
IMPORTS = ("import pytest", "from shapes import NoArea, area")
SEARCHED = "def test_searched():\n    assert area(2, 5) == 10\n"
BELOW = "def test_below():\n    with pytest.raises(NoArea):\n        area(-1, 2)\n"
SQUARE = "def test_square():\n    assert area(3, 3) == 9\n"
RUNS: dict[str, tuple[set[int], set[Arc]]] = {
    "test_searched": ({6, 8, 10}, {(6, 8), (8, 10)}),
    "test_below": ({6, 7}, {(6, 7)}),
    "test_square": ({6, 8, 9}, {(6, 8), (8, 9)}),
}
FIRST = item("test_below", BELOW, imports=list(IMPORTS))
ANSWER = FIRST + item("test_square", SQUARE, imports=list(IMPORTS))
POINTS = {
    "before the first byte": -1,
    "before the first character": 0,
    "in the first object": len(FIRST) // 2,
    "after the first object": len(FIRST),
    "at the end": len(ANSWER),
}


class Search:
    """Finds one test."""

    name = "offline"

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        del verdicts
        yield Candidate("s", "test_searched", SEARCHED, IMPORTS, job.target, "area")


def run_of(request: RunRequest) -> Run:
    (text,) = request.files.values()
    name = next(name for name in RUNS if name in text)
    lines, branches = RUNS[name]
    return passed(name, lines=sorted(lines), branches=sorted(branches))


def model(llm: FakeLLM, provider: Provider, quiet: float) -> Access:
    given = {"name": "tiny-1", "key": llm.key, "base_url": llm.url, "provider": provider}
    found = access_to(
        ModelOptions.model_validate(given),
        patience=Patience(quiet, whole=60.0, first=quiet),
        waits=Waits(attempts=2, first=0.01, longest=0.05, jitter=0.0),
    )
    assert found is not None
    return found


async def released(llm: FakeLLM, provider: Provider, quiet: float) -> list[Released]:
    """What comes out of the gates of single tests, a search's and then the model's."""
    clock = asyncio.get_running_loop().time
    end = clock() + 100.0
    job = Job(
        target="shapes.py",
        source=SOURCE,
        goals=Goals(LINES, ARCS),
        root="/nowhere",
        layout=Layout("shapes", ("/nowhere",)),
        interpreter=PlainInterpreter("python"),
        left=lambda: end - clock(),
    )
    runner = RecordedRunner({"shapes.py": SOURCE}, "shapes.py", run_of)
    setting = Setting(runner, LINES, ARCS, lambda: 5.0)
    generator = Chained(
        Search(),
        LlmGenerator(lambda: model(llm, provider, quiet), clock, requests=60, tokens=300_000),
    )
    trials = Trials(generator, job, setting, 4)
    async with aclosing(trials.released(job.left)) as items:
        found = [each async for each in items]
    await generator.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return found


def kept(items: Sequence[Released]) -> list[str]:
    return [t.candidate.name for t in items if isinstance(t, Trial) and t.refusal is None]


CUT: dict[Fault, str] = {
    "stall": "has said nothing more for too long",
    "drop": "ended the connection too early",
    "no framing": "An answer of the model was cut off",
    "error inside": "broke its answer off with an error",
    "huge line": "sends more than any answer holds",
}
"""What is said of the faults that strike at a point of an answer."""
NOTHING: dict[Fault, str] = {
    "page": "is no answer of a model",
    "redirect": "sends on to another address",
    "packed": "sends its answer compressed, unasked",
    "key": "does not accept the key",
    "forbidden": "does not let this key use",
    "unknown model": "does not know the model",
    "too long": "is too long for the model",
    "rate": "has had too many requests",
    "server": "The model's server failed",
    "overloaded": "The model's server failed",
}
"""Of those that come in place of an answer."""
ALL: dict[Fault, str] = {
    "": "",
    "no counts": "",
    "garbage": "",
    "no ending": "An answer of the model was cut off",
    "endless": "An answer of the model was cut off",
}
"""Of those with which the answer comes all the same."""


def expected(fault: Fault, at: int) -> set[str]:
    """The tests that come of an answer with a fault, and the search's."""
    came = 0 if fault in NOTHING else len(ANSWER) if fault in ALL else at
    ends = {"test_searched": 0, "test_below": len(FIRST), "test_square": len(ANSWER)}
    return {name for name, end in ends.items() if end <= max(0, came)}


def check(fault: Fault, at: int, provider: Provider, size: int = 16) -> None:
    """Every answer has the fault."""
    quiet = 0.4 * slowness() if fault == "stall" else 30.0
    with FakeLLM([Reply(ANSWER, fault=fault, at=at, size=size, times=-1)]) as llm:
        items = asyncio.run(released(llm, provider, quiet))
    assert set(kept(items)) == expected(fault, at)
    lines = [each.message for each in items if isinstance(each, Trouble)]
    said = (CUT | NOTHING | ALL)[fault]
    about = [line for line in lines if not said or said in line]
    rest = [line for line in lines if line not in about]
    assert len(about) == bool(said), lines
    assert all("left out: repeated" in line for line in rest), lines
    assert llm.key not in "".join(lines)
    assert len(llm.asked) <= 4


def test_every_fault_is_looked_at() -> None:
    assert set(get_args(Fault)) == CUT.keys() | NOTHING.keys() | ALL.keys()


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("fault", CUT)
def test_a_fault_in_an_answer_leaves_what_came_before_it(fault: Fault, point: str) -> None:
    check(fault, POINTS[point], "openai")


@pytest.mark.parametrize("fault", NOTHING)
def test_a_fault_in_place_of_an_answer_leaves_the_search_s_tests(fault: Fault) -> None:
    check(fault, -1, "openai")


@pytest.mark.parametrize("fault", ALL)
def test_a_fault_beside_an_answer_costs_no_test(fault: Fault) -> None:
    check(fault, POINTS["in the first object"], "openai", size=200)


@pytest.mark.slow
@pytest.mark.parametrize("provider", get_args(Provider))
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("fault", get_args(Fault))
def test_every_fault_at_every_point(fault: Fault, point: str, provider: Provider) -> None:
    for size in (3, 16, len(ANSWER)):
        check(fault, POINTS[point], provider, size)
