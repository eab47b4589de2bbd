"""What is said of a model's cost, and of who wrote the tests."""

from __future__ import annotations

import pytest

from qe_action.events import GenerationComplete, ModelUse, without_tests
from qe_action.render.generated import summed_up
from qe_action.render.model_use import model_cost, model_name, writers
from qe_action.untrusted.generated import StrangersTests


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (ModelUse(model="m", requests=1, cost=0.0), "1 request, 0 tokens in and 0 out, cost 0.00"),
        (
            ModelUse(model="m", requests=5, replayed=2, input_tokens=12_345, output_tokens=9),
            "5 requests, 2 answers replayed, 12,345 tokens in and 9 out, cost unknown",
        ),
        (
            ModelUse(model="m", requests=2, output_tokens=None),
            "2 requests, tokens unknown, cost unknown",
        ),
        (ModelUse(model="m", cost=0.01234), "0 requests, 0 tokens in and 0 out, cost 0.0123"),
        (ModelUse(model="m", cost=0.00001), "0 requests, 0 tokens in and 0 out, cost under 0.0001"),
        (ModelUse(model="m", cost=1234.5), "0 requests, 0 tokens in and 0 out, cost 1,234.50"),
    ],
)
def test_requests_tokens_and_cost_are_told_as_far_as_they_are_known(
    use: ModelUse, words: str
) -> None:
    assert model_cost(use) == words


def test_a_model_s_name_stays_on_its_line() -> None:
    assert model_name(ModelUse(model="a\n::error::x" + "y" * 500)).isprintable()
    assert model_name(ModelUse(model="")) == "a model"


def test_who_wrote_the_tests_is_told_of_generators_that_are_known() -> None:
    assert writers({"llm": 1, "offline": 2}) == "1 by the model, 2 by the search"
    assert writers({"@octocat": 1, "llm": 0}) == ""


def test_the_terminal_says_what_a_model_has_cost_only_where_one_was_asked() -> None:
    result = GenerationComplete(
        total=0, coverage_estimate=None, framework="pytest", test_type="unit"
    )
    assert summed_up(result) == "0 tests proposed, 0 refused."
    asked = result.model_copy(update={"model": ModelUse(model="tiny-1", requests=2)})
    assert summed_up(asked) == (
        "0 tests proposed, 0 refused; tiny-1: 2 requests, 0 tokens in and 0 out, cost unknown."
    )


@pytest.mark.parametrize("cost", [float("inf"), float("nan"), -1.0, 1e300])
def test_a_stranger_s_figures_are_none_that_can_t_be(cost: float) -> None:
    used = ModelUse(
        model="m" * 900,
        requests=10**30,
        replayed=1,
        input_tokens=10**30,
        output_tokens=5,
        cost=cost,
    )
    told = without_tests("finished").model_copy(update={"model": used})
    found = StrangersTests().take(told)
    assert isinstance(found, GenerationComplete)
    assert found.model is not None
    assert len(found.model.model) <= 100
    assert (found.model.cost, found.model.input_tokens, found.model.output_tokens) == (
        None,
        None,
        5,
    )
    assert found.model.requests == 10**12
