"""What is said of a model and of the pull request with the tests: what fits, and what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qe_action.agents.generation_options import GenerationOptions
from qe_action.api_address import TAKES, api_address, host_of, is_encrypted, where
from qe_action.errors import UsageError
from qe_action.model_options import ModelOptions
from qe_action.option_groups import address
from qe_action.settings import load
from qe_action.text import redacted

KEY = "sk-Zq81Lw0vTn4e"


def loaded(**inputs: str) -> str:
    """What loading these inputs is refused with."""
    given_inputs = {f"INPUT_{name.upper().replace('_', '-')}": v for name, v in inputs.items()}
    with pytest.raises(UsageError) as caught:
        load(given_inputs)
    assert caught.value.__cause__ is None
    return caught.value.line()


@pytest.mark.parametrize(
    ("text", "place", "encrypted"),
    [
        ("https://api.openai.com/v1", "public", True),
        ("https://demo.openai.azure.com/openai/v1/", "public", True),
        ("http://127.0.0.1:11434/v1", "here", False),
        ("http://localhost:8000/v1", "here", False),
        ("http://[::1]:8080/v1", "here", False),
        ("http://10.0.0.7/v1", "private", False),
        ("https://192.168.1.2:8443", "private", True),
        ("http://169.254.169.254/", "private", False),
        ("http://models.example/v1", "public", False),
        ("https://demo.openai.azure.com/openai?api-version=1", "public", True),
        ("http://127.0.0.2/v1", "private", False),
        ("http://a.localhost/v1", "private", False),
    ],
)
def test_an_address_and_whose_machine_it_leads_to(text: str, place: str, encrypted: bool) -> None:
    assert api_address(f" {text} ") == text
    assert (where(text), is_encrypted(text)) == (place, encrypted)
    assert host_of(text) in text


@pytest.mark.parametrize(
    "text",
    [
        *("api.openai.com/v1", "ftp://x/v1", "file:///etc/passwd", "https://", "https:///v1"),
        *(f"https://me:{KEY}@host/v1", f"https://{KEY}@host/v1", f"https://host/#{KEY}"),
        *(f"https://host:{KEY}/v1", "https://host:0/v1", "https://a b/"),
        *("https://ho\nst/v1", "https://h\u00f6st/v1", "https://[::1/v1", "http://x/" + "y" * 2000),
        *("https://host\\@evil/v1", "javascript:alert(1)"),
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(text: str) -> None:
    said = loaded(model_base_url=text, model="m")
    assert "The input model-base-url takes an http or https address" in said
    assert KEY not in said
    with pytest.raises(Exception, match="http or https") as caught:
        address(text)
    assert KEY not in str(caught.value)


@given(st.text())
def test_an_address_is_taken_as_it_is_or_refused_in_the_same_words(text: str) -> None:
    try:
        assert api_address(text) == text.strip()
    except ValueError as error:
        assert str(error) == TAKES  # noqa: PT017


@pytest.mark.parametrize(
    "inputs",
    [
        {"generator": KEY},
        {"model": "x" * 201 + KEY},
        {"model": KEY * 20},
        {"model_requests": KEY},
        {"model_base_url": KEY},
        {"model_cost": f"1{KEY}"},
        {"llm_cache": f"/{KEY}"},
        {"tests_workflow": KEY},
        {"model_headers": KEY},
        {"model_key": f"{KEY} {KEY}"},
        {"model_key": f"{KEY}\u00e9"},
        {"model_key": f"{KEY}\n{KEY}"},
        {"pull_request": KEY},
    ],
)
def test_no_refusal_shows_the_key_wherever_it_was_put(inputs: dict[str, str]) -> None:
    said = loaded(**{"model_key": KEY, **inputs})
    assert KEY not in said
    assert KEY[:8] not in said


@pytest.mark.parametrize("name", ["token", "pr_token", "model_headers"])
def test_no_refusal_shows_another_secret_either(name: str) -> None:
    value = f"api-key: {KEY}" if name == "model_headers" else KEY
    assert KEY not in loaded(**{name: value, "pull_request": KEY})


def test_what_does_not_fit_is_not_shown_in_python_either() -> None:
    for wrong in ({"base_url": KEY * 200}, {"key": f"{KEY} x"}, {"name": KEY * 20}):
        with pytest.raises(ValidationError) as caught:
            ModelOptions.model_validate(wrong)
        assert KEY not in str(caught.value)
        with pytest.raises(UsageError) as said:
            GenerationOptions.model_validate({"code": "x = 1", "model": wrong})
        assert KEY not in said.value.line()


def test_settings_do_not_show_the_key() -> None:
    settings = load({"INPUT_MODEL-KEY": KEY, "INPUT_MODEL-HEADERS": f"api-key: {KEY}"})
    options = settings.inputs.model_options(settings.workspace)
    assert options.key.get_secret_value() == KEY
    for shown in (repr(settings), repr(options), options.model_dump_json(), str(options)):
        assert KEY not in shown


def test_a_key_is_taken_from_its_variable_and_an_empty_one_is_none() -> None:
    assert load({"QE_MODEL_KEY": KEY}).inputs.model_key.get_secret_value() == KEY
    empty = load({"INPUT_MODEL-KEY": " \n", "INPUT_MODEL": "m"})
    assert not empty.inputs.model_options(empty.workspace).reachable


def test_asking_for_a_model_that_is_not_named_costs_no_analysis() -> None:
    """The generation says in one line that nothing was sent; the report is still read."""
    settings = load({"INPUT_GENERATOR": "llm"})
    assert not settings.inputs.model_options(settings.workspace).reachable


@pytest.mark.parametrize("folder", ["cache", ".qe/llm", "a b", "./x"])
def test_answers_are_kept_in_the_workspace(folder: str) -> None:
    settings = load({"INPUT_LLM-CACHE": folder})
    options = settings.inputs.model_options(settings.workspace)
    assert options.cache is not None
    assert options.cache.is_relative_to(settings.workspace)


@pytest.mark.parametrize("folder", ["/tmp/x", "..", "a/../../x", ".git", "x/.git/y", "C:\\x", "."])
def test_answers_are_kept_nowhere_else(folder: str) -> None:
    assert "llm-cache takes a folder of the workspace" in loaded(llm_cache=folder)


@pytest.mark.parametrize("name", ["tests.yml", "ci-2.yaml", "Tests_1.yml", "x.yml\n"])
def test_a_workflow_is_named_by_its_file(name: str) -> None:
    assert load({"INPUT_TESTS-WORKFLOW": name}).inputs.tests_workflow == name.strip()


@pytest.mark.parametrize(
    "name", ["../x.yml", "a/b.yml", "tests", "x.yml?a=b", ".yml", "x.yml\ny", "42", "-x.yml"]
)
def test_a_workflow_is_named_by_nothing_else(name: str) -> None:
    assert "tests-workflow takes the name of a workflow's file" in loaded(tests_workflow=name)


def test_secrets_are_taken_out_of_text_the_longest_first() -> None:
    assert redacted("a sk-12 b sk-1", ["sk-1", "sk-12", ""]) == "a *** b ***"
    assert redacted("nothing", []) == "nothing"
