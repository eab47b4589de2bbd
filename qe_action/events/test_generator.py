"""The events of the test generator, and what they are about."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qe_action.events.base import Conclusion, Wire

Generator = Literal["test-generator"]

Activity = Literal["", "searching", "writing", "verifying", "repairing"]
"""What is done at the moment; empty where that is none of these."""

Refused = Literal[
    "syntax",
    "imports",
    "no assertion",
    "outside",
    "patches",
    "too large",
    "skips",
    "duplicate",
    "not collected",
    "fails",
    "times out",
    "crashes",
    "adds nothing",
    "kills nothing",
    "flaky",
    "other python",
    "writes",
    "superseded",
    "limit",
    "suite",
]
"""Why a test is not proposed: what it is, what it did alone, what it did with others."""


class Evidence(Wire):
    """What was measured of a test, none of it said by whoever wrote it.

    `lines` and `branches` (`12->15`) are those of the target that it reaches and that were
    missed. `mutants` were tried on those lines and `killed` of them noticed; 0 mutants where
    none can be made. `runs` counts the fresh processes that it passed in, on `pythons`.
    `suite` says in words with what it was run together.
    """

    lines: tuple[int, ...] = ()
    branches: tuple[str, ...] = ()
    mutants: int = Field(default=0, ge=0)
    killed: int = Field(default=0, ge=0)
    runs: int = Field(default=0, ge=0)
    pythons: tuple[str, ...] = ()
    suite: str = ""


class TestCase(Wire):
    """A proposed test and what is known of it.

    `imports` are the lines it needs at the top of its file, `path` is that file. `target` is
    what it tests, `file.py` or `file.py::qual.name`; `generator` is the name of what wrote it.
    """

    __test__ = False

    id: str
    test_name: str
    test_code: str
    framework: str
    test_type: str
    assertions: tuple[str, ...] = ()
    edge_cases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    coverage_estimate: float | None = None
    imports: tuple[str, ...] = ()
    path: str = ""
    target: str = ""
    generator: str = ""
    evidence: Evidence | None = None


class SuspectedBug(Wire):
    """An example of the documentation that the code contradicts; no test pins what it does.

    `line` is the example's in the measured tree, null where it is not found there. `expected` is
    what the example says, `got` what it gives.
    """

    file_path: str
    function: str | None = None
    line: int | None = Field(default=None, ge=1)
    example: str
    expected: str
    got: str


class GeneratorProgress(Wire):
    """How far the generation has come."""

    type: Literal["progress"] = "progress"
    agent: Generator = "test-generator"
    percent: float = Field(ge=0, le=100)
    message: str
    count: int = Field(ge=0)
    total: int = Field(ge=0)
    activity: Activity = ""


class TestProposed(Wire):
    """A test that passed the gates it has met so far."""

    __test__ = False

    type: Literal["test"] = "test"
    agent: Generator = "test-generator"
    test_case: TestCase
    target: str
    verdict: str


class TestRejected(Wire):
    """A test that was refused, or withdrawn after it was shown (then with the same id)."""

    __test__ = False

    type: Literal["rejected"] = "rejected"
    agent: Generator = "test-generator"
    test_case: TestCase
    reason: Refused
    detail: str = ""


class BugSuspected(Wire):
    """Code that contradicts its own documentation; found on the way to a test."""

    type: Literal["suspicion"] = "suspicion"
    agent: Generator = "test-generator"
    bug: SuspectedBug


class ModelUse(Wire):
    """What the answers of a model have cost.

    `requests` were sent, and `replayed` answers were taken from a recording in place of one. The
    tokens are what the server counted, null where it did not count all of them. `cost` is in the
    currency of the prices that were given, null where it is not known.
    """

    model: str
    requests: int = Field(default=0, ge=0)
    replayed: int = Field(default=0, ge=0)
    input_tokens: int | None = Field(default=0, ge=0)
    output_tokens: int | None = Field(default=0, ge=0)
    cost: float | None = None


class GenerationComplete(Wire):
    """The generation's result, also of one cut short: then `conclusion` says so.

    `suspicions` repeats those of the `suspicion` events, also where nothing is proposed.
    `coverage_before` and `coverage_estimate` are the lines and branches of the files that the tests
    are for, in percent without and with them, measured in a clean copy; null where they were not.
    `failing` are tests of the project that did not pass, so that no test was made. `by_generator`
    counts the tests by what wrote them, `model` says what a model has cost, null where none was
    to be asked.
    """

    type: Literal["complete"] = "complete"
    agent: Generator = "test-generator"
    tests: tuple[TestCase, ...] = ()
    total: int = Field(ge=0)
    conclusion: Conclusion = "finished"
    coverage_before: float | None = None
    coverage_estimate: float | None
    notes: tuple[str, ...] = ()
    suspicions: tuple[SuspectedBug, ...] = ()
    rejected: dict[str, int] = Field(default_factory=dict)
    failing: tuple[str, ...] = ()
    by_generator: dict[str, int] = Field(default_factory=dict)
    model: ModelUse | None = None
    framework: str
    test_type: str


def without_tests(conclusion: Conclusion, notes: tuple[str, ...] = ()) -> GenerationComplete:
    """The result of a generation that came to none."""
    return GenerationComplete(
        conclusion=conclusion,
        total=0,
        coverage_estimate=None,
        notes=notes,
        framework="pytest",
        test_type="unit",
    )


class GeneratorError(Wire):
    """Something went wrong in the generation; `recoverable` says that it goes on.

    `output` are the last lines of a program that failed.
    """

    type: Literal["error"] = "error"
    agent: Generator = "test-generator"
    message: str
    hint: str = ""
    output: tuple[str, ...] = ()
    recoverable: bool = False
    count: int = Field(default=0, ge=0)


GeneratorEvent = Annotated[
    GeneratorProgress
    | TestProposed
    | TestRejected
    | BugSuspected
    | GenerationComplete
    | GeneratorError,
    Field(discriminator="type"),
]
