"""Where an input's value was given, and in which words it is spoken of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import SecretStr

from qe_action.api_address import TAKES
from qe_action.errors import UsageError
from qe_action.inputs import INPUTS, Input

_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]*")
_TAKES = {
    "name": "1 to 100 characters",
    "max_annotations": "a whole number from 0 to 1000",
    "min_patch_coverage": "a percentage from 0 to 100",
    "min_project_coverage": "a percentage from 0 to 100",
    "min_branch_coverage": "a percentage from 0 to 100",
    "max_drop": "percentage points from 0 to 100",
    "comment_group": "at most 100 characters",
    "expect_parts": "a whole number from 1 to 100",
    "model": "at most 200 characters",
    "model_base_url": TAKES,
    "model_key": "printable ASCII characters without spaces",
    "model_headers": "NAME: VALUE, one a line",
    "model_requests": "a whole number from 1 to 10000",
    "model_tokens": "a whole number from 1 to 1000000000",
    "model_cost": "an amount from 0",
    "price_input": "an amount from 0",
    "price_output": "an amount from 0",
    "llm_cache": "a folder of the workspace by its relative path",
    "test_command": "a command whose quotes are closed",
    "test_timeout": "seconds, from 1 to 3600",
    "rerun_failures": "a whole number from 0 to 10",
    "max_tests": "a whole number from 1 to 100",
    "time_budget": "seconds, from 1 to 3600",
    "suite_timeout": "seconds, from 1 to 3600",
    "python_version": "a version of Python such as 3.12",
    "tests_workflow": "the name of a workflow's file, such as tests.yml",
    "pull_request": "the number of a pull request",
    "journal_artifact": "1 to 100 characters",
}


def takes(name: str) -> str:
    """What fits an input, by its name with underscores."""
    choices = {item.name.replace("-", "_"): item.choices for item in INPUTS}[name]
    return " or ".join(choices) if choices else _TAKES.get(name, "something else")


class GivenInput(NamedTuple):
    """The value of an input, and where it was given: an option's name, an input's, or nowhere."""

    value: str
    name: str = ""
    option: bool = False

    @property
    def subject(self) -> str:
        """Its name, for the beginning of a sentence."""
        return f"--{self.name}" if self.option else f"The input {self.name}"


def given_input(
    item: Input, environment: Mapping[str, str], options: Mapping[str, str]
) -> GivenInput:
    """An option goes before an input, a name before the one that it had."""
    names = [name for name in (item.name, item.old) if name]
    for name in names:
        if value := options.get(name):
            return GivenInput(value, name, option=True)
    for name in names:
        if value := environment.get(f"INPUT_{name.upper()}", "").strip():
            return GivenInput(value, name)
    return GivenInput(item.default, item.name)


def headers(text: str) -> dict[str, SecretStr]:
    """`NAME: VALUE`, one a line, with values that are secret. Raises `UsageError`."""
    found = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        known = colon and _HEADER.fullmatch(name.strip()) and _VALUE.fullmatch(value.strip())
        if line.strip() and not known:
            raise UsageError(
                "The headers of the model's API are NAME: VALUE, one a line, in ASCII.",
                anchor="inputs",
            )
        if line.strip():
            found[name.strip()] = SecretStr(value.strip())
    return found


def renamed(item: Input, given: GivenInput) -> str:
    """A note where the old name was used, else nothing."""
    if not item.old or given.name != item.old:
        return ""
    new = f"--{item.name}" if given.option else item.name
    return f"{given.subject} is called {new} now; the old name goes on working."
