"""How a generation shares the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qe_action.agents.generation_notes import unasked
from qe_action.agents.generation_options import PYTHONS, GenerationOptions, generation_options
from qe_action.command_options import parser
from qe_action.errors import UsageError
from qe_action.generators import AUTO, CHOICES, GENERATORS
from qe_action.model_options import ModelOptions
from qe_action.task import QETask


@pytest.mark.parametrize(
    ("named", "interpreters", "cores", "slots"),
    [(None, 1, 2, 2), (None, 1, 4, 4), (None, 1, 64, 7), (8, 3, 2, 5), (1, 1, 8, 1), (8, 5, 8, 3)],
)
def test_no_more_workers_than_the_sandbox_has_users(
    named: int | None, interpreters: int, cores: int, slots: int
) -> None:
    options = GenerationOptions(file="a.py", slots=named)
    assert options.side_by_side(interpreters, cores) == slots
    assert slots + 1 + (interpreters - 1) <= 8


def test_a_run_looks_at_a_few_interpreters_only() -> None:
    pythons = tuple(Path(f"/python{n}") for n in range(PYTHONS + 1))
    task = QETask(task_type="test_generation", context={"file": "a.py", "python": pythons})
    with pytest.raises(UsageError, match="more than 5 interpreters"):
        generation_options(task)


@pytest.mark.parametrize("key", ["max_tests", "target_count"])
def test_the_number_of_tests_has_two_keys_in_a_task(key: str) -> None:
    def options(number: int) -> GenerationOptions:
        context = {"file": "a.py", key: number}
        return generation_options(QETask(task_type="test_generation", context=context))

    assert options(7).max_tests == 7
    with pytest.raises(UsageError, match=f"The task's {key} does not fit"):
        options(0)


@pytest.mark.parametrize("context", [{}, {"code": "", "file": "a.py"}, {"file": "a", "seed": "x"}])
def test_options_that_do_not_fit_are_an_error_of_the_user_s_however_they_are_made(
    context: dict[str, Any],
) -> None:
    with pytest.raises(UsageError):
        GenerationOptions(**context)
    with pytest.raises(UsageError):
        generation_options(QETask(task_type="test_generation", context=context))


def test_options_and_command_line_take_the_generators_of_the_table() -> None:
    assert (AUTO, *GENERATORS) == CHOICES
    for name in CHOICES:
        assert GenerationOptions(file="a.py", generator=name).generator == name
        arguments = parser().parse_args(["generate", "coverage.xml", "--generator", name])
        assert arguments.generator == name
    with pytest.raises(UsageError, match="generator does not fit: Input should be 'auto' or 'off"):
        GenerationOptions(file="a.py", generator="given")
    with pytest.raises(SystemExit):
        parser().parse_args(["generate", "coverage.xml", "--generator", "given"])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"name": "m"}, "there is neither a key (model-key, on the command line QE_MODEL_KEY) nor"),
        ({}, "none was named"),
        ({"base_url": "http://localhost:1/v1"}, "none was named"),
    ],
)
def test_why_no_model_is_asked_is_named(model: dict[str, str], said: str) -> None:
    assert said in ModelOptions.model_validate(model).unasked
    assert ModelOptions(name="m", base_url="http://localhost:1/v1").unasked == ""


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"model": {"name": "m"}}, True),
        ({"model": {"name": "m"}, "generator": "offline"}, False),
        ({"model": {"name": "m"}, "tests": "def test_it(): ..."}, False),
        ({}, False),
        ({"model": {"name": "m", "base_url": "http://localhost:1/v1"}}, False),
    ],
)
def test_a_search_in_place_of_a_named_model_says_so(context: dict[str, Any], told: bool) -> None:
    said = unasked(GenerationOptions(file="shop.py", **context))
    assert [words for words in said if words] == said
    assert bool(said) is told
