"""Every input and every environment variable, read once and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from qe_action.errors import UsageError
from qe_action.given_inputs import GivenInput, given_input, renamed, takes
from qe_action.input_file import content
from qe_action.input_types import (
    Address,
    Command,
    Few,
    Folder,
    Headers,
    Lines,
    Money,
    Name,
    Number,
    Optional,
    PathGates,
    Percent,
    PythonVersion,
    Seconds,
    Text,
    WorkflowFile,
    empty_is_none,
)
from qe_action.inputs import INPUTS, Input
from qe_action.model_options import Key, ModelOptions, Provider
from qe_action.text import clip, redacted, visible
from qe_action.verbosity import Verbosity

PAYLOAD_LIMIT = 32 * 1024 * 1024
"""Bytes of the largest event payload that is read; GitHub's own cap is 25 MB."""

PACING: Mapping[str, float] = {
    "WRITE_GAP": 1.0,  # between two writes: GitHub asks for at least one second
    "BACKOFF": 1.0,  # before the first repeat of a request, doubled with each
    "MAX_WAIT": 60.0,  # the longest a request's repeats are waited for, all together
    "TIMEOUT": 15.0,  # for connecting, and for each wait for bytes
    "EDIT_INTERVAL": 1.0,  # before the first edit, doubled with each
}
"""Seconds, each a variable `QE_ACTION_<NAME>`: for servers of one's own, and for our tests."""
_PACED = "QE_ACTION_"
_UNTOLD = "model_base_url"
"""An input that may hold a password where it is wrong, though it is no secret."""

Environment = Mapping[str, str]
_KEPT = ("GITHUB_", "RUNNER_", _PACED)
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Inputs(BaseModel):
    """The inputs, by their names in `action.yml` with underscores. See `inputs.INPUTS`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr
    coverage_file: Lines
    name: Name
    annotations: Literal["changed", "all", "none"]
    max_annotations: int = Field(ge=0, le=1000)
    comment: Literal["always", "on-gap", "never"]
    review_comments: bool
    comment_group: Annotated[Name | None, BeforeValidator(empty_is_none)]
    expect_parts: Annotated[Few | None, BeforeValidator(empty_is_none)]
    min_patch_coverage: Percent
    min_project_coverage: Percent
    min_branch_coverage: Percent
    max_drop: Percent
    path_gate: PathGates
    fail_on_gate: bool
    fail_on_error: bool
    working_directory: Text
    source_root: Lines
    include: Lines
    exclude: Lines
    unmeasured: Literal["count", "unknown", "ignore"]
    pull_request: Annotated[Number | None, BeforeValidator(empty_is_none)]
    base: Optional
    all_files: bool
    test_command: Command
    test_results: Lines
    test_timeout: Annotated[Seconds | None, BeforeValidator(empty_is_none)]
    test_network: Literal["off", "on"]
    rerun_failures: Annotated[int, Field(ge=0, le=10)]
    flaky: Literal["pass", "fail"]
    checks: Literal["two", "one"]
    tests_outcome: Text
    generate_tests: bool
    generator: Literal["auto", "offline", "llm"]
    model: Annotated[Text, Field(max_length=200)]
    model_provider: Provider
    model_base_url: Address
    model_key: Key
    model_headers: Headers
    model_requests: Annotated[int, Field(ge=1, le=10_000)]
    model_tokens: Annotated[int, Field(ge=1, le=1_000_000_000)]
    model_cost: Money
    price_input: Money
    price_output: Money
    llm_cache: Annotated[Folder | None, BeforeValidator(empty_is_none)]
    max_tests: Few
    time_budget: Seconds
    suite_timeout: Seconds
    setup_command: Optional
    python_version: Annotated[PythonVersion | None, BeforeValidator(empty_is_none)]
    cache_dir: Optional
    sandbox: Literal["on", "off"]
    journal: Optional
    preview_file: Optional
    badge_file: Optional
    badge_json_file: Optional
    pull_request_tests: Literal["off", "suggest", "open"]
    pr_token: SecretStr
    tests_patch_file: Optional
    tests_workflow: Annotated[WorkflowFile | None, BeforeValidator(empty_is_none)]
    mode: Literal["analyze", "publish"]
    journal_artifact: Name

    def model_options(self, root: Path) -> ModelOptions:
        """What they say of a model; `root` is the checkout."""
        return ModelOptions(
            name=self.model,
            provider=self.model_provider,
            base_url=self.model_base_url,
            key=self.model_key,
            headers=self.model_headers,
            requests=self.model_requests,
            tokens=self.model_tokens,
            cost=self.model_cost,
            price_input=self.price_input,
            price_output=self.price_output,
            cache=root / self.llm_cache if self.llm_cache else None,
        )


class Settings(BaseModel):
    """What a run of the action works with.

    `environment` holds the variables that GitHub's runner sets (`GITHUB_…`, `RUNNER_…`), those
    of `PACING` and those that name certificates; the token is in `inputs` alone. `notes` are
    sentences on how the inputs were given. With `starts_command` test-command is a child of this
    process and not in the project's own environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: Inputs
    environment: Mapping[str, str] = Field(repr=False)
    notes: tuple[str, ...] = ()
    voice: Verbosity = Verbosity()
    starts_command: bool = False

    @property
    def workspace(self) -> Path:
        """The checkout: what the runner mounted, else the current directory."""
        return Path(self.environment.get("GITHUB_WORKSPACE") or Path.cwd())

    @property
    def in_workflow(self) -> bool:
        return in_workflow(self.environment)

    def pacing(self, name: str) -> float:
        """A number of seconds of `PACING`, as the environment has it."""
        variable = f"{_PACED}{name}"
        value = self.environment.get(variable)
        if not value:
            return PACING[name]
        if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
            return float(value)
        raise UsageError(f"{variable} is no number of seconds: {value!r:.40}.") from None

    @property
    def authorities(self) -> str | None:
        """File or folder of the certificates to trust, by the first variable that names one."""
        return next((v for name in _AUTHORITIES if (v := self.environment.get(name))), None)

    @property
    def step_summary(self) -> Path | None:
        return self._path("GITHUB_STEP_SUMMARY")

    @property
    def step_output(self) -> Path | None:
        return self._path("GITHUB_OUTPUT")

    @property
    def temp(self) -> Path | None:
        return self._path("RUNNER_TEMP")

    @property
    def roots(self) -> tuple[str, ...]:
        """The absolute paths that the checkout has here and on the runner outside."""
        roots = [str(self.workspace)]
        runner = self.environment.get("RUNNER_WORKSPACE")
        repo = self.environment.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
        if runner and repo:
            roots.append(f"{runner.rstrip('/')}/{repo}")
        return tuple(roots)

    def payload(self) -> Mapping[str, Any]:
        """The event's payload, empty where there is none.

        Raises `UsageError` where it is there and can't be read.
        """
        path = self._path("GITHUB_EVENT_PATH")
        if path is None:
            return {}
        try:
            data = json.loads(content(path, PAYLOAD_LIMIT))
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(
                f"The event payload can't be read ({type(error).__name__}).",
                hint="GITHUB_EVENT_PATH should name the file that GitHub's runner writes.",
                anchor="without-a-pull-request",
            ) from None
        if not isinstance(data, dict):
            raise UsageError(
                "The event payload is no JSON object.", anchor="without-a-pull-request"
            )
        return data

    def _path(self, name: str) -> Path | None:
        value = self.environment.get(name)
        return Path(value) if value else None


def in_workflow(environment: Environment) -> bool:
    """Whether this is a step of a workflow: then words go to its log, as its commands."""
    return environment.get("GITHUB_ACTIONS") == "true"


def load(
    environment: Environment,
    options: Mapping[str, str] | None = None,
    *,
    repo: str | None = None,
    voice: Verbosity | None = None,
) -> Settings:
    """The settings from the runner's environment; `options` of the command line go first.

    `repo` is the checkout, where it is not the runner's workspace or the current folder.
    Raises `UsageError` that names the input and what it takes.
    """
    given = {item: given_input(item, environment, options or {}) for item in INPUTS}
    inputs = _checked(given, environment)
    kept = {k: v for k, v in environment.items() if k.startswith(_KEPT) or k in _AUTHORITIES}
    for secret in ("GITHUB_TOKEN", "RUNNER_TOKEN"):  # the others begin otherwise
        kept.pop(secret, None)
    if repo is not None:
        kept["GITHUB_WORKSPACE"] = str(existing_folder(repo))
    notes = tuple(note for item in INPUTS if (note := renamed(item, given[item])))
    return Settings(inputs=inputs, environment=kept, notes=notes, voice=voice or Verbosity())


def _checked(given: Mapping[Input, GivenInput], environment: Environment) -> Inputs:
    """The inputs by their types. Raises `UsageError` for the first that does not fit."""
    by_name = {item.field: found for item, found in given.items()}
    values = {name: found.value for name, found in by_name.items()}
    secret = {item.field: item.secret for item in INPUTS if item.secret}
    for name, variable in secret.items():
        values[name] = values[name] or environment.get(variable, "")
    try:
        return Inputs.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0])
        hidden = [part for each in secret for part in _parts(values[each])]
        told = repr(clip(visible(redacted(values[name], hidden)), 40))
        value = "that" if name in (*secret, _UNTOLD) else told
        raise UsageError(
            f"{by_name[name].subject} takes {takes(name)}, not {value}.", anchor="inputs"
        ) from None


def _parts(secret: str) -> tuple[str, ...]:
    """What of a secret is one by itself: of headers each value."""
    lines = [line.strip() for line in secret.splitlines()]
    return (secret, *lines, *(line.partition(":")[2].strip() for line in lines))


def existing_folder(name: str) -> Path:
    """A folder by its full path. Raises `UsageError` where there is none of that name."""
    folder = Path(name).resolve()
    if not folder.is_dir():
        raise UsageError(f"There is no folder {name}.", anchor="command-line")
    return folder
