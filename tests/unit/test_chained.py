"""A search first and a model for what it leaves: who gets which goals, time and verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest
from scripted_model import ScriptedModel, item
from test_llm_flow import (
    ARCS,
    GOOD,
    IMPORTS,
    LINES,
    RAISES,
    generator_of,
    job,
    kept,
    released,
    troubles,
)
from test_verdicts import every_other

from qe_action.generators import AUTO, generator_for
from qe_action.generators.chained import Chained
from qe_action.generators.llm.conversation import ModelFault
from qe_action.generators.port import (
    Candidate,
    Job,
    Ports,
    Proposal,
    Trouble,
    Verdict,
    Verdicts,
)
from qe_action.model_options import ModelOptions

SEARCHED = Candidate("s", "test_searched", GOOD, IMPORTS, "shapes.py", "area", generator="offline")


class Search:
    """Offers some candidates, hears of the first `hears`, and then searches on for ever or not."""

    name = "offline"

    def __init__(self, *found: Candidate | Trouble, hears: int = 0, endless: bool = False) -> None:
        self._found, self._hears, self._endless = found, hears, endless
        self.heard: list[Verdict | None] = []
        self.jobs: list[Job] = []
        self.ended = False

    async def candidates(self, made: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        self.jobs.append(made)
        try:
            for each in self._found:
                yield each
            for _ in range(self._hears):
                self.heard.append(await verdicts.next())
            while self._endless:
                await asyncio.sleep(0.01)
        finally:
            self.ended = True


class Asking:
    """Stands for a generator that asks a model: keeps its jobs."""

    name = "llm"
    use = None

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.usable = True
        self.closed = False

    async def candidates(self, made: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        self.jobs.append(made)
        assert await verdicts.next() is None, "the search's verdicts were all heard"
        yield Candidate("m", "test_model", RAISES, IMPORTS, "shapes.py", "area", generator="llm")
        assert await verdicts.next() is not None

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("hears", [0, 1])
def test_the_model_gets_what_the_tests_of_the_search_do_not_reach(hears: int) -> None:
    search, asking = Search(SEARCHED, hears=hears), Asking()
    items = released(Chained(search, asking))
    assert kept(items) == ["test_searched", "test_model"]
    (left,) = asking.jobs
    assert left.goals.lines == LINES - {6, 8}
    assert left.goals.arcs == ARCS - {(6, 8)}
    assert left.survivors == ()
    assert search.ended


def test_the_model_gets_the_mutants_that_tests_which_hold_let_pass() -> None:
    asking = Asking()
    items = released(Chained(Search(SEARCHED), asking), verdict=every_other())
    assert "test_searched" in kept(items)
    (left,) = asking.jobs
    assert left.survivors
    assert set(left.survivors) < set(left.mutants)


def test_nothing_is_asked_where_nothing_is_left() -> None:
    other = replace(SEARCHED, id="o", name="test_below", code=RAISES)
    asking = Asking()
    items = released(Chained(Search(SEARCHED, other), asking))
    assert kept(items) == ["test_searched", "test_below"]
    assert asking.jobs == []


def test_the_search_has_half_of_the_time() -> None:
    search, asking = Search(SEARCHED, endless=True), Asking()
    left = iter([0.4, 0.4, *[0.4, 0.3, 0.25, 0.2, 0.1] * 100])
    items = released(Chained(search, asking), job(lambda: next(left)))
    assert kept(items) == ["test_searched", "test_model"]
    assert search.ended


def test_the_search_ends_with_as_many_tests_as_are_proposed() -> None:
    class Patient(Search):
        async def candidates(self, made: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
            yield SEARCHED
            self.heard.append(await verdicts.next())
            yield Trouble("shapes.py", "one more round")
            raise AssertionError("there are enough tests")

    items = released(Chained(Patient(), Asking()), replace(job(), limit=1))
    assert kept(items) == ["test_searched", "test_model"]


def test_a_model_that_fails_leaves_the_tests_of_the_search() -> None:
    model = ScriptedModel(ModelFault("key", "The key is refused."))
    asking = generator_of(model)
    chained = Chained(Search(SEARCHED), asking)
    items = released(chained)
    assert kept(items) == ["test_searched"]
    assert troubles(items) == ["The key is refused."]
    search = Search(SEARCHED)
    again = released(Chained(search, asking))
    assert (kept(again), troubles(again)) == (["test_searched"], [])
    assert search.jobs[0].left() == 100.0, "the search has all of the time then"
    assert len(model.asked) == 1


def test_a_model_repairs_beside_a_search() -> None:
    wrong = item(RAISES.replace("-1, 1", "2, 3") + "    assert area(2, 3) == 5\n", imports=IMPORTS)
    model = ScriptedModel(wrong, item(RAISES, imports=IMPORTS))
    items = released(Chained(Search(SEARCHED, hears=1), generator_of(model)))
    assert kept(items) == ["test_searched", "test_below"]
    assert len(model.asked) == 2


class Options:
    """The options of a generation, as far as generators see them."""

    def __init__(self, model: ModelOptions, given: Sequence[str] = ()) -> None:
        self.given, self.model = tuple(given), model


NONE, NAMED = ModelOptions(), ModelOptions(name="tiny", base_url="http://localhost:1/v1")


def test_a_model_is_asked_by_auto_where_there_is_one() -> None:
    def name(choice: str, model: object | None, options: ModelOptions) -> str:
        ports = Ports(lambda: 0.0, model, Options(options))
        return type(generator_for(choice, ports)).__name__

    assert name(AUTO, None, NONE) == "OfflineGenerator"
    assert name(AUTO, None, ModelOptions(name="tiny")) == "OfflineGenerator"
    assert name(AUTO, None, NAMED) == "Chained"
    assert name(AUTO, object(), NONE) == "Chained"
    assert name("offline", object(), NAMED) == "OfflineGenerator"
    assert name("llm", None, NAMED) == "LlmGenerator"
    assert name("llm", object(), NONE) == "LlmGenerator"
    assert name("llm", None, NONE) == "Unreachable"


def test_what_was_opened_is_closed() -> None:
    asking = Asking()
    asyncio.run(Chained(Search(), asking).aclose())
    assert asking.closed
    model = ScriptedModel("")
    asyncio.run(generator_of(model).aclose())
    assert not model.closed, "it was never opened"
